"""Keep restore points of the database, and restore the database from them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from release import neon
from release.calls import CallError, ReleaseError, UnknownError, variable

PREFIX = "restore-point-"
"""The prefix of restore points' names. This module deletes no other branch."""
KEPT = 3
"""The number of newest points that always stay."""
YOUNG = timedelta(days=7)
"""Younger points stay too, as long as the plan has room."""
# Branches to keep free for a release: its restore point, and a copy of the database.
_ROOM = 2


def points(found: list[neon.Branch]) -> list[neon.Branch]:
    """Return the restore points among branches, the newest first."""
    mine = [branch for branch in found if branch["name"].startswith(PREFIX)]
    return sorted(mine, key=lambda branch: str(branch["created_at"]), reverse=True)


def restore_point(release: str) -> None:
    """Branch the default branch as it is now, without a compute, and delete the points that are old enough.

    Args:
        release: The release's name, which becomes part of the branch's.
    """
    if not os.environ.get("NEON_API_KEY"):
        print("No restore point: `neonRestoreKey` is not set.")
        return
    found = neon.branches()
    _make_room(found, neon.limit())
    names = {branch["name"] for branch in found}
    wanted = name = PREFIX + release
    count = 1
    while name in names:  # this release was deployed before, and that point stays
        count += 1
        name = f"{wanted}-{count}"
    neon.create(name, neon.default(found)["id"])
    print(f"Restore point {name}. To put the database back to it:\npython3 deploy/release restore {name}")


def _make_room(found: list[neon.Branch], limit: int | None) -> None:
    """Delete points that are old, or that the plan has no room for."""
    mine = points(found)[KEPT - 1 :]
    oldest_first = mine[::-1]
    over = len(found) + _ROOM - limit if limit else 0
    for number, point in enumerate(oldest_first):
        old = datetime.now(UTC) - _made(point) > YOUNG
        if not old and number >= over:
            continue
        why = "older than seven days" if old else f"the plan allows {limit} branches"
        try:
            neon.delete(point)
            print(f"Deleted restore point {point['name']}: {why}.")
        except CallError as problem:
            # Neon keeps a branch that has children. A release does not wait for that.
            print(f"Restore point {point['name']} stays: {problem}")


def _made(branch: neon.Branch) -> datetime:
    made = datetime.fromisoformat(str(branch["created_at"]))
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def restore(name: str) -> None:
    """Restore the default branch from another branch. The connection string stays the same.

    The present data stays in a new branch, and the restore points become its children. Neon demands this branch if
    the default branch has children. Nobody can delete it, because a root branch was restored from another branch.

    Raises:
        ReleaseError: There is no such branch.
        UnknownError: Neon's answer was lost.
    """
    found = neon.branches()
    source = next((branch for branch in found if branch["name"] == name), None)
    if source is None:
        names = ", ".join(point["name"] for point in points(found)) or "none"
        raise ReleaseError(f"there is no branch {name}; restore points: {names}")
    target = neon.default(found)
    kept = f"replaced-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        body = {"source_branch_id": source["id"], "preserve_under_name": kept}
        neon.ask("POST", f"/branches/{target['id']}/restore", body)
    except CallError as problem:
        if problem.status and problem.status < 500:
            raise
        if not any(branch["name"] == kept for branch in neon.branches()):
            project = variable("NEON_PROJECT_ID")
            raise UnknownError(
                f"Neon's answer was lost ({problem}), and there is no branch {kept} yet. To see whether it appears:\n"
                f"neonctl branches list --project-id {project}"
            ) from None
    print(
        f"The database is as it was at {name}. Its former data is in branch {kept}. Neon counts that branch among the "
        "plan's branches and refuses to delete it. When all is well, drop its databases to free their storage."
    )
