"""`bin/strays`: list resources in the configured accounts that no stack's state has. It deletes nothing."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.config.stack_files import read_stack_files
from ops import inventory, stacks
from ops.access import Access, ask_all
from ops.settings import readable
from ops.stacks import StackError
from ops.strays import lists, report

if TYPE_CHECKING:
    from collections.abc import Sequence

UNANSWERED = 3
"""The exit code where a service gave no usable answer."""


def run(*, form: str, ours: bool, report_path: Path | None = None) -> int:
    """Print the strays, or add them to a report in Markdown, and return the exit code.

    Raises:
        StackError: A stack's state could not be read, so that its resources would look like strays.
        StackFileError: A stack's file is not readable.
    """
    files = read_stack_files(stacks.folder())
    settings = [readable(stack, files) for stack in files.stacks]
    states = inventory.read(files.stacks)
    if states.unread:
        problems = "; ".join(f"{stack}: {problem}" for stack, problem in states.unread.items())
        raise StackError(f"A state could not be read, so its resources would look like strays: {problems}")
    access = Access.of(next(iter(stacks.names(stacks.folder())), ""))
    found, unanswered = ask_all(lists.listings(access, settings, states))
    names = report.own_names(files.name, settings)
    strays = [stray for stray in report.strays(found, states, names, datetime.now(UTC)) if stray.ours or not ours]
    text = report.render(strays, unanswered, "markdown" if report_path else form)
    if report_path and report_path.exists() and (strays or unanswered):
        with report_path.open("a", encoding="utf-8") as file:
            file.write(f"\n### Strays: no stack's state has these\n\n{text}")
    print(text, end="")
    if form == "json":
        for name, problem in unanswered.items():
            print(f"Not checked: {name}. {problem}", file=sys.stderr)
    return UNANSWERED if unanswered else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the strays and return the exit code: 3 where a service gave no usable answer."""
    parser = argparse.ArgumentParser(
        prog="bin/strays",
        description="List resources in the accounts of the stack files that no stack's state has: their age, their "
        "cost where it is known, and whether their name is one of this project's. Changes nothing.",
        epilog="Exit code 0: listed; 1: a state could not be read; 3: a service did not answer.",
    )
    parser.add_argument("--ours", action="store_true", help="list only names of this project")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("--report", type=Path, metavar="FILE", help="add the strays to `bin/drift`'s report")
    options = parser.parse_args(arguments)
    return run(form=options.format, ours=options.ours, report_path=options.report)


if __name__ == "__main__":
    sys.exit(main())
