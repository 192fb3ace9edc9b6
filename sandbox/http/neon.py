"""Answer Neon's HTTP API: projects, their branches and computes."""

from __future__ import annotations

from typing import Any

from sandbox.world import neon
from sandbox.world import neon_branches as branches
from sandbox.world.store import Document, Transaction

Query = dict[str, Any]

_PROJECT = (
    *("id", "name", "region_id", "pg_version", "org_id", "history_retention_seconds", "created_at"),
    "default_endpoint_settings",
)
_BRANCH = ("id", "name", "project_id", "parent_id", "default", "protected", "created_at", "expires_at")
# The most items that a page may have, and without a wish has (Neon's API reference, "List projects").
_MOST, _USUAL = 400, 10


def _projects(tx: Transaction, query: Query) -> Document:
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


def _project(tx: Transaction, _query: Query, identity: str) -> Document:
    return {"project": _shown(neon.project(tx, identity))}


def _branches(tx: Transaction, _query: Query, identity: str) -> Document:
    """List the branches of a project, on one page."""
    return {"branches": [_branch_shown(found) for found in branches.branches(tx, identity)]}


def _update_branch(tx: Transaction, query: Query, project: str, identity: str) -> Document:
    return {"branch": _branch_shown(branches.update_branch(tx, project, identity, query["body"]["branch"]))}


def _delete_branch(tx: Transaction, _query: Query, project: str, identity: str) -> Document:
    branches.delete_branch(tx, project, identity)
    return {}


def _restore_branch(tx: Transaction, query: Query, project: str, identity: str) -> Document:
    return {"branch": _branch_shown(branches.restore_branch(tx, project, identity, query["body"]))}


def _branch_shown(found: Document) -> Document:
    return {name: found[name] for name in _BRANCH if name in found}


def _endpoints(tx: Transaction, _query: Query, identity: str) -> Document:
    names = [found["endpoint"]["id"] for found in branches.branches(tx, identity) if found["endpoint"]]
    return {"endpoints": [branches.endpoint(tx, identity, name)[1] for name in names]}


def _shown(found: Document) -> Document:
    return {name: found[name] for name in _PROJECT}


ROUTES = (
    (r"GET /api/v2/projects", _projects),
    (r"GET /api/v2/projects/([\w-]+)", _project),
    (r"GET /api/v2/projects/([\w-]+)/branches", _branches),
    (r"GET /api/v2/projects/([\w-]+)/endpoints", _endpoints),
    (r"PATCH /api/v2/projects/([\w-]+)/branches/([\w-]+)", _update_branch),
    (r"DELETE /api/v2/projects/([\w-]+)/branches/([\w-]+)", _delete_branch),
    (r"POST /api/v2/projects/([\w-]+)/branches/([\w-]+)/restore", _restore_branch),
)
"""Method and path, and the function that answers."""
