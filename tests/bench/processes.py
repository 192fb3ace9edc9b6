"""Runs a command with every process it starts, and watches them: time, memory, processor time. Linux's /proc."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What a process is, by its command line: the first that matches. Both language hosts, the sandbox's and Pulumi's own.
ROLES = {
    "flyctl": r"/flyctl\b",
    "program": r"/engine/program\.py|pulumi-language-python-exec",
    "language host": r"/language_host\.py|pulumi-language-python",
    "dynamic providers": r"/dynamic_provider\.py|pulumi\.dynamic|pulumi-resource-pulumi-python",
    "engine": r"pulumi",
}
# Watching costs processor time, too: a hundredth of a second would slow down what is watched by a tenth.
_INTERVAL = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A measured command failed. The message holds what it printed."""


@dataclass
class Process:
    """One process as it was last seen.

    Attributes:
        role: A key of `ROLES`, or `other`.
        started: Seconds after the command's start, to a hundredth.
        ended: When it was last seen alive, on the same scale.
        cpu: Processor time in seconds, its own without its children's.
        peak: Its highest resident memory in bytes, as the kernel counts it.
    """

    role: str
    started: float
    ended: float
    cpu: float
    peak: int


@dataclass
class Watched:
    """A watched run of a command.

    Attributes:
        began: When it was started, in seconds since the epoch.
        ended: When it was over, in seconds after that.
        processes: Every process that lived for some hundredths of a second, in the order of their starts.
        peak: Highest memory of all together in bytes; what several share counts once (PSS).
    """

    began: float
    ended: float = 0.0
    processes: list[Process] = field(default_factory=list)
    peak: int = 0

    def of(self, role: str) -> list[Process]:
        """Return the processes of a role."""
        return [process for process in self.processes if process.role == role]


def timed(command: Sequence[str]) -> float:
    """Run a command to its end and return the seconds it took.

    Raises:
        BenchError: It failed.
    """
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[:6])} …: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return seconds


def watched(command: Sequence[str]) -> Watched:
    """Run a command to its end and return what its processes took.

    Raises:
        BenchError: It failed.
    """
    run = Watched(began=time.time())
    seen: dict[tuple[int, int], Process] = {}
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    start = 0
    while child.poll() is None:
        # The engine puts no process into another session, so that the session is the whole tree, orphans included.
        stats = {pid: stat for pid, stat in _stats() if int(stat[3]) == child.pid}
        start = start or int(stats.get(child.pid, ["0"] * 20)[19])
        for pid, stat in stats.items():
            _look(seen, pid, stat, start)
        run.peak = max(run.peak, sum(map(_proportional, stats)))
        time.sleep(_INTERVAL)
    run.ended = time.time() - run.began
    if child.returncode != 0:
        raise BenchError(f"{' '.join(command[:6])} …: exit code {child.returncode} while it was watched")
    run.processes = sorted(seen.values(), key=lambda process: process.started)
    return run


def role(command_line: str) -> str:
    """Return a process's role by its command line: a key of `ROLES`, or `other`."""
    return next((name for name, pattern in ROLES.items() if re.search(pattern, command_line)), "other")


def _look(seen: dict[tuple[int, int], Process], pid: int, stat: list[str], start: int) -> None:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    except OSError:  # it has just ended
        return
    if peak is None:  # it has, and waits for its parent to notice
        return
    cpu, begun = (int(stat[11]) + int(stat[12])) / _TICKS, int(stat[19])
    now = time.clock_gettime(time.CLOCK_BOOTTIME) - start / _TICKS
    seen[pid, begun] = Process(role(line), (begun - start) / _TICKS, now, cpu, int(peak[1]) * 1024)


def _stats() -> Iterable[tuple[int, list[str]]]:
    """Yield each process's id and the fields of its `stat` after the name, which may hold spaces (proc(5))."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            yield int(entry.name), text.rpartition(")")[2].split()


def _proportional(pid: int) -> int:
    """Return a process's memory, in which a page shared by n processes counts as an n-th."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
