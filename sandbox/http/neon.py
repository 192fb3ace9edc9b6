"""Answer Neon's HTTP API: projects, their branches and computes."""

from __future__ import annotations

from sandbox.world import neon
from sandbox.world.store import Document, Transaction

_PROJECT = (
    *("id", "name", "region_id", "pg_version", "org_id", "history_retention_seconds", "created_at"),
    "default_endpoint_settings",
)
# The most items that a page may have, and without a wish has (Neon's API reference, "List projects").
_MOST, _USUAL = 400, 10


def _projects(tx: Transaction, query: dict[str, str]) -> Document:
    """List the projects whose name or id has the text in it, page by page; the cursor is the last id."""
    search = query.get("search", "")
    found = [
        project
        for project in tx.list("neon", "project").values()
        if (search in project["name"] or search in project["id"])
        and query.get("org_id", project["org_id"]) == project["org_id"]
    ]
    ids = [project["id"] for project in found]
    first = ids.index(query["cursor"]) + 1 if "cursor" in query else 0
    shown = found[first : first + min(int(query.get("limit", _USUAL)), _MOST)]
    pagination = {"pagination": {"cursor": shown[-1]["id"]}} if shown else {}
    return {"projects": [_shown(project) for project in shown], **pagination}


def _project(tx: Transaction, _query: dict[str, str], identity: str) -> Document:
    return {"project": _shown(neon.project(tx, identity))}


def _branches(tx: Transaction, _query: dict[str, str], identity: str) -> Document:
    """List the branches of a project, of which the world keeps the default one."""
    found = neon.project(tx, identity)
    branch = {"id": found["branch"]["id"], "name": found["branch"]["name"], "project_id": identity}
    return {"branches": [{**branch, "default": True, "protected": found["default_branch_protected"]}]}


def _endpoints(tx: Transaction, _query: dict[str, str], identity: str) -> Document:
    return {"endpoints": [neon.endpoint(tx, identity, neon.project(tx, identity)["endpoint"]["id"])]}


def _shown(found: Document) -> Document:
    return {name: found[name] for name in _PROJECT}


ROUTES = (
    (r"GET /api/v2/projects", _projects),
    (r"GET /api/v2/projects/([\w-]+)", _project),
    (r"GET /api/v2/projects/([\w-]+)/branches", _branches),
    (r"GET /api/v2/projects/([\w-]+)/endpoints", _endpoints),
)
"""Method and path, and the function that answers."""
