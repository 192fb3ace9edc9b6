"""Measures, inside a sandbox that was just made, and writes docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import imports, report
from tests.bench.machine import describe
from tests.bench.places import Places, sandbox_folder
from tests.bench.processes import BenchError, timed, watched
from tests.bench.results import Results, phases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "performance.md"
STACKS = ("dev", "staging", "production")
SECRETS = (10, 50, 200)
_WARM_UP = 2
_WATCHED = 3


def _command(verb: str, stack: str, *options: str, folder: Path | None = None) -> list[str]:
    changing = [] if verb == "preview" else ["--yes", "--skip-preview"]
    place = ["-C", str(folder)] if folder else []
    return ["pulumi", *place, verb, "--stack", stack, *changing, *options, "--non-interactive"]


def measure(places: Places, rounds: int) -> Results:
    """Run everything in turns, so that a slow moment of the machine meets all alike.

    Args:
        places: The folders to run in.
        rounds: How often each is measured, after the warm-up.
    """
    results = Results(machine=describe(), rounds=rounds, stacks=STACKS, secrets=SECRETS)
    files = {count: str(places.with_secrets("staging", count)) for count in SECRETS}
    for number in range(-_WARM_UP, rounds):
        _say(f"round {number + 1} of {rounds}" if number >= 0 else "warming up")
        for name, command in _round(places, files):
            seconds = timed(command)
            if number >= 0:
                results.seconds.setdefault(name, []).append(seconds)
                results.flyctl[name] = places.flyctl_runs()
    _say("watching processes")
    places.start_over()
    for stack in reversed(STACKS):  # production first: nothing of it depends on the others
        results.watched[f"fresh {stack}"] = watched(_command("up", stack))
    for stack in STACKS:
        _watch(results, places, stack)
    results.watched["floor"] = watched(_command("preview", "main", folder=places.floor))
    results.watched["plain"] = watched(_command("preview", "production", folder=places.plain))
    results.machine["Load after"] = f"{os.getloadavg()[0]:.1f}"
    return results


def _round(places: Places, files: dict[int, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each command once with its name in `Results`, in an order in which they follow upon each other."""
    places.start_over()
    for stack in reversed(STACKS):
        yield f"fresh {stack}", _command("up", stack)
    yield "floor", _command("preview", "main", folder=places.floor)
    for stack in STACKS:
        yield f"preview {stack}", _command("preview", stack, "--expect-no-changes")
    yield "plain", _command("preview", "production", "--expect-no-changes", folder=places.plain)
    for stack in STACKS:
        yield f"unchanged {stack}", _command("up", stack, "--expect-no-changes")
    for stack in STACKS:
        yield f"refresh {stack}", _command("refresh", stack)
    for count, file in files.items():
        places.start_over()
        yield f"fresh, {count} secrets", _command("up", "staging", "--config-file", file)
        yield f"unchanged, {count} secrets", _command("up", "staging", "--config-file", file)


def _watch(results: Results, places: Places, stack: str) -> None:
    """Watch unchanged previews and an unchanged `up` of a stack, and look into its previews."""
    runs = []
    for _ in range(_WATCHED):
        run = watched(_command("preview", stack, folder=places.probe))
        told = json.loads((places.probe / "probe.json").read_text(encoding="utf-8"))
        runs.append((run, phases(run, told["times"])))
    results.watched[f"preview {stack}"] = runs[-1][0]
    results.phases[stack] = [taken for _, taken in runs]
    results.watched[f"unchanged {stack}"] = watched(_command("up", stack))
    results.imports[stack] = imports.by_package(told["modules"], places.probe)


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the report and return the exit code."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--report", type=Path, default=REPORT, help="default: docs/performance.md")
    options = parser.parse_args(arguments)
    sandbox = sandbox_folder()
    if sandbox is None or not Path("/proc/self/smaps_rollup").is_file():
        print("bench: runs by `make bench`, in the sandbox, on Linux", file=sys.stderr)
        return 2
    try:
        results = measure(Places(sandbox), options.rounds)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    options.report.write_text(report.render(results), encoding="utf-8")
    _say(f"written to {options.report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
