"""`bin/strays`: show what the configured accounts hold and no stack's state has. It deletes nothing."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.config.stack_files import StackFileError, read_stack_files
from ops import inventory, stacks
from ops.access import Access
from ops.settings import readable
from ops.stacks import StackError
from ops.strays import lists, report

if TYPE_CHECKING:
    from collections.abc import Sequence

UNANSWERED = 3
"""The exit code where a service gave no usable answer."""


def run(*, form: str, ours: bool) -> int:
    """Print the strays, and return the exit code.

    Raises:
        StackError: A stack's state could not be read: its resources would look like strays.
        StackFileError: A stack's file is not readable.
    """
    files = read_stack_files(stacks.folder())
    settings = [readable(stack, files) for stack in files.stacks]
    states = inventory.read(files.stacks)
    if states.unread:
        problems = "; ".join(f"{stack}: {problem}" for stack, problem in states.unread.items())
        raise StackError(f"A state could not be read, and its resources would look like strays: {problems}")
    access = Access.of(next(iter(files.stacks), ""))
    found, unanswered = lists.read(lists.listings(access, settings))
    names = report.own_names(files.name, settings)
    strays = [stray for stray in report.strays(found, states, names, datetime.now(UTC)) if stray.ours or not ours]
    print(report.render(strays, form), end="")
    for name, problem in unanswered.items():
        print(f"Not looked at: {name}. {problem}", file=sys.stderr)
    return UNANSWERED if unanswered else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the strays and return the exit code: 3 where a service gave no usable answer."""
    parser = argparse.ArgumentParser(
        prog="bin/strays",
        description="Show what the clouds hold, within the accounts that the stack files name, and no stack's state "
        "has: its age, its cost where that is known, and whether its name is one of this project's. Deletes nothing.",
    )
    parser.add_argument("--ours", action="store_true", help="show names of this project alone")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    options = parser.parse_args(arguments)
    try:
        return run(form=options.format, ours=options.ours)
    except (StackError, StackFileError) as error:
        print(f"bin/strays: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
