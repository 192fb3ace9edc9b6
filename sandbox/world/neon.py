"""Keep Neon's rules for projects with their default branch, role, database and compute; see also `neon_branches`.

A project is a document under ("neon", "project", id), in the spelling of Neon's API. Project names may repeat. The
account is under ("neon", "account", "account"), all of it optional:

- "plan": free by default.
- "projects": the highest number of projects.
- "organization_required": a new project needs an `org_id`, as in accounts made since August 2026.
- "quota_used": the plan's quota of the month is used up: nothing is made or changed until the next one.

A change of `default_endpoint_settings` leaves the existing compute as it is: it is for future computes alone.

Seen: what the provider sends, how it reads the answers, and what a change of settings reaches (kislerdm/neon 0.15.0).
Documented: the plans' limits (March 2026), regions, sizes of pages.
Reported: the limit of projects (neondatabase/neonctl, issue 255), and that `org_id` is required since August 2026.
Believed: Neon answers 402 to a write once the month's quota is used up, with the words that a connection gets.
Believed: The texts with which Neon refuses a region, or a setting that the plan does not have.
"""

from __future__ import annotations

import re

from sandbox.world import ids
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_HISTORY = {"free": 21_600, "launch": 604_800, "scale": 2_592_000}
_COMPUTE = {"autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": 0}
_BRANCH = {"name": "main", "role_name": "neondb_owner", "database_name": "neondb"}
_IN_PLACE = ("name", "history_retention_seconds", "default_branch_protected")


def create_project(tx: Transaction, body: Document) -> Document:
    """Make a project with a default branch, role, database and compute, and return it.

    Args:
        tx: The world.
        body: name, region_id, pg_version, org_id, history_retention_seconds, default_branch_protected,
            default_endpoint_settings; all optional.

    Raises:
        CloudError: 400 where the API or the plan refuses the body.
    """
    _refuse_bad(tx, body)
    _refuse_more(tx, body)
    region = body.get("region_id", "aws-us-east-1")
    compute = {**_COMPUTE, **(body.get("default_endpoint_settings") or {})}
    endpoint = new_endpoint(tx, {"region_id": region, "default_endpoint_settings": compute}, {})
    identity = ids.phrase(tx, "neon project")
    project = {
        "id": identity,
        "name": body.get("name") or identity,
        "region_id": region,
        "pg_version": body.get("pg_version", 17),
        "org_id": body.get("org_id") or "org-sandbox-12345678",
        "compute_provisioner": "k8s-neonvm",
        "history_retention_seconds": body.get("history_retention_seconds", _HISTORY["free"]),
        "default_branch_protected": body.get("default_branch_protected", False),
        "branch": {**_BRANCH, "id": f"br-{ids.phrase(tx, 'neon branch')}"},
        "endpoint": endpoint,
        "password": f"npg_{ids.password(12)}",
        "default_endpoint_settings": compute,
        "created_at": ids.now(),
    }
    tx.put("neon", "project", identity, project)
    return project


def project(tx: Transaction, identity: str) -> Document:
    """Return a project.

    Raises:
        CloudError: 404 where it does not exist.
    """
    found = tx.get("neon", "project", identity)
    if found is None:
        raise CloudError(404, f"project not found: {identity}")
    return found


def update_project(tx: Transaction, identity: str, body: Document) -> Document:
    """Change a project's name, retention, protection and default compute, as far as the body has them.

    Raises:
        CloudError: 404 where it does not exist, 400 where the API or the plan refuses the body.
    """
    found = project(tx, identity)
    _refuse_bad(tx, body)
    compute = {**found["default_endpoint_settings"], **(body.get("default_endpoint_settings") or {})}
    found |= {name: body[name] for name in _IN_PLACE if name in body} | {"default_endpoint_settings": compute}
    tx.put("neon", "project", identity, found)
    return found


def new_endpoint(tx: Transaction, project: Document, compute: Document) -> Document:
    """Return a new compute in a project's region, of the project's default size where the body has none."""
    name = f"ep-{ids.phrase(tx, 'neon endpoint')}"
    cloud, _, place = project["region_id"].partition("-")
    default = project["default_endpoint_settings"]
    return {"id": name, "host": f"{name}.{place}.{cloud}.neon.tech", **default, **size(compute)}


def resize_default(tx: Transaction, identity: str, compute: Document) -> None:
    """Change the size of a project's default compute.

    Raises:
        CloudError: 404 where it does not exist.
    """
    found = project(tx, identity)
    found["endpoint"] |= size(compute)
    tx.put("neon", "project", identity, found)


def size(compute: Document) -> Document:
    """Return the members of a compute's size."""
    return {key: compute[key] for key in _COMPUTE if key in compute}


def plan(tx: Transaction) -> str:
    """Return the account's plan."""
    return str((tx.get("neon", "account", "account") or {}).get("plan", "free"))


def delete_project(tx: Transaction, identity: str) -> None:
    """Delete a project with everything in it.

    Raises:
        CloudError: 404 where it does not exist.
    """
    project(tx, identity)
    tx.delete("neon", "project", identity)
    for key in [key for key in tx.list("neon", "branch") if key.startswith(f"{identity}/")]:
        tx.delete("neon", "branch", key)


def connection_uri(found: Document, *, pooled: bool = False) -> str:
    """Return a project's connection URI in the API's spelling (scheme `postgres`, TLS required)."""
    branch = found["branch"]
    return (
        f"postgres://{branch['role_name']}:{found['password']}@{host(found, pooled=pooled)}"
        f"/{branch['database_name']}?sslmode=require"
    )


def host(found: Document, *, pooled: bool = False) -> str:
    """Return the host of a project's default compute, or its pooler's, with `-pooler` on the first label."""
    name: str = found["endpoint"]["host"]
    return name.replace(".", "-pooler.", 1) if pooled else name


def _refuse_more(tx: Transaction, body: Document) -> None:
    """Refuse another project where the account has no room for one, or wants an organization."""
    account = tx.get("neon", "account", "account") or {}
    _refuse_used_up(account)
    if account.get("organization_required") and not body.get("org_id"):
        raise CloudError(400, "org_id is required, you can find it on your organization settings page")
    most, there = account.get("projects"), len(tx.list("neon", "project"))
    if most is not None and there >= most:
        raise CloudError(422, f"user projects limit of {most} exceeded, got {there}", code="PROJECTS_LIMIT_EXCEEDED")


def _refuse_used_up(account: Document) -> None:
    if account.get("quota_used"):
        message = "Your account or project has exceeded the compute time quota. Upgrade your plan to increase limits."
        raise CloudError(402, message)


def _refuse_bad(tx: Transaction, body: Document) -> None:
    own = plan(tx)
    retention = body.get("history_retention_seconds") or 0
    if not 0 <= retention <= _HISTORY[own]:
        limit = f"{_HISTORY[own]}, the {own} plan's limit"
        raise CloudError(400, f"history_retention_seconds {retention} is not within 0 and {limit}")
    region = body.get("region_id", "aws-us-east-1")
    if not re.fullmatch(r"(aws|azure)-[a-z0-9-]+", region):
        raise CloudError(400, f"region {region!r} not found", code="REGION_NOT_FOUND")
    if own == "free" and body.get("default_branch_protected"):
        raise CloudError(400, "default_branch_protected needs the launch plan; this account is on the free plan")
