"""Find and delete resources that an interrupted update of a pull request's stack left in the clouds."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from infra import kinds
from infra.clouds import neon
from infra.config import pull_requests
from infra.config.stack_files import PULL_REQUEST
from infra.providers.fly.errors import AppNotFoundError
from infra.providers.fly.flyctl import Flyctl
from ops import inventory, stacks
from ops.access import Access
from ops.settings import readable
from ops.strays import lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.config.stack_files import StackFiles
    from ops.strays.lists import Found


def project_of(files: StackFiles) -> str:
    """Return the id of the copied stack's Neon project; empty while it has none.

    Raises:
        StackError, StackFileError: The copied stack cannot be read.
    """
    outputs = stacks.outputs(pull_requests.parent_of(files), stacks.folder()) or {}
    return str(outputs.get("neonProjectId") or "")


def there(files: StackFiles) -> Iterator[tuple[int, Found]]:
    """Yield every Fly app and Neon branch with a pull request's name, and that pull request's number.

    Raises:
        StackError, StackFileError: The copied stack cannot be read.
        CloudError, FlyError: A cloud did not answer.
    """
    parent = readable(pull_requests.parent_of(files), files)
    project = project_of(files)
    branches = lists.branches(Access({}), project) if project else ()
    for found in (*lists.apps(parent.fly_organization), *branches):
        named = f"{parent.fly_app}-{PULL_REQUEST}" if found.kind == kinds.FLY_APP else PULL_REQUEST
        if match := re.fullmatch(named, found.name):
            yield int(match[1]), found


def remove(number: int, files: StackFiles) -> bool:
    """Delete a pull request's resources that no state has, and a branch whose compute the state lacks.

    Returns:
        Whether there were such resources.

    Raises:
        StackError, StackFileError: The copied stack, or the pull request's, cannot be read.
        CloudError, FlyError: A cloud did not answer, or refused.
    """
    stack = pull_requests.stack_of(number)
    states = inventory.read_these([stack])
    if states.unread:
        raise stacks.StackError(f"Reading the state of stack {stack}: {states.unread[stack]}")
    whole = states.keys(kinds.NEON_ENDPOINT, stack)
    lost = [
        found
        for owner, found in there(files)
        if owner == number and not (states.owner(found.kind, found.key) and (whole or found.kind != kinds.NEON_BRANCH))
    ]
    for found in lost:
        delete(found, files)
    return bool(lost)


def delete(found: Found, files: StackFiles) -> None:
    """Delete a Fly app or a Neon branch that an interrupted update left. A missing resource is no error.

    Raises:
        StackError, StackFileError: The copied stack cannot be read.
        CloudError, FlyError: The cloud refused.
    """
    if found.kind == kinds.FLY_APP:
        with suppress(AppNotFoundError):
            Flyctl().apps_destroy(found.name)
    else:
        neon.delete_branch(Access({}).client("Neon"), project_of(files), found.key)
    print(f"Deleted {found.kind.title} {found.name}, which an interrupted update left.")
