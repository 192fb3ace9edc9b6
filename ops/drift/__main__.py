"""`bin/drift`: fails where the clouds are not as a stack says, and warns of credentials that end soon."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import stacks
from ops.preview import __main__ as run_preview
from ops.preview import markdown
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.preview.reader import Preview

WARN_BEFORE = timedelta(days=14)
# Where the types that know it keep the time at which they end, in ISO 8601.
_ENDS = ("expires_at", "expiresOn")


def report(stack: str, preview: Preview) -> str:
    """Return what drifted, in Markdown, and the command that mends it; what failed, where the look at it failed."""
    text = markdown.summary(preview, markdown.Context())
    if not preview.complete:
        return f"{text}\nThe clouds of {markdown.code(stack)} could not be compared.\n"
    if not preview.changes:
        return text
    return (
        f"{text}\nThe clouds of {markdown.code(stack)} are not as this commit says.\n\n"
        f"- Put them back as they are written here: `pulumi up --refresh -s {stack}`\n"
        f"- Keep what was changed: write it into `Pulumi.{stack}.yaml` or the program, then "
        f"`pulumi refresh -s {stack}`\n"
    )


def ending(state: dict[str, Any], now: datetime) -> Iterator[str]:
    """Yield a sentence for each credential in a stack's state that ends within `WARN_BEFORE`.

    Args:
        state: What `pulumi stack export` prints.
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
                yield f"{name} {when}: rotate it (docs/rotation.md)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, tell, and return the exit code: 1 where something drifted or could not be looked at."""
    parser = argparse.ArgumentParser(prog="bin/drift", description="Compare a stack with its clouds.")
    parser.add_argument("stack")
    stack = parser.parse_args(arguments).stack
    with tempfile.TemporaryDirectory() as folder:
        run_preview.run(stack, Path(folder), refresh=True)
        preview = run_preview.load(stack, Path(folder))
    text = report(stack, preview)
    print(text, end="")
    if "GITHUB_STEP_SUMMARY" in os.environ:
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(text)
    if not preview.complete:
        return 1
    try:
        for sentence in ending(_state(stack), datetime.now(UTC)):
            # An annotation in GitHub's log, and plain to read elsewhere.
            print(f"::warning title=A credential of {stack} ends soon::{sentence}")
    except StackError as error:
        print(f"bin/drift: {error}", file=sys.stderr)
        return 1
    return 1 if preview.changes else 0


def _state(stack: str) -> dict[str, Any]:
    done = stacks.ask("stack", "export", "--stack", stack)
    if done.returncode != 0:
        raise StackError(f"Reading the state of stack {stack}: {stacks.said(done)}")
    state: dict[str, Any] = stacks.document(done)
    return state


if __name__ == "__main__":
    sys.exit(main())
