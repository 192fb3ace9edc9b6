"""Processes that a command of the sandbox starts: found, and waited for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


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
