"""Find the processes that a command of the sandbox starts, and wait for their end."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from setup.engine.locate import official

if TYPE_CHECKING:
    from collections.abc import Callable

# Command lines of the engine built here, and of an official CLI with its language host.
KINDS = {
    "engine": r"(^|/)pulumi (up|destroy) ",
    "bin/pull-request": r"(^|/)pulumi (up|destroy) |-m ops pull_request",
    "language host": r"language_host\.py|pulumi-language-python",
    "program": r"engine/program\.py|pulumi-language-python-exec",
    "dynamic provider": r"dynamic_provider\.py|pulumi\.dynamic",
    "stand-ins": r"sandbox\.providers ",
    "bin/sandbox": r"sandbox/__main__\.py",
}


def descendants(pid: int) -> dict[int, str]:
    """Return the command lines of a process's children, and of theirs, by process id."""
    found: dict[int, str] = {}
    # By thread, as that is where Linux counts them.
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(thread).split():
            found[int(child)] = _read(Path(f"/proc/{child}/cmdline")).replace("\0", " ")
            found |= descendants(int(child))
    return found


def gone(processes: dict[int, str]) -> bool:
    """Tell whether all of them have ended."""
    return not any(Path(f"/proc/{pid}").exists() for pid in processes)


def end_leftovers(processes: dict[int, str]) -> None:
    """Kill what Pulumi's own language host leaves when its engine is killed; `bin/recover` kills the same."""
    left = re.compile(f"{KINDS['language host']}|{KINDS['dynamic provider']}")
    for pid in [pid for pid, command in processes.items() if official() and left.search(command)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until it holds; tell whether it does."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def _read(path: Path) -> str:
    """Return what the kernel says of a process, and nothing of one that has just ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
