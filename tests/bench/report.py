"""Renders docs/performance.md."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from tests.bench.results import Results, targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PACKAGES = 10
_HEAD = """\
# What a preview costs

Written by `make bench`, which takes some minutes on an otherwise idle machine: edit `tests/bench/`, not this file.
Everything ran in the sandbox, in turns, with the same engine, language host and environment switches and with compiled
modules; times are medians of {rounds} rounds after a warm-up. The floor is a program that does nothing. The plain way
is this program with `import pulumi_cloudflare` and `import pulumi_github` at its top, without the start-up line of
`__main__.py`. Real provider plug-ins, which start as processes of their own, and the network are not in these figures.
"""


def render(results: Results) -> str:
    """Return the whole file."""
    parts = [
        _HEAD.format(rounds=results.rounds),
        "## Targets\n",
        _table(
            ("target", "at most", "here", ""),
            [
                (
                    t.what,
                    _figure(t.limit, t.unit),
                    _figure(t.found, t.unit),
                    "met" if t.found <= t.limit else "**missed**",
                )
                for t in targets(results)
            ],
        ),
        "## Runs\n",
        _table(
            ("", "seconds", "fastest–slowest", "× floor", "memory", "program's own", "processes", "flyctl runs"),
            [_run(results, name) for name in results.seconds if "secrets" not in name],
        ),
        "Memory is the highest of all processes together (a page that n of them share counts as an n-th), without the "
        "stand-ins; processes are those that lived for some hundredths of a second.\n",
        "## Growth\n",
        _table(
            ("staging with … secrets of a team's own", "first `up`", "flyctl runs", "unchanged `up`", "flyctl runs"),
            [_growth(results, count) for count in results.secrets],
        ),
        "## Where an unchanged preview's time goes\n",
        "In seconds; one after the other.\n",
        _table(("", *results.stacks), _phases(results)),
        "Imports of the program by package, in seconds of each package's own code (`-X importtime`):\n",
        _table(("", *results.stacks), _imports(results)),
        "The processes of a preview of staging:\n",
        _table(
            ("", "starts at", "ends at", "processor time", "memory"),
            [
                (p.role, *(f"{seconds:.2f} s" for seconds in (p.started, p.ended, p.cpu)), _megabytes(p.peak))
                for p in results.watched["preview staging"].processes
            ],
        ),
        "## Measured on\n",
        "\n".join(f"- {name}: {text}" for name, text in results.machine.items()) + "\n",
    ]
    return "\n".join(parts)


def _run(results: Results, name: str) -> Iterable[str]:
    seconds, watched = results.seconds[name], results.watched.get(name)
    program = max((process.peak for process in watched.of("program")), default=0) if watched else 0
    return (
        _NAMES.get(name) or _name(name),
        f"{median(seconds):.2f}",
        f"{min(seconds):.2f}–{max(seconds):.2f}",
        f"{results.ratio(name):.2f}",
        _megabytes(watched.peak) if watched else "",
        _megabytes(program) if program else "",
        str(len(watched.processes)) if watched else "",
        str(len(results.flyctl[name])),
    )


_NAMES = {"floor": "preview of an empty program: the floor", "plain": "preview production, the plain way"}
_VERBS = {"fresh": "first `up`", "unchanged": "unchanged `up`"}


def _name(run: str) -> str:
    verb, _, stack = run.partition(" ")
    return f"{_VERBS.get(verb, verb)} {stack}"


def _growth(results: Results, count: int) -> Iterable[str]:
    row = [str(count)]
    for verb in ("fresh", "unchanged"):
        run = f"{verb}, {count} secrets"
        ratio = results.ratio(run, f"{verb}, {results.secrets[0]} secrets")
        row += [f"{results.median(run):.2f} s ({ratio:.2f} ×)", str(len(results.flyctl[run]))]
    return row


def _phases(results: Results) -> list[Sequence[str]]:
    found = {stack: results.phases[stack] for stack in results.stacks}
    names = list(found[results.stacks[0]][0])
    return [(name, *(f"{median(run[name] for run in runs):.2f}" for runs in found.values())) for name in names]


def _imports(results: Results) -> list[Sequence[str]]:
    """Return the packages that take longest in the largest stack, and the sums."""
    longest = sorted(results.imports[results.stacks[-1]].items(), key=lambda item: -item[1])[:_PACKAGES]
    rows: list[Sequence[str]] = [
        (f"`{name}`", *(f"{results.imports[stack].get(name, 0):.3f}" for stack in results.stacks))
        for name, _ in longest
    ]
    return [*rows, ("all", *(f"{sum(results.imports[stack].values()):.3f}" for stack in results.stacks))]


def _figure(value: float, unit: str) -> str:
    number = f"{value:.2f}" if unit == "×" else f"{value:.0f}"
    return f"{number} {unit}".rstrip()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
