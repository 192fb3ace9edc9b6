"""Report how a stack's clouds differ from its program, and which credentials end soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ops.preview.markdown import Context, summary
from ops.preview.wording import code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.preview.reader import Preview

WARN_BEFORE = timedelta(days=14)
# The outputs that hold a credential's end, in ISO 8601.
_ENDS = ("expires_at", "expiresOn")


def report(stack: str, preview: Preview) -> str:
    """Return the differences in Markdown, with the commands that resolve them; the errors if the preview failed."""
    text = summary(preview, Context())
    if not preview.complete:
        return f"{text}\nThe clouds of {code(stack)} could not be compared.\n"
    if not preview.changes:
        return text
    return (
        f"{text}\nThe clouds of {code(stack)} differ from this commit.\n\n"
        f"- To restore what is written here: `pulumi up --refresh -s {stack}`\n"
        f"- To keep the change: write it into `Pulumi.{stack}.yaml` or the program, then `pulumi refresh -s {stack}`\n"
    )


def ending(state: dict[str, Any], now: datetime) -> Iterator[str]:
    """Yield a sentence for each credential in a stack's state that ends within `WARN_BEFORE`.

    Args:
        state: The document that `pulumi stack export` prints.
        now: The present time, with its zone.
    """
    for resource in (state.get("deployment") or {}).get("resources") or []:
        outputs = resource.get("outputs") or {}
        for key in _ENDS:
            text = outputs.get(key)
            if not isinstance(text, str) or not text:
                continue
            end = datetime.fromisoformat(text)
            left = (end if end.tzinfo else end.replace(tzinfo=UTC)) - now
            if left < WARN_BEFORE:
                name = str(resource["urn"]).rsplit("::", maxsplit=1)[-1]
                when = f"ended on {end:%Y-%m-%d}" if left < timedelta() else f"ends on {end:%Y-%m-%d}"
                yield f"{name} {when}: rotate it (docs/operating.md)"
