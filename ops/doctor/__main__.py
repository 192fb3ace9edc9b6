"""`bin/doctor`: lists what is there and what is missing, with the fix, before a person runs into it."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

from ops import stacks
from ops.doctor import checkup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ops.doctor.checkup import Finding

_COLOURS = {"ok": "32", "missing": "31", "wrong": "31", "note": "33"}
_BAD = ("missing", "wrong")

Section = tuple[str, "Callable[[], Iterable[Finding]]"]


def sections(wanted: str | None) -> list[Section]:
    """Return what to look at, in order, with its heading.

    Args:
        wanted: `sandbox`, `tests` or a stack; None for everything.
    """
    sandbox: Section = ("The sandbox (bin/sandbox)", checkup.sandbox)
    tests: Section = ("The tests (make test), beside the sandbox", checkup.tests)
    if wanted == "sandbox":
        return [sandbox]
    if wanted == "tests":
        return [sandbox, tests]
    names = [wanted] if wanted else stacks.names(stacks.folder())
    real: Section = ("A real `pulumi up`", checkup.real)
    each: list[Section] = [(f"Stack {name}", lambda name=name: checkup.stack(name)) for name in names]  # type: ignore[misc]
    return [*([] if wanted else [sandbox, tests]), real, *each]


def report(wanted: str | None, *, colour: bool) -> int:
    """Print the findings as they come, then what is in order; return in how many parts something is amiss."""
    seen: dict[str, Counter[str]] = {}
    for heading, look in sections(wanted):
        print(heading, flush=True)
        states = seen[heading[0].lower() + heading[1:].partition(" (")[0]] = Counter()
        for finding in look():
            states["bad" if finding.state in _BAD else finding.state] += 1
            label = finding.state.upper() if finding.state in _BAD else finding.state
            mark = f"\x1b[{_COLOURS[finding.state]}m{label:8}\x1b[0m" if colour else f"{label:8}"
            print(f"  {mark} {finding.what}", flush=True)
            if finding.fix:
                print(f"  {'':8} → {finding.fix}", flush=True)
    good = [name for name, states in seen.items() if states["ok"] and not states["bad"]]
    bad = [f"{name} ({states['bad']})" for name, states in seen.items() if states["bad"]]
    print(f"In order: {', '.join(good) or 'nothing yet'}." + (f" Not yet: {', '.join(bad)}." if bad else ""))
    return len(bad)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return 1 where something that was asked for by name is missing."""
    parser = argparse.ArgumentParser(prog="bin/doctor", description="List what is there and what is missing.")
    parser.add_argument(
        "--for",
        dest="wanted",
        metavar="sandbox|tests|STACK",
        help="look at this alone, and end with exit code 1 where something is missing",
    )
    wanted = parser.parse_args(arguments).wanted
    known = ["sandbox", "tests", *stacks.names(stacks.folder())]
    if wanted and wanted not in known:
        parser.error(f"there is no stack {wanted}: choose from {', '.join(known)}")
    bad = report(wanted, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    return 1 if wanted and bad else 0


if __name__ == "__main__":
    sys.exit(main())
