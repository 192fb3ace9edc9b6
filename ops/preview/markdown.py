"""Render a preview as Markdown, for a pull request's comment and a job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ops.preview.wording import block, clip, code, diff_lines, headline, next_steps, plain_words, size

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        run_url: The address of the job's summary; empty if unknown.
    """

    commit: str = ""
    sandbox: bool = False
    run_url: str = ""


def summary(preview: Preview, context: Context) -> str:
    """Return the whole report, cut only where GitHub would refuse it."""
    return _fitting(preview, context, SUMMARY_LIMIT, "… cut here: it is too long to show.")


def comment(preview: Preview, context: Context) -> str:
    """Return the report for a comment. A long one is cut, and says where the rest is."""
    return _fitting(preview, context, COMMENT_LIMIT, f"… cut here; the whole diff is {_elsewhere(context)}.")


def _elsewhere(context: Context) -> str:
    return f"in the [job summary]({context.run_url})" if context.run_url else "in the job summary"


def _fitting(preview: Preview, context: Context, limit: int, note: str) -> str:
    """Return the report with as many lines of its diff, then of its changes, as fit."""
    changes = [f"- {plain_words(change)}" for change in preview.changes]
    diff = [line for change in preview.changes for line in diff_lines(change)]
    report = _head(preview, context) + _body(preview, changes)
    whole = report + _folded(diff)
    if size(whole) <= limit:
        return whole.rstrip("\n") + "\n"
    room = limit - size(report) - 1_000
    if room > 0:
        kept = _within(diff, room)
        return report + _folded(kept) + (f"\n{note}\n" if len(kept) < len(diff) else "")
    # A line for each change is already too long.
    kept = _within(changes, limit // 2)
    rest = f"- … and {len(changes) - len(kept)} more, {_elsewhere(context)}.\n" if len(kept) < len(changes) else ""
    messages = clip("\n".join([*preview.errors, *preview.warnings]), limit // 4)
    return _head(preview, context) + (f"{block(messages)}\n" if messages else "") + "\n".join(kept) + f"\n{rest}"


def _within(lines: Sequence[str], limit: int) -> list[str]:
    """Return the first lines that together have at most `limit` bytes."""
    kept: list[str] = []
    for line in lines:
        limit -= size(line) + 1
        if limit < 0:
            break
        kept.append(line)
    return kept


def _head(preview: Preview, context: Context) -> str:
    where = " in the sandbox" if context.sandbox else ""
    commit = f"Preview of {context.commit}.\n\n" if context.commit else ""
    note = f"{_SANDBOX_NOTE}\n" if context.sandbox else ""
    return f"### {code(preview.stack)}{where}: {headline(preview)}\n\n{commit}{note}"


def _body(preview: Preview, changes: Sequence[str]) -> str:
    """Return the errors, the changes and the warnings."""
    parts = []
    for error in preview.errors:
        parts += [block(error), *(f"\n{step}\n" for step in next_steps(preview.stack, error)), "\n"]
    if changes and not preview.complete:
        parts.append("Seen before it failed; there may be more:\n\n")
    parts += [f"{line}\n" for line in changes]
    parts.append("\n" if changes else "")
    if preview.warnings:
        count = "1 warning" if len(preview.warnings) == 1 else f"{len(preview.warnings)} warnings"
        parts.append(f"**{count}**\n\n" + "\n".join(map(block, preview.warnings)) + "\n")
    return "".join(parts)


def _folded(diff: Sequence[str]) -> str:
    text = "\n".join(diff)
    return f"<details><summary>Full diff</summary>\n\n{block(text, 'diff')}\n</details>\n" if diff else ""
