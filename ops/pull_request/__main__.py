"""Make an environment for a pull request, and destroy it once that closes.

The environment is a branch of the database that Pulumi.pr.yaml names, and a Fly
app; both stop while nobody uses them. Exit code 0: done; otherwise the code of
`pulumi`, or 1 with a message.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.clouds import github
from infra.config import pull_requests
from infra.config.stack_files import read_stack_files
from infra.errors import UserError
from ops import stacks
from ops.access import Access
from ops.backend import require_shared
from ops.pull_request import comment, leftovers
from ops.pull_request.environment import LIFETIME, Environment
from ops.settings import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.config.stack_files import StackFiles

# The workflow ends sooner, so that no run still updates a stack that did not change for this long.
_QUIET = timedelta(hours=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    require_shared()
    files = read_stack_files(stacks.folder())
    if options.command == "sweep":
        return sweep(files, _open(files), nothing_runs=options.nothing_runs)
    environment = Environment(options.number, files)
    if options.command == "up":
        return environment.up(options.branch, nothing_runs=options.nothing_runs)
    if options.command == "down":
        return environment.down(nothing_runs=options.nothing_runs)
    return comment.write(environment, options.branch, options.result)


def sweep(files: StackFiles, still_open: set[int], *, nothing_runs: bool) -> int:
    """Destroy the environments of closed and of idle pull requests, then delete their resources without a stack.

    Args:
        files: The stack files.
        still_open: The numbers of the open pull requests.
        nothing_runs: The caller vouches that no update of a pull request's stack is running.

    Returns:
        1 if an environment could not be destroyed, else 0.

    Raises:
        StackError, StackFileError: Pulumi cannot be run, or the copied stack cannot be read.
        CloudError, FlyError: A cloud did not answer.
    """
    # List resources before stacks: a resource is made after its stack, so that a new resource has its stack listed.
    found = list(leftovers.there(files))
    there = stacks.pull_requests()
    failed = False
    for number, stack in there.items():
        if number in still_open and not unchanged_for(LIFETIME, stack):
            continue
        why = "had no push for a week" if number in still_open else "is closed"
        print(f"Pull request {number} {why}. Destroying its environment:")
        try:
            quiet = nothing_runs or unchanged_for(_QUIET, stack)
            failed |= Environment(number, files).down(nothing_runs=quiet) != 0
        except UserError as error:
            print(f"Pull request {number}: {error}")
            failed = True
    for number, item in found:
        if number not in there:
            leftovers.delete(item, files)
    return int(failed)


def unchanged_for(time: timedelta, stack: dict[str, Any]) -> bool:
    """Tell whether a stack's last change is longer ago than a time; False for a stack that never changed."""
    try:
        changed = datetime.fromisoformat(str(stack.get("lastUpdate")))
    except ValueError:
        return False
    return datetime.now(UTC) - changed > time


def _open(files: StackFiles) -> set[int]:
    """Return the numbers of the open pull requests in the application's repository.

    Raises:
        CloudError: GitHub did not answer.
    """
    settings = readable(pull_requests.parent_of(files), files)
    repository = f"{settings.github_owner}/{settings.github_repository}"
    client = Access({}).client("GitHub")
    with client.documented():
        return {int(found["number"]) for found in github.pull_requests(client, repository)}


def _number(text: str) -> int:
    """Return a pull request's number from a command line.

    Raises:
        argparse.ArgumentTypeError: The text is no such number.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no pull request's number")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bin/pull-request", description=__doc__, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True)
    parts = {
        "up": "make or renew the environment",
        "down": "destroy the environment and its stack",
        "sweep": "destroy every environment whose pull request is closed, or that had no push for a week",
        "comment": "write the environment's links on the pull request",
    }
    for name, what in parts.items():
        part = commands.add_parser(name, help=what, description=what)
        if name != "sweep":
            part.add_argument("number", type=_number, metavar="N", help="the pull request's number")
        if name in {"up", "comment"}:
            head = os.environ.get("GITHUB_HEAD_REF")
            part.add_argument("--branch", default=head, required=not head, help="its branch; default: GITHUB_HEAD_REF")
        if name == "comment":
            part.add_argument("--result", choices=comment.RESULTS, default="success")
        else:
            part.add_argument(
                "--nothing-runs", action="store_true", help="release a lock; only if no update is running anywhere"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
