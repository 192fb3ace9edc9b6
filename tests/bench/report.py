"""Compare the measurements with this project's targets, and render docs/performance.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from setup.engine.locate import official

if TYPE_CHECKING:
    from collections.abc import Iterable

STACKS = ("dev", "staging", "production")
SECRETS = (10, 50, 200)
_READING = frozenset({"orgs list", "secrets list", "status", "tokens list", "version"})
_LIMITS = {"dev": 1.5, "staging": 1.8, "production": 3.0}
_VERBS = {"first": "first `up`", "unchanged": "unchanged `up`"}
_NAMES = {"floor": "preview of an empty program: the floor", "plain": "preview production, the plain way"}
_PACKAGES = ("pulumi", "pulumi-cloudflare", "pulumi-github", "pulumi-random", "pydantic", "grpcio")
_HEAD = """\
# What a preview costs

`make bench` wrote this page: edit `tests/bench/`, not this file. It takes some minutes on an otherwise idle machine.
Every command ran in the sandbox, in turns, with compiled modules. Times are medians of {rounds} rounds after a warm-up.
The floor is a program that does nothing. The plain way is this program with `import pulumi_cloudflare` and
`import pulumi_github` at its top, without the start-up lines of `__main__.py`. The figures contain neither the network
nor real provider plug-ins, which start as processes of their own. Pulumi's own language host lists the installed
packages at each start: with it (3.259.0, another day) a preview of dev took 1.87 s instead of 0.98, of staging 2.15
instead of 1.44, of production 3.28 instead of 2.88.
"""


@dataclass
class Results:
    """Measurements by run: `floor`, `plain`, `preview STACK`, `first STACK`, and so on.

    Attributes:
        machine: The machine and the versions.
        rounds: How often each run was timed.
        seconds: Seconds of each round.
        memory: Memory of the run's largest process in bytes.
        flyctl: The run's flyctl commands.
    """

    machine: dict[str, str]
    rounds: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    flyctl: dict[str, list[str]] = field(default_factory=dict)

    def ratio(self, run: str, other: str = "floor") -> float:
        """Return how many times as long as another a run takes, by their medians."""
        return median(self.seconds[run]) / median(self.seconds[other])


class Target(NamedTuple):
    """A figure that stays at or below a limit."""

    name: str
    limit: float
    measured: float
    unit: str


def targets(results: Results) -> list[Target]:
    """Return this project's targets. They are no test: a clock in a test fails on a busy machine."""
    least, most = SECRETS[0], SECRETS[-1]
    writing = sum(run not in _READING for stack in STACKS for run in results.flyctl[f"unchanged {stack}"])
    # Staging was never deployed here, and of an app without a deployed secret flyctl is asked twice.
    refresh = results.flyctl["refresh production"]
    repeated = max(refresh.count(run) for run in refresh)
    more = len(results.flyctl[f"first, {most} secrets"]) - len(results.flyctl[f"first, {least} secrets"])
    growth = results.ratio(f"first, {most} secrets", f"first, {least} secrets")
    return [
        *(
            Target(f"Unchanged preview of {s}", limit, results.ratio(f"preview {s}"), "×")
            for s, limit in _LIMITS.items()
        ),
        Target("… of production, beside the plain way", 0.85, results.ratio("preview production", "plain"), "×"),
        Target(f"`up` with {most} secrets, beside {least}", 1.2, growth, "×"),
        Target(f"More flyctl runs with {most} secrets than with {least}", 0, more, ""),
        Target("Writing flyctl runs of unchanged `up`s", 0, writing, ""),
        Target("flyctl runs of one kind in a refresh of production", 1, repeated, ""),
    ]


def render(results: Results) -> str:
    """Return the whole page."""
    goals = (
        (
            t.name,
            _figure(t.limit, t.unit),
            _figure(t.measured, t.unit),
            "met" if t.measured <= t.limit else "**missed**",
        )
        for t in targets(results)
    )
    growth = ("staging with … extra secrets", "first `up`", "flyctl runs", "unchanged `up`", "flyctl runs")
    parts = [
        _HEAD.format(rounds=results.rounds),
        "## Targets\n",
        _table(("target", "at most", "here", ""), goals),
        "## Runs\n",
        _table(
            ("", "seconds", "fastest–slowest", "× floor", "largest process", "flyctl runs"),
            (_run(results, name) for name in results.seconds if "secrets" not in name),
        ),
        "## Growth\n",
        _table(growth, (_growth(results, count) for count in SECRETS)),
        "## Measured on\n",
        "\n".join(f"- {name}: {text}" for name, text in results.machine.items()) + "\n",
    ]
    return "\n".join(parts)


def describe() -> dict[str, str]:
    """Return the machine and the versions, without which seconds say nothing."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    engine = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    host = "an installed CLI and the official language host" if official() else "built here, with its language host"
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in _PACKAGES)
    return {
        "Machine": f"{os.cpu_count()} × {cpu[1] if cpu else 'CPU'}, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}",
        "Engine": f"{engine}, {host}",
        "Python": f"{platform.python_version()}; {versions}",
    }


def _run(results: Results, name: str) -> Iterable[str]:
    seconds = results.seconds[name]
    verb, _, stack = name.partition(" ")
    return (
        _NAMES.get(name) or f"{_VERBS.get(verb, verb)} {stack}",
        f"{median(seconds):.2f}",
        f"{min(seconds):.2f}–{max(seconds):.2f}",
        f"{results.ratio(name):.2f}",
        f"{results.memory[name] / 1e6:.0f} MB",
        str(len(results.flyctl[name])),
    )


def _growth(results: Results, count: int) -> Iterable[str]:
    yield str(count)
    for verb in ("first", "unchanged"):
        run = f"{verb}, {count} secrets"
        ratio = results.ratio(run, f"{verb}, {SECRETS[0]} secrets")
        yield f"{median(results.seconds[run]):.2f} s ({ratio:.2f} ×)"
        yield str(len(results.flyctl[run]))


def _figure(value: float, unit: str) -> str:
    return f"{value:.2f} ×" if unit else f"{value:.0f}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    return "".join(f"| {' | '.join(line)} |\n" for line in (columns, ["---"] * len(columns), *rows))
