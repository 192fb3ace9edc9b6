"""Runs what takes longer than a moment, and shows that it is going on.

Standard library only: it runs before anything is installed.
"""

import fcntl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError

# Seconds between two signs of life: on a terminal one line is rewritten, elsewhere lines follow each other.
_TERMINAL, _LINES = 0.5, 15.0


def run(what: str, command: Sequence[str | Path], *, log: Path, hint: str = "", **options: Any) -> None:
    """Run a command to its end, telling on standard error what is being done and for how many seconds.

    Args:
        what: What is being done, such as `Building the engine`.
        command: The command, as a list.
        log: The file that takes its output.
        hint: What to say when it fails, beside the end of its output.
        options: `env` and `cwd` of the command.

    Raises:
        SandboxError: It failed.
    """
    began = time.monotonic()
    terminal = sys.stderr.isatty()

    def tell(ending: str) -> None:
        line = f"{what}: {time.monotonic() - began:.0f} s{ending}"
        print(f"\r{line}" if terminal else line, end="" if terminal and ending == " …" else "\n", file=sys.stderr)
        sys.stderr.flush()

    tell(" …")
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **options)
    code: int | None = None
    try:
        while code is None:
            try:
                code = process.wait(timeout=_TERMINAL if terminal else _LINES)
            except subprocess.TimeoutExpired:
                tell(" …")
    except BaseException:  # Ctrl-C: what was started must not go on alone.
        process.kill()
        process.wait()
        print(file=sys.stderr)
        raise
    tell(", failed." if code else ", done.")
    if code:
        said = "\n".join(log.read_text().strip().splitlines()[-5:])
        raise SandboxError(f"{what} failed. {hint}The whole log is in {log}:\n{said}")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other command holds this lock file, and hold it meanwhile."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def answer(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that takes a moment, quietly, whatever its exit code; `options` as `subprocess.run` has them."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
