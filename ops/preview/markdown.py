"""Render a preview as Markdown, for a pull request's comment and a job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ops.preview.wording import block, clip, code, diff_lines, headline, next_steps, plain_words, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.preview.reader import Preview

COMMENT_LIMIT = 60_000
"""Bytes of a comment, with room to spare: GitHub refuses more than 65,536 characters."""
SUMMARY_LIMIT = 1_000_000
"""Bytes of a job summary: GitHub drops a summary of more than 1 MiB."""

_SANDBOX_NOTE = """\
This pull request gets no credentials, so the program ran in the sandbox: first `up` of the base commit, then this \
preview of the head.

- It shows every resource that the pull request adds, changes or removes, and every configuration error.
- It cannot show the difference from the live state: the sandbox has no change made by hand, and its secrets are made \
up.

"""


class Context(NamedTuple):
    """The run that made a preview.

    Attributes:
        commit: The commit, shortened; empty if unknown.
        sandbox: Whether it ran in the sandbox, without credentials.
    """

    commit: str = ""
    sandbox: bool = False


def summary(preview: Preview, context: Context) -> str:
    """Return the whole report, cut only where GitHub would refuse it."""
    return _report(preview, context, SUMMARY_LIMIT, "too long to show")


def comment(preview: Preview, context: Context) -> str:
    """Return the report for a comment. Cut a long report, and say where the rest is."""
    return _report(preview, context, COMMENT_LIMIT, "in the job summary")


def _report(preview: Preview, context: Context, limit: int, rest: str) -> str:
    """Return the report. Messages, changes and the diff share the limit."""
    where = " in the sandbox" if context.sandbox else ""
    text = f"### {code(preview.stack)}{where}: {headline(preview)}\n\n"
    text += f"Preview of {context.commit}.\n\n" if context.commit else ""
    text += _SANDBOX_NOTE if context.sandbox else ""
    if preview.errors:
        steps = dict.fromkeys(step for error in preview.errors for step in next_steps(preview.stack, error))
        text += _block(preview.errors, limit // 4) + "".join(f"\n{step}\n" for step in steps) + "\n"
    if preview.changes and not preview.complete:
        text += "Seen before it failed; there may be more:\n\n"
    for line in _within((plain_words(change) for change in preview.changes), limit // 3, rest):
        text += f"- {line}\n"
    text += "\n" if preview.changes else ""
    if preview.warnings:
        count = "1 warning" if len(preview.warnings) == 1 else f"{len(preview.warnings)} warnings"
        text += f"**{count}**\n\n{_block(preview.warnings, limit // 8)}\n"
    diff = _within((line for change in preview.changes for line in diff_lines(change)), limit - size(text) - 500, rest)
    if diff:
        folded = block("\n".join(diff), "diff")
        text += f"<details><summary>Full diff</summary>\n\n{folded}\n</details>\n"
    return text.rstrip("\n") + "\n"


def _block(messages: Iterable[str], limit: int) -> str:
    return block(clip("\n\n".join(messages), limit))


def _within(lines: Iterable[str], limit: int, rest: str) -> list[str]:
    """Return the first lines that fit into a number of bytes, and a line that says where the others are."""
    kept: list[str] = []
    left_out = 0
    for line in lines:
        limit -= size(line) + 3
        if limit > 0:
            kept.append(line)
        else:
            left_out += 1
    return [*kept, f"… and {left_out} more: {rest}"] if left_out else kept
