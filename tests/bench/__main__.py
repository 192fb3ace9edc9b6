"""Time every run several times in a fresh sandbox and write docs/performance.md: `make bench`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from tests.bench.places import Places, sandbox_folder
from tests.bench.report import SECRETS, STACKS, Results, describe, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
_WARM_UP = 2


def measure(places: Places, rounds: int) -> Results:
    """Run all commands in turns, so that a slow moment of the machine affects every figure alike.

    Args:
        places: The folders to run in.
        rounds: How often to time each command, after the warm-up.

    Raises:
        SystemExit: A command failed.
    """
    results = Results(machine=describe(), rounds=rounds)
    files = {count: places.with_secrets("staging", count) for count in SECRETS}
    for number in range(-_WARM_UP, rounds):
        _progress(f"round {number + 1} of {rounds}" if number >= 0 else "warming up")
        for name, command in _round(places, files):
            seconds, memory = _timed(command)
            flyctl = places.flyctl_runs()
            if number >= 0:
                results.seconds.setdefault(name, []).append(seconds)
                results.memory[name] = max(memory, results.memory.get(name, 0))
                results.flyctl[name] = flyctl
    return results


def _round(places: Places, files: dict[int, Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield each command once, with its name in `Results`, in an order in which each finds its world ready."""
    places.start_over()
    for stack in reversed(STACKS):  # production first: it owns what the others share
        yield f"first {stack}", _command("up", stack)
    yield "floor", _command("preview", "main", folder=places.floor)
    yield "plain", _command("preview", "production", "--expect-no-changes", folder=places.plain)
    for stack in STACKS:
        yield f"preview {stack}", _command("preview", stack, "--expect-no-changes")
        yield f"unchanged {stack}", _command("up", stack, "--expect-no-changes")
        yield f"refresh {stack}", _command("refresh", stack)
    for count, file in files.items():
        places.start_over()
        yield f"first, {count} secrets", _command("up", "staging", "--config-file", str(file))
        yield f"unchanged, {count} secrets", _command("up", "staging", "--config-file", str(file))


def _command(verb: str, stack: str, *options: str, folder: Path | None = None) -> list[str]:
    confirmed = [] if verb == "preview" else ["--yes", "--skip-preview"]
    place = ["-C", str(folder)] if folder else []
    return ["pulumi", *place, verb, "--stack", stack, *confirmed, *options, "--non-interactive"]


def _timed(command: list[str]) -> tuple[float, int]:
    """Run a command; return its seconds and the memory of its largest process in bytes (wait4 gives kilobytes)."""
    with TemporaryFile() as output:
        start = time.perf_counter()
        redirect = [(os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)]
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=redirect)
        _, status, usage = os.wait4(child, 0)
        seconds = time.perf_counter() - start
        if code := os.waitstatus_to_exitcode(status):
            output.seek(0)
            raise SystemExit(f"bench: {' '.join(command[:6])} …: exit code {code}\n{output.read().decode()}")
    return seconds, usage.ru_maxrss * 1024


def _progress(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the report and return the exit code."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often to time each command (default: %(default)s)")
    parser.add_argument("--report", type=Path, default=ROOT / "docs" / "performance.md", help="default: %(default)s")
    options = parser.parse_args(arguments)
    sandbox = sandbox_folder()
    if sandbox is None or sys.platform != "linux":
        _progress("runs by `make bench`, in the sandbox, on Linux")
        return 2
    options.report.write_text(render(measure(Places(sandbox), options.rounds)), encoding="utf-8")
    _progress(f"wrote {options.report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
