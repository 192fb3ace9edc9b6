"""Runs what takes longer than a moment, and shows that it is going on.

Standard library only: it runs before anything is installed.
"""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setup.errors import SandboxError

# Seconds between two signs of life: on a terminal one line is rewritten, elsewhere lines follow each other.
_TERMINAL, _LINES = 0.5, 15.0
# A command asks nothing; and it holds the locks that are held here, see `alone`.
_STARTED: dict[str, Any] = {"stdin": subprocess.DEVNULL, "close_fds": False}


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
        process = subprocess.Popen(command, stdout=output, stderr=output, **_STARTED, **options)
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
        tell(", interrupted.")
        raise
    tell(", failed." if code else ", done.")
    if code:
        said = "\n".join(log.read_text().strip().splitlines()[-5:])
        raise SandboxError(f"{what} failed. {hint}The whole log is in {log}:\n{said}")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other command holds this lock file, made where it is missing, and hold it meanwhile.

    What is run meanwhile holds it too: a command that goes on after this process was killed is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        waiting = f"Waiting for another command to let go of {path} …\n"
        notice = threading.Timer(1, sys.stderr.write, [waiting])
        notice.daemon = True
        notice.start()
        fcntl.flock(lock, fcntl.LOCK_EX)
        notice.cancel()
        yield


def answer(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that takes a moment, quietly, whatever its exit code; `options` as `subprocess.run` has them."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **_STARTED, **options)
