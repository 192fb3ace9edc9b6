"""Ask Neon about the branches of the project's database, and make, restore and delete branches."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from release.calls import CallError, Deadline, ReleaseError, call, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 300.0
"""Seconds for a change. Neon refuses another change while an operation runs on the project."""
POLL = 5.0
PAGE = 100

Branch = dict[str, Any]


def ask(method: str, path: str, body: Any = None) -> Any:
    """Call Neon about the project, once.

    Raises:
        CallError: See `calls.call`.
    """
    api = os.environ.get("NEON_API_URL") or "https://console.neon.tech/api/v2"
    return call(method, f"{api}/projects/{variable('NEON_PROJECT_ID')}{path}", variable("NEON_API_KEY"), body)


def patiently(method: str, path: str, body: Any = None) -> Any:
    """Call Neon about the project, and repeat a call whose failure may pass. The call must be safe to repeat.

    Raises:
        CallError: See `calls.call`.
    """
    return Deadline(SECONDS, POLL).repeat(lambda: ask(method, path, body))


def branches() -> list[Branch]:
    """Return every branch of the project, from all pages of Neon's list."""
    return list(_pages())


def _pages() -> Iterator[Branch]:
    asked: dict[str, Any] = {"limit": PAGE}
    while True:
        answer = patiently("GET", f"/branches?{urlencode(asked)}")
        yield from answer["branches"]
        following = (answer.get("pagination") or {}).get("next")
        # Neon may name a cursor on the last page, too.
        if not following or following == asked.get("cursor") or not answer["branches"]:
            return
        asked["cursor"] = following


def default(found: list[Branch]) -> Branch:
    """Return the project's default branch.

    Raises:
        ReleaseError: Neon marks no branch as default.
    """
    for branch in found:
        if branch.get("default"):
            return branch
    raise ReleaseError("the Neon project has no default branch")


def limit() -> int | None:
    """Return the number of branches that the project's plan allows; None if Neon does not tell."""
    owner = patiently("GET", "")["project"].get("owner") or {}
    allowed = owner.get("branches_limit")
    return allowed if isinstance(allowed, int) and allowed > 0 else None


def create(name: str, parent: str, **more: Any) -> Branch:
    """Make a branch. If the answer is lost, look whether Neon made it: a name is unique in a project.

    Args:
        name: The branch's name.
        parent: The parent branch's id.
        more: Further members of the request, `endpoints` or members of `branch`.

    Returns:
        The branch. Its operations are finished.

    Raises:
        CallError: Neon refused.
    """
    endpoints = {"endpoints": more.pop("endpoints")} if "endpoints" in more else {}
    body = {"branch": {"name": name, "parent_id": parent, **more}, **endpoints}
    deadline = Deadline(SECONDS, POLL)
    while True:
        try:
            made = ask("POST", "/branches", body)
            for operation in made.get("operations") or []:
                _finish(operation["id"], deadline)
            return dict(made["branch"])
        except CallError as error:
            # 409: the branch exists, perhaps from a call whose answer was lost. The list may show it later.
            if deadline.passed or not (error.passing or error.status == 409):
                raise
            deadline.wait(error.after)
        found = [branch for branch in branches() if branch["name"] == name and branch["current_state"] == "ready"]
        if found:
            return found[0]


def _finish(operation: str, deadline: Deadline) -> None:
    """Wait until one of Neon's operations is finished."""
    while True:
        status = deadline.repeat(lambda: ask("GET", f"/operations/{operation}"))["operation"]["status"]
        if status in {"finished", "skipped"}:
            return
        if status in {"failed", "error", "cancelled"} or deadline.passed:
            raise CallError(f"Neon's operation {operation} is {status}")
        deadline.wait()


def delete(branch: Branch) -> None:
    """Delete a branch. A missing branch is no error.

    Raises:
        CallError: Neon keeps the branch, as it does for the parent of others.
    """
    try:
        patiently("DELETE", f"/branches/{branch['id']}")
    except CallError as error:
        if error.status != 404:
            raise


def database_url(branch: Branch, scheme: str) -> str:
    """Return the address of a branch's oldest database, with its owner's password.

    Args:
        branch: A branch with a compute.
        scheme: The address's scheme, such as `postgresql+psycopg`.
    """
    path = f"/branches/{branch['id']}/databases"
    oldest = min(patiently("GET", path)["databases"], key=lambda database: str(database["created_at"]))
    asked = {"branch_id": branch["id"], "database_name": oldest["name"], "role_name": oldest["owner_name"]}
    uri = str(patiently("GET", f"/connection_uri?{urlencode(asked, quote_via=quote)}")["uri"])
    return f"{scheme}://{uri.partition('://')[2]}"
