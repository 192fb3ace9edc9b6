"""Find an engine's processes in /proc: whether the engine runs, and which providers outlived a killed engine.

A provider that loses its engine goes on. Neon's repeats a refused creation 120 times, once a second, so that a project
may appear late (seen with the real provider 0.15.0). The official launchers stay for ever.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")

# Providers and language hosts; a Terraform provider is a child of Pulumi's bridge.
_PART = re.compile(r"pulumi-(resource|language)-[\w.-]+|terraform-provider-[\w.-]+|pulumi\.dynamic")
# Programs that run another program, whose name is a later word.
_RUNNER = re.compile(r"python[\d.]*|(ba|da)?sh|env")


class Process(NamedTuple):
    """A running process of this user.

    Attributes:
        pid: Its id.
        parent: Its parent's id.
        name: The name of the program that it runs.
        folder: The folder that it works in.
    """

    pid: int
    parent: int
    name: str
    folder: Path


def runs_engine(pid: int) -> bool | None:
    """Tell whether a process is a running Pulumi engine; None where this machine has no /proc."""
    # Any mention counts: an engine that this does not recognize would lose its lock.
    return any("pulumi" in word for word in _words(pid)) if PROC.is_dir() else None


def survivors(folder: Path) -> list[Process] | None:
    """Return the processes in a folder that belong to an engine which has ended.

    Args:
        folder: The project's folder: an engine starts its providers and language hosts there.

    Returns:
        None where this machine has no /proc.
    """
    if not PROC.is_dir():
        return None
    found = {process.pid: process for process in _processes()}
    here = [process for process in found.values() if process.folder == folder.resolve()]
    return [process for process in here if _PART.fullmatch(process.name) and not _has_engine(process, found)]


def end(process: Process) -> None:
    """Kill a process. A process that has ended is no error."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


def _has_engine(process: Process, found: dict[int, Process]) -> bool:
    """Tell whether a process descends from an engine that runs."""
    parent = found.get(process.parent)
    if parent is None:
        return False
    return ("pulumi" in parent.name and not _PART.fullmatch(parent.name)) or _has_engine(parent, found)


def _processes() -> Iterator[Process]:
    """Yield the running processes that this user may inspect."""
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            folder = (entry / "cwd").readlink()
            # The program's name, in brackets, may hold spaces; the parent is the second field after it.
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        yield Process(int(entry.name), parent, _program(_words(int(entry.name))), folder)


def _words(pid: int) -> list[str]:
    """Return the words of a process's command line without their folders; none if the process has ended."""
    try:
        line = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word).rpartition("/")[2] for word in line.split(b"\0") if word]


def _program(words: list[str]) -> str:
    """Return the name of the program that a command line runs, directly or with an interpreter."""
    for word in words:
        if not word.startswith("-") and not _RUNNER.fullmatch(word):
            return word
    return ""
