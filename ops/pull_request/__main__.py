"""`bin/pull-request`: give a pull request an environment, take it away, and sweep up what is left of others."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from infra.clouds import github
from infra.clouds.http import CloudError
from infra.config import pull_requests
from infra.config.stack_files import StackFileError, read_stack_files
from infra.providers.fly.errors import FlyError
from ops import stacks
from ops.access import Access
from ops.backend import refusal
from ops.github import GitHubError
from ops.joblog import say
from ops.pull_request import comment, sweep
from ops.pull_request.environment import Environment
from ops.settings import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.config.stack_files import StackFiles


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    if refused := refusal():
        say(f"bin/pull-request: {refused}", file=sys.stderr)
        return 1
    try:
        return _run(options)
    except (stacks.StackError, StackFileError, CloudError, FlyError, GitHubError, OSError) as error:
        say(f"bin/pull-request: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    files = read_stack_files(stacks.folder())
    if options.command == "sweep":
        return sweep.sweep(files, _open(files), nothing_runs=options.nothing_runs)
    environment = Environment(options.number, files)
    if options.command == "up":
        return environment.up(options.branch, nothing_runs=options.nothing_runs)
    if options.command == "down":
        return environment.down(nothing_runs=options.nothing_runs)
    return comment.write(environment, options.branch, options.result)


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
        argparse.ArgumentTypeError: It is none.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no pull request's number")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/pull-request",
        description="Give a pull request an environment of its own: a branch of the database that Pulumi.pr.yaml names "
        "and a Fly app, which stop while nobody uses them. Take it away once the pull request is closed.",
        epilog="Exit code 0: done; otherwise the message says what failed, and the code is that of the command.",
    )
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
            part.add_argument("--branch", default=head, required=not head, help="its branch; in a workflow, known")
        if name == "comment":
            part.add_argument("--result", choices=comment.RESULTS, default="success")
        else:
            part.add_argument(
                "--nothing-runs", action="store_true", help="release a lock: no update of the stack is running anywhere"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
