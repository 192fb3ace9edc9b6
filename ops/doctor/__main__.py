"""`bin/doctor`: list the programs, accounts and settings that are there or missing, with the fix."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from ops import stacks
from ops.doctor import machine, stack
from ops.terminal import WIDTH, labelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from infra.checks.findings import Finding

Section = tuple[str, "Callable[[], Iterable[Finding]]"]


def sections(wanted: str | None) -> list[Section]:
    """Return the checks to run, in order, with their headings.

    Args:
        wanted: `sandbox` or a stack; None for everything.
    """
    sandbox: Section = ("The sandbox and the tests (bin/sandbox, make test)", machine.sandbox)
    if wanted == "sandbox":
        return [sandbox]
    names = [wanted] if wanted else stacks.names(stacks.folder())
    real: Section = ("Real accounts (pulumi up)", machine.real)
    return [*([] if wanted else [sandbox]), real, *((f"Stack {name}", partial(stack.check, name)) for name in names)]


def report(wanted: str | None) -> int:
    """Print the findings as they come, then a summary; return the number of sections with a problem."""
    seen: dict[str, Counter[str]] = {}
    for heading, check in sections(wanted):
        print(heading, flush=True)
        counts = seen[heading[0].lower() + heading[1:].partition(" (")[0]] = Counter()
        for finding in check():
            counts["bad" if finding.stops else finding.state] += 1
            state = finding.state.upper() if finding.stops else finding.state
            print(labelled(f"  {state}", finding.what), flush=True)
            if finding.fix:
                print(labelled(f"{'':11}→", finding.fix, 13), flush=True)
    good = [name for name, counts in seen.items() if counts["ok"] and not counts["bad"]]
    bad = [f"{name} ({counts['bad']})" for name, counts in seen.items() if counts["bad"]]
    summary = f"In order: {', '.join(good) or 'nothing yet'}." + (f" Not yet: {', '.join(bad)}." if bad else "")
    print(textwrap.fill(summary, WIDTH))
    return len(bad)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return 1 if the user named a part and that part has a problem."""
    parser = argparse.ArgumentParser(
        prog="bin/doctor",
        description="List which programs, accounts and settings are missing, with the next step. Changes nothing.",
        epilog="Exit code 0: listed; 1: you named the sandbox or a stack, and it has a problem.",
    )
    parser.add_argument("stack", nargs="?", metavar="sandbox|STACK", help="check this alone; default: everything")
    parser.add_argument("--for", dest="wanted", metavar="sandbox|STACK", help="the same")
    options = parser.parse_args(arguments)
    wanted = options.wanted if options.stack is None else options.stack
    known = ["sandbox", *stacks.names(stacks.folder())]
    if wanted is not None and wanted not in known:
        parser.error(f"there is no stack {wanted!r}: choose from {', '.join(known)}")
    bad = report(wanted)
    return 1 if wanted and bad else 0


if __name__ == "__main__":
    sys.exit(main())
