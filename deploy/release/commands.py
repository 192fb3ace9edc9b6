"""Run one step of a release by its name, and turn its outcome into an exit code."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import release
from release import fly, migrations, points, proof, repository
from release.calls import CallError, ReleaseError, rerun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: dict[str, Callable[[], None]] = {
    "rehearse": migrations.rehearse,
    "deploy": fly.deploy,
    "drill": migrations.drill,
    "prove": proof.prove,
}
WITH_ARGUMENT: dict[str, Callable[[str], None]] = {
    "wait": repository.wait,
    "restore-point": points.restore_point,
    "restore": points.restore,
    "move": repository.move,
}


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code: 1 for a failure, 3 for an unknown outcome."""
    command, *rest = arguments or ("",)
    if rest and not re.fullmatch(r"[\w./:+-]+", rest[0]):
        print(f"release {command}: {rest[0]!r} is not a name", file=sys.stderr)
        return 2
    try:
        if command in COMMANDS and not rest:
            COMMANDS[command]()
        elif command in WITH_ARGUMENT and len(rest) == 1:
            WITH_ARGUMENT[command](rest[0])
        else:
            print(release.__doc__, file=sys.stderr)
            return 2
    except ReleaseError as problem:
        more = f"\n{rerun()}" if isinstance(problem, CallError) and problem.passing else ""
        print(f"release {command}: {problem}{more}", file=sys.stderr)
        return 3 if problem.passing else 1
    except (LookupError, TypeError, AttributeError, ValueError) as problem:
        # The steps read answers in their documented form. Another form leaves the outcome unknown.
        print(
            f"release {command}: a service answered in another form than it documents "
            f"({type(problem).__name__})\n{rerun()}",
            file=sys.stderr,
        )
        return 3
    return 0
