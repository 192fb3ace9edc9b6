"""What a run of the bench found, and the figures that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.processes import Watched

READING = frozenset({"orgs list", "secrets list", "status", "tokens list", "version"})
"""The flyctl commands that change nothing."""

_LIMITS = {"dev": 1.5, "staging": 1.8, "production": 3.0}


@dataclass
class Results:
    """What was measured. Runs are named `floor`, `plain`, `preview STACK`, `fresh STACK`, and so on.

    Attributes:
        machine: What it was measured on.
        rounds: How often each was timed.
        stacks: The stacks, the smallest first.
        secrets: Numbers of secrets, the smallest first.
        seconds: Seconds of each round, by run.
        flyctl: The flyctl commands of a run.
        watched: Processes of a run.
        phases: What an unchanged preview spends its time with, by stack, for each time it was looked at.
        imports: Seconds for imports by package, by stack.
    """

    machine: dict[str, str]
    rounds: int
    stacks: tuple[str, ...]
    secrets: tuple[int, ...]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    flyctl: dict[str, list[str]] = field(default_factory=dict)
    watched: dict[str, Watched] = field(default_factory=dict)
    phases: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    imports: dict[str, dict[str, float]] = field(default_factory=dict)

    def median(self, run: str) -> float:
        """Return a run's median time in seconds."""
        return median(self.seconds[run])

    def ratio(self, run: str, other: str = "floor") -> float:
        """Return how many times as long as another a run takes, by their medians."""
        return self.median(run) / self.median(other)


class Target(NamedTuple):
    """A figure that is to stay at or below a limit."""

    what: str
    limit: float
    found: float
    unit: str


def targets(results: Results) -> list[Target]:
    """Return the figures this project holds itself to (none is a test: a clock in a test fails on a busy machine)."""
    least, most = results.secrets[0], results.secrets[-1]
    program = results.watched["preview staging"].of("program")
    written = sum(run not in READING for stack in results.stacks for run in results.flyctl[f"unchanged {stack}"])
    asked = [
        runs.count(run) for runs in (results.flyctl[f"refresh {stack}"] for stack in results.stacks) for run in runs
    ]
    ratios = [(f"Unchanged preview of {stack}", limit, f"preview {stack}", "floor") for stack, limit in _LIMITS.items()]
    ratios.append(("… of production, beside the plain way", 0.85, "preview production", "plain"))
    ratios.append(
        (f"`up` with {most} secrets, beside {least}", 1.2, f"fresh, {most} secrets", f"fresh, {least} secrets")
    )
    runs = [len(results.flyctl[f"fresh, {count} secrets"]) for count in (most, least)]
    return [
        *(Target(what, limit, results.ratio(run, other), "×") for what, limit, run, other in ratios),
        Target(f"More flyctl runs with {most} secrets than with {least}", 0, runs[0] - runs[1], ""),
        Target("Memory of staging's program", 90, max(process.peak for process in program) / 1e6, "MB"),
        Target("Writing flyctl runs of unchanged `up`s", 0, written, ""),
        Target("flyctl runs of one kind in a refresh, for an app", 1, max(asked, default=0), ""),
    ]


def phases(run: Watched, times: Mapping[str, float]) -> dict[str, float]:
    """Return what a preview spends its time with, in seconds and in order; together they are all of it.

    Args:
        run: The preview.
        times: What its program told (`tests.bench.probe`), as seconds since the epoch.
    """
    (program,) = run.of("program")
    at = {name: seconds - run.began for name, seconds in times.items()}
    points = {
        "engine and language host, until the program starts": program.started,
        "interpreter, and the Pulumi SDK": at["entered"],
        "imports of the program": at["imported"],
        "the program, with the imports its parts need": at["declared"],
        "waiting for the engine and its providers": at["ended"],
        "the end: engine and language host": run.ended,
    }
    starts = [0.0, *points.values()]
    return {name: end - start for (name, end), start in zip(points.items(), starts, strict=False)}
