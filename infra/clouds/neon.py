"""Ask Neon about projects, and about the branches of one."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from infra.clouds.http import Client, MissingError, Query, Service

SERVICE = Service("Neon", "NEON_API_URL", "https://console.neon.tech/api/v2")
"""Neon's API. The variable is this project's own: Neon's provider has none."""

# The most that one answer lists (Neon's API reference, "List projects").
_PROJECTS = 400
_BRANCHES = 100


def client(key: str) -> Client:
    """Return a client of Neon's API."""
    return Client(SERVICE, key)


def projects(client: Client, organization: str | None, search: str = "") -> Iterator[dict[str, Any]]:
    """Yield the projects that a key sees.

    Args:
        client: A client of Neon's API.
        organization: Neon's id of the organization, which a personal key must name.
        search: Text in the projects' names or ids.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    asked = {"search": search, "org_id": organization or ""}
    return _pages(client, "projects", "projects", _PROJECTS, {name: value for name, value in asked.items() if value})


def project(client: Client, identity: str) -> dict[str, Any]:
    """Return the project with an id.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    found: dict[str, Any] = client.ask(f"projects/{identity}", "project")
    return found


def branches(client: Client, project: str) -> list[dict[str, Any]]:
    """Return the branches of the project with an id, the default branch among them.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    return [*_pages(client, f"projects/{project}/branches", "branches", _BRANCHES, {})]


def _pages(client: Client, path: str, member: str, limit: int, query: Query) -> Iterator[dict[str, Any]]:
    """Yield the items of a list that Neon answers in pages, by a cursor, which even the last page names."""
    asked = {**query, "limit": limit}
    while True:
        answer = client.ask(path, query=asked)
        with client.documented():
            found = answer[member]
            yield from found
            pagination = answer.get("pagination") or {}
        following = pagination.get("next") or (pagination.get("cursor") if len(found) == limit else None)
        if not found or following in {None, asked.get("cursor")}:
            return
        asked["cursor"] = following


def expire_branch(client: Client, project: str, branch: str, at: datetime) -> None:
    """Set the time at which Neon deletes a branch, which its provider 0.15.0 cannot.

    Args:
        client: A client of Neon's API.
        project: The project's id.
        branch: The branch's id.
        at: At most 30 days away (Neon's documentation, "Branch expiration").

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"branch": {"expires_at": text}}
    client.ask(f"projects/{project}/branches/{branch}", method="PATCH", body=body)


def delete_branch(client: Client, project: str, branch: str) -> None:
    """Delete a branch with its compute; a missing branch is no error.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    with suppress(MissingError):
        client.ask(f"projects/{project}/branches/{branch}", method="DELETE")


def endpoints(client: Client, project: str) -> list[dict[str, Any]]:
    """Return the computes of the project with an id.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    found: list[dict[str, Any]] = client.ask(f"projects/{project}/endpoints", "endpoints")
    return found


def project_ids(client: Client, name: str, organization: str | None) -> list[str]:
    """Return the ids of all projects of exactly this name: Neon accepts a name twice.

    Args:
        client: A client of Neon's API.
        name: The projects' name. Neon's `search` finds names that contain it.
        organization: Neon's id of the organization, which a personal key must name.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    found = projects(client, organization, name)
    with client.documented():
        return [str(project["id"]) for project in found if project["name"] == name]
