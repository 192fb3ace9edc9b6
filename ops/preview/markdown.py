"""Renders a preview as Markdown, for a pull request's comment and a job's summary."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ops.preview.reader import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ops.preview.reader import Change, Preview, Property

COMMENT_LIMIT = 60_000
"""Bytes of a comment, with room to spare: GitHub refuses one of more than 65,536 characters."""
SUMMARY_LIMIT = 1_000_000
"""Bytes of a job summary: GitHub drops one of more than 1 MiB."""

_VALUE_LIMIT = 400
_INLINE_LIMIT = 60
_NAMES = {"github": "GitHub", "r2": "R2", "pages": "Pages", "actions": "Actions", "api": "API"}
_LOCKED = (
    "Another update holds the stack's lock. If none runs (one was killed), put the stack in order: "
    "`bin/recover {stack}`, with `--nothing-runs` once you are sure of that."
)
# What a failed preview said, and what to do about it.
_HINTS = {
    "currently locked by": _LOCKED,
    "Another update is currently in progress": _LOCKED,  # Pulumi Cloud's words
    "incorrect passphrase": "`PULUMI_CONFIG_PASSPHRASE` is not the one the stack was made with: correct it in the "
    "GitHub environment this job runs in, or in your shell.",
    "passphrase must be set": "`PULUMI_CONFIG_PASSPHRASE` is missing in the GitHub environment this job runs in, or in "
    "your shell.",
    "no stack named": "The stack does not exist in this backend yet: `pulumi stack init {stack}`, and a first "
    "`pulumi up -s {stack}`.",
    "message authentication failed": "`Pulumi.{stack}.yaml` holds values that another passphrase or secrets provider "
    "encrypted: set them again with `pulumi config set --secret`.",
    "marked for protection": "The change would destroy what is protected. If that is meant: `unprotect: true` in "
    "`Pulumi.{stack}.yaml`, one `pulumi up`, then this change.",
}

_SANDBOX_NOTE = """\
This pull request gets no credentials, so the program ran in the sandbox: first `up` of the base commit, then this \
preview of the head.

- It shows every resource that the pull request adds, changes or removes, and every configuration error.
- It cannot show how that differs from the live state: what was changed by hand in the clouds is not here, and every \
secret is made up.
"""


class Context(NamedTuple):
    """Where a preview ran.

    Attributes:
        commit: The commit, in short; empty when unknown.
        sandbox: Whether it ran in the sandbox, without credentials.
        run_url: Where the job's summary can be read; empty when unknown.
    """

    commit: str = ""
    sandbox: bool = False
    run_url: str = ""


def summary(preview: Preview, context: Context) -> str:
    """Return the whole report, cut only where GitHub would refuse it."""
    return _fitting(preview, context, SUMMARY_LIMIT)


def comment(preview: Preview, context: Context) -> str:
    """Return the report for a comment; of one that is too long, the beginning and where to find the rest."""
    return _fitting(preview, context, COMMENT_LIMIT)


def headline(preview: Preview) -> str:
    """Return the counts in one line."""
    counts = {op: sum(change.operation == op for change in preview.changes) for op in _operations(preview.changes)}
    told = ", ".join(f"{count} to {op}" for op, count in counts.items()) or "no changes"
    return told if preview.complete else "preview failed"


def plain_words(change: Change) -> str:
    """Return what happens to one resource, as one line of Markdown."""
    verb = f"**{change.operation}**" if change.operation not in OPERATIONS[2:] else change.operation
    line = f"{verb} {_kind(change.type)} {code(change.name)}"
    line += _fate(change)
    if change.operation in {"replace", "update"}:
        touched = [prop for prop in change.properties if prop.replaces] or list(change.properties)
        told = [_inline(prop) for prop in touched[:4]]
        if len(touched) > len(told):
            told.append(f"and {len(touched) - len(told)} more")
        line += f": {', '.join(told)}" if told else ": only in secrets or in the provider's code"
    return line


def code(text: str) -> str:
    """Return text as inline code; whatever it holds, no Markdown in it takes effect."""
    text = " ".join(text.split())
    if "`" not in text:
        return f"`{text}`"
    ticks = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{ticks} {text} {ticks}"


def block(text: str, language: str = "text") -> str:
    """Return text as a fenced block that nothing in it can close."""
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _operations(changes: Iterable[Change]) -> list[str]:
    return list(dict.fromkeys(change.operation for change in changes))


@cache
def _kind(type_token: str) -> str:
    """Return a type in words: `GitHub repository environment` for `github:index/…:RepositoryEnvironment`."""
    package, _, rest = type_token.partition(":")
    module, _, kind = rest.rpartition(":")
    provider = module.removeprefix("dynamic/") if package == "pulumi-python" else package
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind).lower().split()
    told = [] if words[0] == provider else [_NAMES.get(provider, provider.capitalize())]
    return " ".join([*told, *(_NAMES.get(word, word) for word in words)])


def _fate(change: Change) -> str:
    if change.operation == "import":
        return " (exists already, is taken over)"
    if change.operation not in {"replace", "delete"}:
        return ""
    if change.protected:
        return " (protected: `up` refuses)"
    if change.operation == "replace":
        return " (made anew; the old one stays in its cloud)" if change.retained else " (deleted and made anew)"
    return " (forgotten here, stays in its cloud)" if change.retained else ""


def _inline(prop: Property) -> str:
    values = [value for value in (prop.old, prop.new) if value is not None]
    if len(values) == 2 and values[0] != values[1] and max(map(len, values)) <= _INLINE_LIMIT:
        return f"{code(prop.path)} {code(values[0])} → {code(values[1])}"
    return code(prop.path)


def _fitting(preview: Preview, context: Context, limit: int) -> str:
    """Return the report with as many lines of its diff, then of its changes, as fit."""
    told = [f"- {plain_words(change)}" for change in preview.changes]
    report, whole = _report(preview, context, told), _diff(preview.changes)
    if _size(text := _assembled(report, whole)) <= limit:
        return text
    lines = whole.splitlines()
    where = f"in the [job summary]({context.run_url})" if context.run_url else "in the job summary"
    note = (
        f"… cut here; the whole diff is {where}." if limit == COMMENT_LIMIT else "… cut here: it is too long to show."
    )
    room = limit - _size(_assembled(report, "")) - 1_000
    if room > 0:
        kept = _within(lines, room)
        cut = len(kept) < len(lines)
        return _assembled(report, "\n".join(kept), note if cut else "")
    # Even a line for each change is too much.
    kept = _within(told, limit // 2)
    rest = f"- … and {len(told) - len(kept)} more, {where}.\n" if len(kept) < len(told) else ""
    short = _clip("\n".join([*preview.errors, *preview.warnings]), limit // 4)
    return _head(preview, context) + (block(short) + "\n" if short else "") + "\n".join(kept) + "\n" + rest


def _within(lines: Sequence[str], limit: int) -> list[str]:
    kept, size = [], 0
    for line in lines:
        size += _size(line) + 1
        if size > limit:
            break
        kept.append(line)
    return kept


def _size(text: str) -> int:
    return len(text.encode())


def _clip(text: str, limit: int) -> str:
    return text if _size(text) <= limit else text.encode()[:limit].decode(errors="ignore") + " …"


def _head(preview: Preview, context: Context) -> str:
    where = " in the sandbox" if context.sandbox else ""
    head = f"### {code(preview.stack)}{where}: {headline(preview)}\n\n"
    if context.commit:
        head += f"Preview of {context.commit}.\n\n"
    if context.sandbox:
        head += f"{_SANDBOX_NOTE}\n"
    return head


def _report(preview: Preview, context: Context, told: Sequence[str]) -> str:
    """Return all of the report but its diff, with what happens to each resource as it was told."""
    parts = [_head(preview, context)]
    for error in preview.errors:
        parts.append(block(error))
        parts += [f"\n{hint.format(stack=preview.stack)}\n" for sign, hint in _HINTS.items() if sign in error]
        parts.append("\n")
    if told and not preview.complete:
        parts.append("Seen before it failed; there may be more:\n\n")
    parts += [f"{line}\n" for line in told]
    parts.append("\n" if told else "")
    if preview.warnings:
        count = "1 warning" if len(preview.warnings) == 1 else f"{len(preview.warnings)} warnings"
        parts.append(f"**{count}**\n\n" + "\n".join(map(block, preview.warnings)) + "\n")
    return "".join(parts)


def _assembled(report: str, diff: str, note: str = "") -> str:
    if diff:
        report += f"<details><summary>Full diff</summary>\n\n{block(diff, 'diff')}\n</details>\n"
    if note:
        report += f"\n{note}\n"
    return report.rstrip("\n") + "\n"


_SIGNS = {"create": "+", "import": "+", "delete": "-"}


def _diff(changes: Iterable[Change]) -> str:
    return "\n".join(line for change in changes for line in _diff_lines(change))


def _diff_lines(change: Change) -> Iterable[str]:
    sign = _SIGNS.get(change.operation, "!")
    yield f"{sign} {change.operation} {change.type} {change.name}"
    for prop in change.properties:
        path = prop.path + (" (forces the replacement)" if prop.replaces else "")
        if sign == "!" and prop.old is not None:
            yield f"-   {path}: {_one_line(prop.old)}"
        if prop.new is not None:
            yield f"+   {path}: {_one_line(prop.new)}"
        if prop.old is None and prop.new is None:
            yield f"!   {path}"


def _one_line(value: str) -> str:
    return _clip(value.replace("\n", "\\n").replace("\r", "\\r"), _VALUE_LIMIT)
