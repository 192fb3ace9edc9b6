"""Run slow commands, show their progress, and keep two of them from running at once. Standard library only."""

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

# Seconds between two progress reports: a terminal shows one changing line, a log one line after another.
_TERMINAL, _LINES = 0.5, 15.0
# A command cannot ask questions, and it inherits this process's locks (see `alone`).
_STARTED: dict[str, Any] = {"stdin": subprocess.DEVNULL, "close_fds": False}


def run(what: str, command: Sequence[str | Path], *, log: Path, hint: str = "", **options: Any) -> None:
    """Run a command to its end; print the activity and its seconds on standard error.

    Args:
        what: The activity, such as `Building the engine`.
        command: The command, as a list.
        log: The file for its output.
        hint: A next step for the error message, printed before the last lines of the output.
        options: `env` and `cwd` of the command.

    Raises:
        SandboxError: The command failed.
    """
    began, terminal = time.monotonic(), sys.stderr.isatty()

    def tell(ending: str) -> None:
        line = f"{what}: {time.monotonic() - began:.0f} s{ending}"
        more = terminal and ending == " …"
        print(f"\r{line}" if terminal else line, end="" if more else "\n", file=sys.stderr, flush=True)

    tell(" …")
    process = None
    try:
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, **_STARTED, **options)
        while (code := process.poll()) is None:
            try:
                process.wait(timeout=_TERMINAL if terminal else _LINES)
            except subprocess.TimeoutExpired:
                tell(" …")
    except BaseException:  # Ctrl-C: do not leave the command running.
        if process is not None:
            process.kill()
            process.wait()
        tell(", interrupted.")
        raise
    tell(", failed." if code else ", done.")
    if code:
        end = "\n".join(log.read_text().strip().splitlines()[-5:])
        raise SandboxError(f"{what} failed. {hint}The log is {log}; it ends with:\n{end}")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock file, and wait while another command holds it.

    Child processes inherit the lock, so it stays held if this process is killed while they run.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        waiting = f"Waiting for another command to release {path} …\n"
        notice = threading.Timer(1, sys.stderr.write, [waiting])
        notice.daemon = True
        notice.start()
        fcntl.flock(lock, fcntl.LOCK_EX)
        notice.cancel()
        yield


def answer(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a short command and return its output and exit code; `options` are those of `subprocess.run`."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **_STARTED, **options)
