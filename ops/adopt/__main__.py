"""`bin/adopt`: show the existing resources that a stack would make again, and write them into its file."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

from infra.clouds.http import CloudError
from infra.config.load import examine_files
from infra.config.stack_files import StackFileError, read_stack_files
from ops import inventory, stacks
from ops.access import Access
from ops.adopt import data, deployed, domains, pages, project_file
from ops.adopt.rows import Look
from ops.adopt.table import render
from ops.adopt.write import Proposals, proposals, write
from ops.settings import readable
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from infra.config.settings import Settings
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


class Findings(NamedTuple):
    """The findings of all parts.

    Attributes:
        rows: The findings of each resource.
        unanswered: By part, why its cloud gave no usable answer.
    """

    rows: list[Row]
    unanswered: dict[str, str]


def look_at(look: Look, parts: Sequence[str]) -> Findings:
    """Ask the clouds about the resources of parts, all at once."""
    rows: list[Row] = []
    unanswered = {}

    def ask(part: str) -> list[Row] | CloudError:
        try:
            return list(PARTS[part](look))
        except CloudError as error:
            return error

    with ThreadPoolExecutor() as pool:
        for part, found in zip(parts, pool.map(ask, parts), strict=True):
            if isinstance(found, CloudError):
                unanswered[part] = str(found)
            else:
                rows += found
    return Findings(rows, unanswered)


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
    findings = _in_order(Look(settings, Access.of(stack), found), parts, files)
    proposed = proposals(stack, findings.rows, files)
    _show(findings, settings)
    if writes:
        _write(stack, proposed, files)
    print(_conclusion(stack, proposed, written=writes))
    before = examine_files(stack, files)[1]
    for problem in examine_files(stack, proposed.files)[1]:
        if problem not in before:
            print(f"  - then first mend {problem}")
    return UNANSWERED if findings.unanswered else 0


def _in_order(look: Look, parts: Sequence[str], files: StackFiles) -> Findings:
    """Return the findings of all parts: first of those that the others depend on, then of the others."""
    rows, unanswered = look_at(look, [part for part in parts if part not in LATER])
    stack = look.settings.stack
    then = examine_files(stack, proposals(stack, rows, files).files)[0]
    later = look_at(look._replace(settings=then), [part for part in parts if part in LATER])
    return Findings(rows + later.rows, unanswered | later.unanswered)


def _show(findings: Findings, settings: Settings) -> None:
    print(render(findings.rows, settings))
    for row in findings.rows:
        if row.command:
            print(f"{row.resource}: revoke what nothing uses:\n  {row.command}")
    for part, problem in findings.unanswered.items():
        print(f"Not looked at: {part}. {problem}")


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
        description="Show which resources exist that a stack would make, and how they differ from its settings. Reads "
        "the clouds, and changes nothing in them.",
    )
    parser.add_argument("stack", metavar="STACK", help="the stack's name")
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
    if not options.stack:  # an unset variable: Pulumi would take the selected stack
        parser.error("STACK is empty: name a stack")
    try:
        return run(options.stack, only, writes=options.write)
    except (StackError, StackFileError) as error:
        print(f"bin/adopt: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
