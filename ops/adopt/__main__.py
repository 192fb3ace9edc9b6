"""`bin/adopt`: show the existing resources that a stack would make again, and write the settings that import them."""

from __future__ import annotations

import argparse
import sys
from difflib import unified_diff
from textwrap import fill
from typing import TYPE_CHECKING, Any

from infra.clouds.http import CloudError
from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from infra.providers.fly.errors import FlyError
from ops import inventory, stacks
from ops.access import Access
from ops.adopt import data, deployed, domains, pages, project_file
from ops.adopt.rows import Look
from ops.adopt.table import render
from ops.adopt.write import proposals, write
from ops.settings import readable
from ops.stacks import StackError
from ops.terminal import WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from infra.config.settings import Settings
    from infra.config.stack_files import StackFiles
    from ops.adopt.rows import Row

PARTS: dict[str, Callable[[Look], Iterator[Row]]] = {
    "database": data.database,
    "backend": deployed.backend,
    "storage": data.storage,
    "frontend": pages.frontend,
    "domains": domains.domains,
    "delivery": deployed.delivery,
}
"""The parts, with the function that looks for each part's resources.

The order counts: an app's kept keys decide whether `up` makes keys of the bucket; GitHub's variables come last, because
they hold facts of the other parts.
"""

UNANSWERED = 3
"""The exit code where a cloud gave no usable answer."""

_CREATED = (
    "The plan shows the Fly app as a creation (`+ fly-app`), because Pulumi cannot import it: `up` takes the app as it "
    "is, and restarts nothing."
)


def look_at(look: Look, parts: Sequence[str], files: StackFiles) -> tuple[list[Row], dict[str, str]]:
    """Ask the clouds about the resources of parts. A part sees the proposals for the parts before it.

    Returns:
        The findings; and by part, the reason why its cloud gave no usable answer.
    """
    rows: list[Row] = []
    unanswered = {}
    stack = look.settings.stack
    for part in parts:
        try:
            rows += [*PARTS[part](look)]
        except (CloudError, FlyError) as error:
            unanswered[part] = str(error)
        look = look._replace(settings=examine_files(stack, proposals(stack, rows, files).files)[0])
    return rows, unanswered


def run(stack: str, only: Sequence[str], *, writes: bool) -> int:
    """Show the findings of one stack, write the proposals if `writes`, and return the exit code.

    Raises:
        StackError: Pulumi cannot be run, or its answer is not usable.
        StackFileError: A stack's file is not readable.
    """
    files = read_stack_files(stacks.folder())
    if stack not in files.stacks:
        raise StackError(f"There is no Pulumi.{stack}.yaml. Stack files: {', '.join(sorted(files.stacks))}.")
    settings = readable(stack, files)
    parts = _parts(settings, only, files)
    states = inventory.read(files.stacks)
    if stack in states.pending:
        raise StackError(f"An update of stack {stack} was interrupted. First run:\n  bin/recover {stack}")
    for other, problem in states.unread.items():
        print(f"The state of stack {other} could not be read, so this may propose its resources for {stack}. {problem}")
    rows, unanswered = look_at(Look(settings, Access.of(stack), states), parts, files)
    print(render(rows, settings), end="")
    for part, problem in unanswered.items():
        print(f"Not checked: {part}. {problem}\n")
    proposed = proposals(stack, rows, files)
    by_file = {f"Pulumi.{stack}.yaml": proposed.own, "Pulumi.yaml": proposed.shared}
    changed = {stacks.folder() / name: keys for name, keys in by_file.items() if keys}
    if writes:
        _write(stack, changed, files)
    before = examine_files(stack, files)[1]
    for problem in examine_files(stack, proposed.files)[1]:
        if problem not in before:
            print(f"Correct this before `up`: {problem}")
    if changed or not unanswered:
        _conclude(stack, changed, app=any(row.adopt.keys() & {"flyApp", "apps"} for row in rows), written=writes)
    return UNANSWERED if unanswered else 0


def _parts(settings: Settings, only: Sequence[str], files: StackFiles) -> list[str]:
    """Return the parts to ask about: the parts that the stack manages, or those of them in `only`."""
    named = {"domains"} if settings.domains.named() or settings.former_domains.named() else set()
    managed = {*settings.manage, *named}
    if unmanaged := sorted({*only} - managed - {"domains"}):
        raise StackError(
            f"Stack {settings.stack} does not manage {', '.join(unmanaged)}: add it to {files.name}:manage first."
        )
    return [part for part in PARTS if part in managed.intersection(only or managed)]


def _write(stack: str, changed: Mapping[Path, dict[str, Any]], files: StackFiles) -> None:
    """Write the proposals, and print a diff of each file."""
    for path, keys in changed.items():
        before = path.read_text(encoding="utf-8").splitlines()
        if path.name == "Pulumi.yaml":
            project_file.write(path, keys)
        else:
            write(stack, keys, files)
        after = path.read_text(encoding="utf-8").splitlines()
        print(*unified_diff(before, after, stacks.shown(path), stacks.shown(path), n=1, lineterm=""), sep="\n")
        print()


def _conclude(stack: str, changed: Mapping[Path, dict[str, Any]], *, app: bool, written: bool) -> None:
    """Print the last lines: the keys by file, and the next command.

    Args:
        stack: The stack's name.
        changed: The changed keys by file.
        app: Whether the proposals adopt a Fly app.
        written: Whether the files have the keys now.
    """
    if not changed:
        print(f"Nothing to write: {stacks.shown(stacks.folder() / f'Pulumi.{stack}.yaml')} needs no change.")
        return
    for path, keys in changed.items():
        say = f"{'Written' if written else 'To be written'} into {stacks.shown(path)}: {', '.join(keys)}"
        print(fill(say, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
    if app:
        print(fill(_CREATED, WIDTH))
    if written:
        print(f"Next:\n  pulumi preview -s {stack} --diff")
    else:
        print(f"Nothing was changed. To write it:\n  bin/adopt {stack} --write")


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
        help=f"check only these parts, such as database,storage; the parts are {', '.join(PARTS)}",
    )
    options = parser.parse_args(arguments)
    only = [part for part in options.only.split(",") if part]
    if unknown := set(only) - PARTS.keys():
        parser.error(f"--only: there is no part {', '.join(sorted(unknown))}")
    return run(options.stack, only, writes=options.write)


if __name__ == "__main__":
    sys.exit(main())
