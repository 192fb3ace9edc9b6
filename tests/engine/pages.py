"""Walk through a document's commands: a test runs each of them in a sandbox, or says why it does not."""

from __future__ import annotations

import re
import shlex
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from tests.engine.sandboxes import Sandbox

_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:pulumi|bin/|make|flyctl|gh|cp|sed) ?[^`]*)`")


def sections(page: str) -> dict[str, str]:
    """Split a page at its headings below the title."""
    parts = re.split(r"^##+ (.+)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(text: str, *, inline: bool = False) -> list[str]:
    """Return the commands of the shell blocks, without comments.

    Args:
        text: Markdown.
        inline: Return the commands within sentences as well.
    """
    found = [command for _, block in _BLOCK.findall(text) for command in _of_block(dedent(block))]
    if inline:
        found += [re.sub(r"\n *", " ", command) for command in _INLINE.findall(_BLOCK.sub("", text))]
    return found


def _of_block(block: str) -> Iterator[str]:
    """Yield each command; an open quote, a pipe at the end or a loop continues it on the next line."""
    command = ""
    for line in block.splitlines():
        command = "\n".join([*filter(None, [command]), re.sub(r"\s{2,}# .*$", "", line)])
        if not _is_open(command):
            yield command
            command = ""
    assert not command, f"this command does not end: {command}"


def _is_open(command: str) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:
        return True
    return command.endswith(("|", "\\")) or words.count("do") > words.count("done")


class Walk:
    """A walk through commands, in any order; each counts once.

    As a context manager it fails the test if a command was neither run nor excused.

    Attributes:
        left: The commands that are still to be run.
    """

    def __init__(self, sandbox: Sandbox, text: str, *, inline: bool = False) -> None:
        self.left = commands(text, inline=inline)
        self._sandbox = sandbox

    def __enter__(self) -> Walk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert kind or self.left == []

    def run(
        self,
        command: str,
        *,
        given: str = "",
        then: str = "",
        check: bool = True,
        names: Mapping[str, str] | None = None,
        sandbox: Sandbox | None = None,
    ) -> str:
        """Run a command in a shell and return its output.

        An `up`, `refresh` or `destroy` runs without the preview that a person is shown first.

        Args:
            command: The command, or its beginning.
            given: Its standard input.
            then: What the same shell runs afterwards.
            check: Fail the test if the command fails; otherwise, if it does not.
            names: What replaces a placeholder.
            sandbox: Where, if not in the sandbox of this walk.
        """
        text = re.sub(r"^pulumi (up|refresh|destroy)\b", r"\g<0> --skip-preview", self.take(command))
        for placeholder, value in (names or {}).items():
            assert placeholder in text
            text = text.replace(placeholder, value)
        text = f"printf %s {shlex.quote(given)} | {text}" if given else text
        done = (sandbox or self._sandbox).run(
            "sh", "-c", f"export PULUMI_SKIP_CONFIRMATIONS=true; {text}\n{then}", check=check
        )
        assert check or done.returncode != 0, f"{text} did not fail"
        return done.stdout + done.stderr

    def elsewhere(self, reason: str, *beginnings: str) -> None:
        """Say why commands do not run here."""
        assert reason
        for beginning in beginnings:
            self.take(beginning)

    def take(self, command: str) -> str:
        """Count a command as done and return it whole: the exact command, or the next that begins so."""
        beginning = (one for one in self.left if one.startswith(command))
        found = command if command in self.left else next(beginning, None)
        assert found is not None, f"{command!r} is not in this text, or was run already"
        self.left.remove(found)
        return found
