"""Put a preview's changes into words, as Markdown in which no text from outside takes effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.kinds import KINDS
from ops.preview.reader import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.preview.properties import Property
    from ops.preview.reader import Change, Preview

_VALUE_LIMIT = 400
_INLINE_LIMIT = 60
_LOCKED = (
    "Another update holds the stack's lock. If that update was killed, run `bin/recover {stack}`; add "
    "`--nothing-runs` once you are sure that no update runs."
)
_REFUSED = (
    "A service refuses its credential. `bin/doctor --for {stack}` names it, its permissions, and where to make it."
)
_NEXT_STEPS = {
    "currently locked by": _LOCKED,
    "Another update is currently in progress": _LOCKED,  # Pulumi Cloud's words
    "incorrect passphrase": "`PULUMI_CONFIG_PASSPHRASE` is not the stack's passphrase: correct it in the GitHub "
    "environment of this job, or in your shell.",
    "passphrase must be set": "`PULUMI_CONFIG_PASSPHRASE` is missing in the GitHub environment of this job, or in "
    "your shell.",
    "no stack named": "The stack does not exist in this backend yet. Run `pulumi stack init {stack}`, then "
    "`pulumi up -s {stack}`.",
    "message authentication failed": "Another passphrase or secrets provider encrypted the values in "
    "`Pulumi.{stack}.yaml`: set them again with `pulumi config set --secret`.",
    # A provider whose credential is refused at its start prints only its service's error.
    **dict.fromkeys(("do not pass authentication", "401 Bad credentials", "Authentication error"), _REFUSED),
    "marked for protection": "The change would destroy a protected resource. If you intend that, set `unprotect: true` "
    "in `Pulumi.{stack}.yaml` and run `pulumi up` once before this change.",
}


def next_steps(stack: str, error: str) -> list[str]:
    """Return the next steps after an error, as Markdown; none after an unknown error."""
    return [step.format(stack=stack) for sign, step in _NEXT_STEPS.items() if sign in error]


def headline(preview: Preview) -> str:
    """Return the number of changes by operation, in one line."""
    operations = [change.operation for change in preview.changes]
    counts = ", ".join(f"{operations.count(each)} to {each}" for each in dict.fromkeys(operations))
    return (counts or "no changes") if preview.complete else "preview failed"


def plain_words(change: Change) -> str:
    """Return a change as a line of Markdown."""
    verb = change.operation if change.operation in OPERATIONS[2:] else f"**{change.operation}**"
    kind = KINDS[change.type].title if change.type in KINDS else code(change.type)
    line = f"{verb} {kind} {code(change.name)}{_consequence(change)}"
    if change.operation not in {"replace", "update"}:
        return line
    touched = [prop for prop in change.properties if prop.replaces] or list(change.properties)
    shown = [_inline(prop) for prop in touched[:4]]
    if len(touched) > len(shown):
        shown.append(f"and {len(touched) - len(shown)} more")
    return f"{line}: " + (", ".join(shown) or "only in secrets or in the provider's code")


def code(text: str) -> str:
    """Return text as inline code."""
    text = re.sub(r"\s+", " ", text)
    if "`" not in text:
        return f"`{text}`"
    ticks = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{ticks} {text} {ticks}"


def block(text: str, language: str = "text") -> str:
    """Return text as a fenced block."""
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def size(text: str) -> int:
    """Return the length of a text in bytes."""
    return len(text.encode())


def clip(text: str, limit: int) -> str:
    """Return the first `limit` bytes of a text, with an ellipsis if the text is longer."""
    return text if size(text) <= limit else text.encode()[:limit].decode(errors="ignore") + " …"


def diff_lines(change: Change) -> Iterator[str]:
    """Yield a change as lines that GitHub colours as a diff."""
    sign = {"create": "+", "import": "+", "delete": "-"}.get(change.operation, "!")
    yield f"{sign} {change.operation} {change.type} {change.name}"
    for prop in change.properties:
        path = prop.path + (" (forces the replacement)" if prop.replaces else "")
        if sign == "!" and prop.old is not None:
            yield f"-   {path}: {_one_line(prop.old)}"
        if prop.new is not None:
            yield f"+   {path}: {_one_line(prop.new)}"
        if prop.old is None and prop.new is None:
            yield f"!   {path}"


def _consequence(change: Change) -> str:
    """Return a change's effect on the real resource, if the operation alone does not tell it."""
    if change.operation == "import":
        return " (exists already)"
    if change.operation not in {"replace", "delete"}:
        return ""
    if change.protected:
        stays = "" if change.retained else ", which deletes it"
        return f" (protected: `up` stops, unless it runs with `--ignore-protect`{stays})"
    if change.operation == "replace":
        return " (the old resource stays in its cloud)" if change.retained else " (deleted and created again)"
    return " (stays in its cloud, unmanaged)" if change.retained else ""


def _inline(prop: Property) -> str:
    values = [value for value in (prop.old, prop.new) if value is not None]
    if len(values) == 2 and values[0] != values[1] and max(map(len, values)) <= _INLINE_LIMIT:
        return f"{code(prop.path)} {code(values[0])} → {code(values[1])}"
    return code(prop.path)


def _one_line(value: str) -> str:
    return clip(value.replace("\n", "\\n").replace("\r", "\\r"), _VALUE_LIMIT)
