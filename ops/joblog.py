"""Make texts from outside harmless for a job's log, where a line may be a command to the runner or terminal."""

from __future__ import annotations

import re

# Escape sequences, control characters, and marks that change the direction of writing.
_CONTROL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])"
    r"|[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)


def harmless(text: str) -> str:
    """Return a text in which no line is a workflow command and no character controls a terminal.

    GitHub's runner obeys a line that begins with `::`, and `##[` anywhere in a line.
    """
    lines = _CONTROL.sub("", text.replace("\r", "\n"))
    return re.sub(r"(?m)^([^\S\n]*):(?=:)", r"\1: ", lines).replace("##[", "# #[")
