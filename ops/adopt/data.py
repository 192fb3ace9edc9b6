"""Look for the existing database and buckets of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import kinds
from infra.clouds import cloudflare, neon
from infra.clouds.http import Client, MissingError
from infra.config.groups import NEON_PLANS
from infra.config.hosts import other_hosts
from infra.config.rotation import storage_tokens
from infra.parts.storage_keys import token_name
from ops.adopt.rows import Look, Row, absent, differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.config.settings import Settings


def database(look: Look) -> Iterator[Row]:
    """Yield the findings of the Neon project.

    Raises:
        CloudError: Neon gave no usable answer.
    """
    settings, kind = look.settings, kinds.NEON_PROJECT
    resource = f"Neon project {settings.neon_project}"
    if mine := look.inventory.keys(kind, settings.stack):
        yield Row(resource, tuple(look.line(kind, key) for key in mine))
        return
    client = look.access.client("Neon")
    found = _projects(client, settings)
    there = tuple(look.line(kind, project["id"], project.get("created_at")) for project in found)
    free = [project for project in found if not look.inventory.owner(kind, project["id"])]
    if not found:
        yield absent(resource, adopted=bool(settings.adopt.neon_project))
    elif len(free) == 1 and len(found) == 1:
        yield from _adopted(client, free[0]["id"], there, settings)
    else:
        several = ("several have this name: rename or delete the others, or set adopt.neonProject",)
        yield Row(resource, there, notes=several if len(free) > 1 else ())


def _projects(client: Client, settings: Settings) -> list[dict[str, Any]]:
    """Return the project that the settings adopt, or all that have the configured name."""
    if wanted := settings.adopt.neon_project:
        try:
            return [neon.project(client, wanted)]
        except MissingError:
            return []
    listed = neon.projects(client, settings.neon_organization_id, search=settings.neon_project)
    return [project for project in listed if project["name"] == settings.neon_project]


def _adopted(client: Client, identity: str, there: tuple[str, ...], settings: Settings) -> Iterator[Row]:
    """Yield the project with its real values, and its compute if that has another size than configured."""
    with client.documented():
        project = neon.project(client, identity)
        branch = next(branch for branch in neon.branches(client, identity) if branch.get("default"))
        wanted = (branch["id"], "read_write")
        computes = neon.endpoints(client, identity)
        compute = next(found for found in computes if (found["branch_id"], found["type"]) == wanted)
        idle = compute["suspend_timeout_seconds"]
        real = {
            "neonProject": project["name"],
            "neonRegion": project["region_id"],
            "postgresVersion": project["pg_version"],
            "historyRetentionSeconds": project["history_retention_seconds"],
            "defaultBranchProtected": bool(branch.get("protected")),
            **({"neonOrganizationId": project["org_id"]} if settings.neon_organization_id else {}),
        }
        size = {
            "neonCompute.minCu": compute["autoscaling_limit_min_cu"],
            "neonCompute.maxCu": compute["autoscaling_limit_max_cu"],
            # Neon's 0 means its own default, which the program leaves alone; its -1 means never.
            "neonCompute.suspendSeconds": {0: None, -1: 0}.get(idle, idle),
        }
    plans = [plan for plan in NEON_PLANS if _allows(plan, real, size)]
    # The configured plan stays unless the real values need a larger plan.
    if plans and settings.neon_plan not in plans:
        real["neonPlan"] = plans[0]
    yield Row(f"Neon project {settings.neon_project}", there, {"neonProject": identity}, differing(settings, real))
    if other := differing(settings, size):
        yield Row("compute of the Neon project", (compute["id"],), {"neonEndpoint": compute["id"]}, other)


def _allows(plan: str, real: dict[str, Any], size: dict[str, Any]) -> bool:
    """Tell whether a plan allows the real values."""
    limits, idle = NEON_PLANS[plan], size["neonCompute.suspendSeconds"]
    return (
        real["historyRetentionSeconds"] <= limits.history_seconds
        and size["neonCompute.maxCu"] <= limits.largest_cu
        and (idle is None or not limits.idle_seconds or idle in limits.idle_seconds)
        and (limits.protects or not real["defaultBranchProtected"])
    )


def storage(look: Look) -> Iterator[Row]:
    """Yield the findings of the buckets, and of tokens that the stack would mint again.

    Raises:
        CloudError: Cloudflare gave no usable answer.
    """
    settings, client = look.settings, look.access.client("Cloudflare")
    yield _bucket(look, client, settings.bucket)
    for extra in sorted(settings.extra_buckets):
        yield _bucket(look, client, extra)
    if not settings.mints_storage_token:
        return
    for resource in storage_tokens(settings):
        name = token_name(settings.bucket, resource)
        identities = cloudflare.token_ids(client, settings.cloudflare_account_id, name)
        there = tuple(look.line(kinds.ACCOUNT_TOKEN, identity) for identity in identities)
        lost = [identity for identity in identities if not look.inventory.owner(kinds.ACCOUNT_TOKEN, identity)]
        notes = ("nobody can read its value again",) if lost else ()
        revoke = f"bin/recover {settings.stack} --revoke {' '.join(lost)}" if lost else ""
        yield Row(f"Cloudflare account token {name}", there, notes=notes, command=revoke)


def _bucket(look: Look, client: Client, name: str) -> Row:
    settings, kind, resource = look.settings, kinds.BUCKET, f"R2 bucket {name}"
    account = settings.cloudflare_account_id
    for jurisdiction in cloudflare.JURISDICTIONS:
        try:
            bucket = cloudflare.bucket(client, account, name, jurisdiction)
        except MissingError:
            continue
        key = kind.import_id({"accountId": account, "name": name, "jurisdiction": jurisdiction})
        there = (look.line(kind, key, bucket.get("creation_date"), name),)
        owner = look.inventory.owner(kind, key)
        if owner and (owner, name) != (settings.stack, settings.bucket):
            return Row(resource, there)
        if jurisdiction != "default":
            elsewhere = f"it is in jurisdiction {jurisdiction}, and this program makes buckets without one"
            return Row(resource, there, notes=(elsewhere,))
        if name != settings.bucket:
            return Row(resource, there, {"extraBuckets": [name]})
        with client.documented():
            host = cloudflare.get(client, account, f"r2/buckets/{name}/domains/managed")["domain"]
        real = other_hosts(settings, {"bucketPublicHost": host})
        return Row(resource, there, {} if owner else {"bucket": name}, real)
    adopted = name == settings.adopt.bucket or name in settings.adopt.extra_buckets
    return absent(resource, adopted=adopted)
