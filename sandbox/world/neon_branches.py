"""Keep Neon's rules for the branches of a project beside its default branch, and for their computes.

A branch is a document under ("neon", "branch", "PROJECT/BRANCH"), in the spelling of Neon's API; the default branch is
part of its project's document.

- A branch has its parent's roles and databases, with the same passwords; below a protected parent, with new ones.
- Its name is unique in the project. The free plan has ten branches in a project, the default branch among them.
- A branch with children, a protected branch, and a root branch cannot be deleted.
- An expiry is at most 30 days away. A protected branch and a branch with children have none.
- After its expiry a branch is gone, with its compute.
- A branch has one compute that reads and writes. It goes with the branch.

Documented: these rules (Neon's pages "Branching", "Protected branches", "Branch expiration", "Plans", 2026), and that a
restore asks for a name where the branch has children.
Reported: the answer to one branch too many, 422 BRANCHES_LIMIT_EXCEEDED (several public repositories).
Believed: The statuses and texts with which Neon refuses a branch's name, deletion or expiry.
Believed: Neon's provider 0.15.0 drops a missing branch or compute from the state, as it drops a missing project.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.world import ids, neon
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_BRANCHES = {"free": 10}
_LONGEST = timedelta(days=30)


def branches(tx: Transaction, project: str) -> list[Document]:
    """Return a project's branches, the default branch first; delete those that have expired.

    Raises:
        CloudError: 404 where the project does not exist.
    """
    found = neon.project(tx, project)
    whole = {key: found["branch"][key] for key in ("id", "name", "role_name", "database_name")}
    default = {"project_id": project, "protected": found["default_branch_protected"], "created_at": found["created_at"]}
    listed = [whole | default | {"default": True, "password": found["password"], "endpoint": found["endpoint"]}]
    for key, branch in tx.list("neon", "branch").items():
        if branch["project_id"] == project:
            if branch.get("expires_at", "9") <= ids.now():
                tx.delete("neon", "branch", key)
            else:
                listed.append(branch)
    return listed


def branch(tx: Transaction, project: str, identity: str) -> Document:
    """Return a branch.

    Raises:
        CloudError: 404 where it does not exist.
    """
    for found in branches(tx, project):
        if found["id"] == identity:
            return found
    raise CloudError(404, f"branch not found: {identity}")


def create_branch(tx: Transaction, project: str, body: Document) -> Document:
    """Make a branch and return it.

    Args:
        tx: The world.
        project: The project's id.
        body: name, parent_id (by default the default branch's), protected; all optional.

    Raises:
        CloudError: 404 where the project or the parent does not exist, 409 where the name is taken, 422 where the plan
            has no room, 400 where the parent expires.
    """
    there = branches(tx, project)
    plan = neon.plan(tx)
    if plan in _BRANCHES and len(there) >= _BRANCHES[plan]:
        message = f"branches limit exceeded, the {plan} plan has {_BRANCHES[plan]} in a project"
        raise CloudError(422, message, code="BRANCHES_LIMIT_EXCEEDED")
    parent = branch(tx, project, body.get("parent_id") or there[0]["id"])
    if parent.get("expires_at"):
        raise CloudError(400, f"branch {parent['name']} expires, and cannot have children")
    identity = f"br-{ids.phrase(tx, 'neon branch')}"
    if any(body.get("name") == other["name"] for other in there):
        raise CloudError(409, f"branch {body['name']} already exists", code="BRANCH_ALREADY_EXISTS")
    made = {
        "id": identity,
        "name": body.get("name") or identity,
        "project_id": project,
        "parent_id": parent["id"],
        "default": False,
        "protected": bool(body.get("protected")),
        "role_name": parent["role_name"],
        "database_name": parent["database_name"],
        "password": f"npg_{ids.password(12)}" if parent["protected"] else parent["password"],
        "endpoint": None,
        "created_at": ids.now(),
    }
    _put(tx, made)
    return made


def update_branch(tx: Transaction, project: str, identity: str, body: Document) -> Document:
    """Change a branch's name, protection and expiry, as far as the body has them; null removes an expiry.

    Raises:
        CloudError: 404 where it does not exist, 400 where it cannot have that expiry.
    """
    found = branch(tx, project, identity)
    if found["default"]:
        raise CloudError(400, "the sandbox changes no default branch: a project's settings do")
    found |= {name: body[name] for name in ("name", "protected") if name in body}
    if body.get("expires_at"):
        _check_expiry(tx, found, body["expires_at"])
        found["expires_at"] = body["expires_at"]
    elif "expires_at" in body:
        del found["expires_at"]
    _put(tx, found)
    return found


def delete_branch(tx: Transaction, project: str, identity: str) -> None:
    """Delete a branch with its compute.

    Raises:
        CloudError: 404 where it does not exist, 422 where Neon keeps it.
    """
    found = branch(tx, project, identity)
    children = [other["name"] for other in branches(tx, project) if other.get("parent_id") == identity]
    reasons = {
        "is a root branch": not found.get("parent_id"),
        "is protected": found["protected"],
        "has children": children,
    }
    for why, holds in reasons.items():
        if holds:
            raise CloudError(422, f"branch {found['name']} cannot be deleted: it {why}")
    tx.delete("neon", "branch", f"{project}/{identity}")


def endpoint(tx: Transaction, project: str, name: str) -> tuple[Document, Document]:
    """Return the branch of a compute, and the compute.

    Raises:
        CloudError: 404 where there is no such compute.
    """
    for found in branches(tx, project):
        if found["endpoint"] and found["endpoint"]["id"] == name:
            place = {"project_id": project, "branch_id": found["id"], "type": "read_write"}
            return found, {**found["endpoint"], **place, "region_id": neon.project(tx, project)["region_id"]}
    raise CloudError(404, f"endpoint not found: {name}")


def create_endpoint(tx: Transaction, project: str, identity: str, compute: Document) -> Document:
    """Make the compute of a branch, of the project's default size where the body has none.

    Raises:
        CloudError: 404 where the branch does not exist, 409 where it has a compute.
    """
    found = branch(tx, project, identity)
    if found["endpoint"]:
        raise CloudError(409, f"branch {found['name']} has a read-write endpoint already")
    found["endpoint"] = neon.new_endpoint(tx, neon.project(tx, project), compute)
    _put(tx, found)
    return endpoint(tx, project, found["endpoint"]["id"])[1]


def update_endpoint(tx: Transaction, project: str, name: str, compute: Document) -> Document:
    """Change the size of a branch's compute; a project's own settings count for computes made later.

    Raises:
        CloudError: 404 where it does not exist.
    """
    found, _ = endpoint(tx, project, name)
    if found["default"]:
        neon.resize_default(tx, project, compute)
    else:
        found["endpoint"] |= neon.size(compute)
        _put(tx, found)
    return endpoint(tx, project, name)[1]


def delete_endpoint(tx: Transaction, project: str, name: str) -> None:
    """Delete a branch's compute.

    Raises:
        CloudError: 404 where it does not exist, 422 where its branch is protected.
    """
    found, _ = endpoint(tx, project, name)
    if found["default"] or found["protected"]:
        raise CloudError(422, f"the endpoint of branch {found['name']} cannot be deleted")
    found["endpoint"] = None
    _put(tx, found)


def restore_branch(tx: Transaction, project: str, identity: str, body: Document) -> Document:
    """Give a branch the data of another; keep its present data as a branch of another name.

    Data is not modelled, so that the roles' passwords and the kept branch are all that changes. Neon asks for the name
    where the branch has children, and moves them below the kept branch, which becomes a root branch.

    Args:
        tx: The world.
        project: The project's id.
        identity: The branch's id.
        body: source_branch_id; preserve_under_name, optional.

    Raises:
        CloudError: 404 where a branch does not exist, 422 where the name is missing.
    """
    found, source = branch(tx, project, identity), branch(tx, project, body["source_branch_id"])
    children = [other for other in branches(tx, project) if other.get("parent_id") == identity]
    name = body.get("preserve_under_name")
    if children and not name:
        raise CloudError(422, f"branch {found['name']} has children: preserve_under_name is required")
    if name:
        kept = create_branch(tx, project, {"name": name, "parent_id": identity})
        _put(tx, kept | {"parent_id": None})
        for child in children:
            _put(tx, child | {"parent_id": kept["id"]})
    if found["default"]:
        tx.put("neon", "project", project, {**neon.project(tx, project), "password": source["password"]})
    else:
        _put(tx, found | {"password": source["password"]})
    return branch(tx, project, identity)


def _check_expiry(tx: Transaction, found: Document, expires_at: str) -> None:
    """Refuse an expiry that Neon refuses.

    Raises:
        CloudError: 400.
    """
    now = datetime.now(UTC)
    wanted = datetime.fromisoformat(expires_at)
    if wanted.tzinfo is None or not now < wanted <= now + _LONGEST:
        raise CloudError(400, "expires_at needs a time zone, and is in the future and at most 30 days away")
    children = any(other.get("parent_id") == found["id"] for other in branches(tx, found["project_id"]))
    if found["protected"] or children:
        raise CloudError(400, f"branch {found['name']} is protected or has children: it cannot expire")


def _put(tx: Transaction, found: Document) -> None:
    tx.put("neon", "branch", f"{found['project_id']}/{found['id']}", found)
