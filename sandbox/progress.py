"""Runs what takes longer than a moment, and shows that it is going on.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Seconds between two signs of life: on a terminal one line is rewritten, elsewhere lines follow each other.
_TERMINAL, _LINES = 0.5, 15.0


def run(what: str, command: Sequence[str | Path], *, log: IO[str], **options: Mapping[str, str] | Path) -> int:
    """Run a command to its end, telling on standard error what is being done and for how many seconds.

    Args:
        what: What is being done, such as `Building the engine`.
        command: The command, as a list.
        log: Takes the command's output.
        options: `env` and `cwd` of the command.

    Returns:
        The command's exit code.
    """
    began = time.monotonic()
    terminal = sys.stderr.isatty()

    def tell(ending: str) -> None:
        line = f"{what}: {time.monotonic() - began:.0f} s{ending}"
        print(f"\r{line}" if terminal else line, end="" if terminal and ending == " …" else "\n", file=sys.stderr)
        sys.stderr.flush()

    tell(" …")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    try:
        while True:
            try:
                code: int = process.wait(timeout=_TERMINAL if terminal else _LINES)
            except subprocess.TimeoutExpired:
                tell(" …")
            else:
                tell(", done." if code == 0 else ", failed.")
                return code
    except BaseException:  # Ctrl-C: what was started must not go on alone.
        process.kill()
        process.wait()
        print(file=sys.stderr)
        raise
