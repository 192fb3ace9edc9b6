"""`bin/adopt`: show the existing resources that a stack would make again, and write them into its file."""

from __future__ import annotations

import argparse
import sys
from difflib import unified_diff
from functools import partial
from typing import TYPE_CHECKING

from infra.config.load import examine_files
from infra.config.stack_files import StackFileError, read_stack_files
from ops import inventory, stacks
from ops.access import Access, ask_all
from ops.adopt import data, deployed, domains, pages, project_file
from ops.adopt.rows import Look
from ops.adopt.table import render
from ops.adopt.write import Proposals, proposals, write
from ops.settings import readable
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from infra.config.stack_files import StackFiles
    from ops.adopt.rows import Row

PARTS: dict[str, Callable[[Look], Iterator[Row]]] = {
    "database": data.database,
    "storage": data.storage,
    "frontend": pages.frontend,
    "backend": deployed.backend,
    "domains": domains.domains,
    "delivery": deployed.delivery,
}
"""What looks for each part's resources."""

LATER = ("storage", "delivery")
"""The parts that depend on the others: an app's kept keys decide whether the bucket's are made, and GitHub's variables
hold facts of the other clouds."""

UNANSWERED = 3
"""The exit code where a cloud gave no usable answer."""


Findings = tuple[list["Row"], dict[str, str]]
"""The findings of all parts; and by part, why its cloud gave no usable answer."""


def look_at(look: Look, parts: Sequence[str]) -> Findings:
    """Ask the clouds about the resources of parts, all at once."""
    return ask_all({part: partial(PARTS[part], look) for part in parts})


def run(stack: str, only: Sequence[str], *, writes: bool) -> int:
    """Show the findings of one stack, write the proposals where that is asked for, and return the exit code.

    Raises:
        StackError: Pulumi could not be run, or its answer is not usable.
        StackFileError: A stack's file is not readable.
    """
    files = read_stack_files(stacks.folder())
    if stack not in files.stacks:
        raise StackError(f"There is no Pulumi.{stack}.yaml. Stack files: {', '.join(sorted(files.stacks))}.")
    settings = readable(stack, files)
    named = {"domains"} if settings.domains.named() or settings.former_domains.named() else set()
    looked = {*settings.manage, *named}
    if unmanaged := sorted({*only} - looked - {"domains"}):
        raise StackError(f"Stack {stack} does not manage {', '.join(unmanaged)}: add it to {files.name}:manage first.")
    found = inventory.read(files.stacks)
    if stack in found.pending:
        raise StackError(f"An update of stack {stack} was interrupted. First run:\n  bin/recover {stack}")
    for other, problem in found.unread.items():
        print(f"The state of stack {other} could not be read, so its resources are not told apart: {problem}")
    parts = [part for part in PARTS if part in looked.intersection(only or looked)]
    rows, unanswered = _in_order(Look(settings, Access.of(stack), found), parts, files)
    proposed = proposals(stack, rows, files)
    print(render(rows, settings))
    sys.stdout.writelines(_below(rows, unanswered))
    if writes:
        _write(stack, proposed, files)
    print(_conclusion(stack, proposed, written=writes))
    before = examine_files(stack, files)[1]
    for problem in examine_files(stack, proposed.files)[1]:
        if problem not in before:
            print(f"  - then first mend {problem}")
    return UNANSWERED if unanswered else 0


def _in_order(look: Look, parts: Sequence[str], files: StackFiles) -> Findings:
    """Return the findings of all parts: first of those that the others depend on, then of the others."""
    rows, unanswered = look_at(look, [part for part in parts if part not in LATER])
    stack = look.settings.stack
    then = examine_files(stack, proposals(stack, rows, files).files)[0]
    later, silent = look_at(look._replace(settings=then), [part for part in parts if part in LATER])
    return rows + later, unanswered | silent


def _below(rows: Sequence[Row], unanswered: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines below the table: commands that revoke, and the parts whose cloud did not answer."""
    for row in rows:
        if row.command:
            yield f"{row.resource}: revoke what nothing uses:\n  {row.command}\n"
    for part, problem in unanswered.items():
        yield f"Not looked at: {part}. {problem}\n"


def _write(stack: str, proposed: Proposals, files: StackFiles) -> None:
    """Write the proposals, and print the difference."""
    paths = [stacks.folder() / name for name in (f"Pulumi.{stack}.yaml", "Pulumi.yaml")]
    before = [path.read_text(encoding="utf-8").splitlines() for path in paths]
    write(stack, proposed.own, files)
    project_file.write(paths[1], proposed.shared)
    for path, lines in zip(paths, before, strict=True):
        after = path.read_text(encoding="utf-8").splitlines()
        print(*unified_diff(lines, after, path.name, path.name, n=1, lineterm=""), sep="\n")


def _conclusion(stack: str, proposed: Proposals, *, written: bool) -> str:
    """Return the last lines: the changed keys by file, and the next command."""
    by_file = {f"Pulumi.{stack}.yaml": proposed.own, "Pulumi.yaml": proposed.shared}
    changed = "; ".join(f"{file}: {', '.join(keys)}" for file, keys in by_file.items() if keys)
    if not changed:
        return f"Nothing to write: Pulumi.{stack}.yaml says all of this already."
    if written:
        return f"Written into {changed}. Next:\n  pulumi preview -s {stack} --diff"
    return f"Nothing was changed. To write into {changed}:\n  bin/adopt {stack} --write"


def main(arguments: Sequence[str] | None = None) -> int:
    """Adopt for one stack and return the exit code: 3 where a cloud gave no usable answer."""
    parser = argparse.ArgumentParser(
        prog="bin/adopt",
        description="Find resources that a stack would make a second time, and propose the settings that import them. "
        "Changes nothing in the clouds.",
        epilog="Exit code 0: shown, or written; 1: the stack cannot be read or written; 3: a cloud did not answer.",
    )
    parser.add_argument("stack", metavar="STACK", type=stacks.stack_name, help="the stack's name")
    parser.add_argument("--write", action="store_true", help="write the proposals into Pulumi.STACK.yaml")
    parser.add_argument(
        "--only",
        metavar="PARTS",
        default="",
        help=f"look at these parts alone, such as database,storage: {', '.join(PARTS)}",
    )
    options = parser.parse_args(arguments)
    only = [part for part in options.only.split(",") if part]
    if unknown := set(only) - PARTS.keys():
        parser.error(f"--only: there is no part {', '.join(sorted(unknown))}")
    try:
        return run(options.stack, only, writes=options.write)
    except (StackError, StackFileError) as error:
        print(f"bin/adopt: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
