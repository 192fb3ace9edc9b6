"""Destroy the environments that nobody needs any more, and what no stack knows of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra import kinds
from infra.clouds.http import CloudError
from infra.config import pull_requests
from infra.providers.fly.errors import FlyError
from ops import inventory, stacks
from ops.joblog import say
from ops.pull_request import leftovers
from ops.pull_request.environment import Environment
from ops.stacks import StackError

if TYPE_CHECKING:
    from infra.config.stack_files import StackFiles

# Longer than the workflow may run, so that nobody updates a stack that did not change for so long.
_QUIET = timedelta(hours=2)


def sweep(files: StackFiles, still_open: set[int], *, nothing_runs: bool) -> int:
    """Destroy what is closed or expired, then delete what has a pull request's name and no stack.

    Args:
        files: The stack files.
        still_open: The numbers of the open pull requests.
        nothing_runs: The caller vouches that no pull request's stack is being updated.

    Returns:
        1 if something could not be destroyed, else 0.

    Raises:
        StackError, StackFileError: Pulumi or the copied stack cannot be read.
        CloudError, FlyError: A cloud did not answer.
    """
    # Read before the stacks: each of these was made after its own stack.
    found = list(leftovers.there(files))
    there = stacks.pull_requests()
    failed = False
    for number, stack in there.items():
        if why := "it is closed" if number not in still_open else _expired(number, files):
            say(f"Pull request {number}: {why}.")
            failed |= not _destroyed(Environment(number, files), nothing_runs=nothing_runs or is_quiet(stack))
    project = leftovers.project_of(pull_requests.parent_of(files))
    for number, item in found:
        if number not in there:
            leftovers.delete(item, project)
            say(f"Deleted {item.kind.title} {item.name}, which no stack has.")
    return int(failed)


def _expired(number: int, files: StackFiles) -> str:
    """Return why an open pull request's environment must go; empty if it may stay.

    Raises:
        StackError: Its state cannot be read.
        CloudError, FlyError: A cloud did not answer.
    """
    states = inventory.read_these([pull_requests.stack_of(number)])
    if states.unread:
        raise StackError("; ".join(states.unread.values()))
    # Listed after the state: what an `up` made meanwhile is no expired branch.
    live = {item.key for _, item in leftovers.there(files)}
    gone = [key for key in states.keys(kinds.NEON_BRANCH, pull_requests.stack_of(number)) if key not in live]
    return "its database expired" if gone else ""


def _destroyed(environment: Environment, *, nothing_runs: bool) -> bool:
    try:
        return environment.down(nothing_runs=nothing_runs) == 0
    except (StackError, CloudError, FlyError) as error:
        say(f"Pull request {environment.number}: {error}")
        return False


def is_quiet(stack: dict[str, Any]) -> bool:
    """Tell whether a stack did not change for so long that no update of it can be running."""
    try:
        changed = datetime.fromisoformat(str(stack.get("lastUpdate")))
    except ValueError:
        return False
    return datetime.now(UTC) - changed > _QUIET
