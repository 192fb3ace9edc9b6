"""Cloudflare: Pages projects, R2 buckets with what hangs on them, and account tokens.

Documents, in the spelling of Cloudflare's API:
- ("cloudflare", "account", id): made by the seed. {"github_app": false} says that Pages' GitHub App is missing.
- ("cloudflare", "zone", id): {"name": …}; made by the seed.
- ("cloudflare", "pages", "account/name"), with attached domains under "custom_domains".
- ("cloudflare", "bucket", "account/jurisdiction/name"): {…, "objects": n, "cors", "lifecycle", "managed_domain",
  "custom_domains"}.
- ("cloudflare", "token", id): {…, "account_id", "value"}.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from sandbox.clouds import ids
from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Document, Transaction

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_PAGES_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,56}[a-z0-9])?")

# What every new bucket carries; a lifecycle that somebody sets replaces it.
DEFAULT_LIFECYCLE: list[Document] = [
    {
        "id": "Default Multipart Abort Rule",
        "enabled": True,
        "conditions": {"prefix": ""},
        "abort_multipart_uploads_transition": {"condition": {"type": "Age", "max_age": 604_800}},
    }
]

_SCOPES = {"bucket": "com.cloudflare.edge.r2.bucket", "account": "com.cloudflare.api.account"}
PERMISSION_GROUPS: list[Document] = [
    {
        # Ids are looked up by name, never known beforehand; only the second one is published.
        "id": identity or hashlib.sha256(name.encode()).hexdigest()[:32],
        "name": name,
        "scopes": [_SCOPES[scope]],
        "category": "Developer Platform",
        "is_selectable": True,
    }
    for name, scope, identity in (
        ("Workers R2 Storage Bucket Item Write", "bucket", ""),
        ("Workers R2 Storage Bucket Item Read", "bucket", "6a018a9f2fc74eb6b293b0c548f38b39"),
        ("Workers R2 Storage Write", "account", ""),
        ("Workers R2 Storage Read", "account", ""),
        ("Pages Write", "account", ""),
        ("Pages Read", "account", ""),
        ("Account API Tokens Write", "account", ""),
    )
]


def account(tx: Transaction, identity: str) -> Document:
    """Return an account.

    Raises:
        CloudError: 403 where the token reaches no such account; Cloudflare does not tell whether it exists.
    """
    found = tx.get("cloudflare", "account", identity)
    if found is None:
        raise CloudError(403, f"Authentication error: the token does not reach account {identity}", code="10000")
    return found


def permission_groups(tx: Transaction, account_id: str, name: str = "", scope: str = "") -> list[Document]:
    """Return the permission groups a token of the account may carry, filtered by exact name and scope."""
    account(tx, account_id)
    return [g for g in PERMISSION_GROUPS if name in {"", g["name"]} and (not scope or scope in g["scopes"])]


# Pages


def create_pages(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a Pages project; `source` connects it with git.

    Raises:
        CloudError: 409 for a taken name, 400 for a bad one, or without Pages' GitHub App when `source` is given.
    """
    name = body["name"]
    key = f"{account_id}/{name}"
    installed = account(tx, account_id).get("github_app", True)
    if not _PAGES_NAME.fullmatch(name):
        raise CloudError(400, "The project name is not valid: lower-case letters, digits and dashes", code="8000001")
    if tx.get("cloudflare", "pages", key) is not None:
        raise CloudError(
            409, "A project with this name already exists. Choose a different project name.", code="8000002"
        )
    if body.get("source"):
        _refuse_bad_source(body["source"], installed=installed)
    host = f"{name}-{ids.letters(tx, 'pages subdomain', 3)}.pages.dev"
    project = {
        "name": name,
        "account_id": account_id,
        "subdomain": host,
        "domains": [host],
        "custom_domains": {},
        "production_branch": body["production_branch"],
        "build_config": {"build_caching": False, "build_command": "", "destination_dir": "", "root_dir": ""},
        "deployment_configs": {kind: _environment() for kind in ("preview", "production")},
        "source": None,
        "created_on": ids.now(),
    }
    tx.put("cloudflare", "pages", key, project)
    return patch_pages(tx, account_id, name, body)


def pages(tx: Transaction, account_id: str, name: str) -> Document:
    """Return a Pages project.

    Raises:
        CloudError: 404 where there is none.
    """
    account(tx, account_id)
    found = tx.get("cloudflare", "pages", f"{account_id}/{name}")
    if found is None:
        raise CloudError(404, f"Project not found: {name}", code="8000007")
    return found


def patch_pages(tx: Transaction, account_id: str, name: str, patch: Document) -> Document:
    """Merge a patch into a Pages project: what it leaves out stays, a null takes away.

    Raises:
        CloudError: 404 where there is none, 400 for a source that cannot be.
    """
    found = pages(tx, account_id, name)
    if patch.get("source"):
        _refuse_bad_source(patch["source"], installed=account(tx, account_id).get("github_app", True))
    merged: Document = _merge(found, patch)
    for kind, values in merged["deployment_configs"].items():
        for variable, setting in values["env_vars"].items():
            if setting.get("type") not in {"plain_text", "secret_text"} or "value" not in setting:
                raise CloudError(400, f"{kind} variable {variable} needs a type and a value", code="8000013")
    tx.put("cloudflare", "pages", f"{account_id}/{name}", merged)
    return merged


def delete_pages(tx: Transaction, account_id: str, name: str) -> None:
    """Delete a Pages project.

    Raises:
        CloudError: 404 where there is none, 400 while custom domains are attached.
    """
    if pages(tx, account_id, name)["custom_domains"]:
        raise CloudError(400, "Your project has custom domains. Remove them before deleting it.", code="8000028")
    tx.delete("cloudflare", "pages", f"{account_id}/{name}")


def create_pages_domain(tx: Transaction, account_id: str, project: str, domain: str) -> Document:
    """Attach a custom domain to a Pages project.

    Raises:
        CloudError: 409 where it is attached already, 404 without the project.
    """
    found = pages(tx, account_id, project)
    if domain in found["custom_domains"]:
        raise CloudError(409, "You have already added this custom domain.", code="8000018")
    attached = {
        "id": ids.hexes(tx, "pages domain"),
        "name": domain,
        "status": "active",
        "certificate_authority": "google",
        "created_on": ids.now(),
    }
    found["custom_domains"][domain] = attached
    found["domains"] = [found["subdomain"], *found["custom_domains"]]
    tx.put("cloudflare", "pages", f"{account_id}/{project}", found)
    return attached


def pages_domain(tx: Transaction, account_id: str, project: str, domain: str) -> Document:
    """Return an attached domain.

    Raises:
        CloudError: 404 where it is not attached.
    """
    attached: Document | None = pages(tx, account_id, project)["custom_domains"].get(domain)
    if attached is None:
        raise CloudError(404, "The domain you have requested is not attached to this project.", code="8000021")
    return attached


def delete_pages_domain(tx: Transaction, account_id: str, project: str, domain: str) -> None:
    """Detach a domain.

    Raises:
        CloudError: 404 where it is not attached.
    """
    pages_domain(tx, account_id, project, domain)
    found = pages(tx, account_id, project)
    del found["custom_domains"][domain]
    found["domains"] = [found["subdomain"], *found["custom_domains"]]
    tx.put("cloudflare", "pages", f"{account_id}/{project}", found)


# R2


def create_bucket(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a bucket.

    Args:
        tx: The world.
        account_id: The account.
        body: name; optionally jurisdiction ("default"), location, storage_class ("Standard").

    Raises:
        CloudError: 409 for a taken name, 400 for a bad one.
    """
    account(tx, account_id)
    name, jurisdiction = body["name"], body.get("jurisdiction") or "default"
    if not _BUCKET_NAME.fullmatch(name):
        raise CloudError(400, "The specified bucket name is not valid.", code="10005")
    key = f"{account_id}/{jurisdiction}/{name}"
    if tx.get("cloudflare", "bucket", key) is not None:
        raise CloudError(409, "The bucket you tried to create already exists, and you own it.", code="10004")
    document = {
        "name": name,
        "account_id": account_id,
        "jurisdiction": jurisdiction,
        "location": (body.get("location") or "weur").upper(),
        "storage_class": body.get("storage_class") or "Standard",
        "creation_date": ids.now(),
        "objects": 0,
        "cors": [],
        "lifecycle": DEFAULT_LIFECYCLE,
        "managed_domain": {
            "bucket_id": ids.hexes(tx, "bucket"),
            "domain": f"pub-{ids.hexes(tx, 'managed domain')}.r2.dev",
            "enabled": False,
        },
        "custom_domains": {},
    }
    tx.put("cloudflare", "bucket", key, document)
    return document


def bucket(tx: Transaction, account_id: str, jurisdiction: str, name: str) -> Document:
    """Return a bucket. One of another jurisdiction is not found, as in Cloudflare's API.

    Raises:
        CloudError: 404 where there is none.
    """
    account(tx, account_id)
    found = tx.get("cloudflare", "bucket", f"{account_id}/{jurisdiction}/{name}")
    if found is None:
        raise CloudError(404, f"The specified bucket does not exist: {name} ({jurisdiction})", code="10006")
    return found


def update_bucket(tx: Transaction, account_id: str, jurisdiction: str, name: str, changes: Document) -> Document:
    """Set members of a bucket (`storage_class`, `cors`, `lifecycle`), each as a whole, and return it.

    Raises:
        CloudError: 404 where there is none.
    """
    found = {**bucket(tx, account_id, jurisdiction, name), **changes}
    tx.put("cloudflare", "bucket", f"{account_id}/{jurisdiction}/{name}", found)
    return found


def delete_bucket(tx: Transaction, account_id: str, jurisdiction: str, name: str) -> None:
    """Delete a bucket.

    Raises:
        CloudError: 409 while objects are in it, 404 where there is none.
    """
    if bucket(tx, account_id, jurisdiction, name)["objects"]:
        raise CloudError(409, f"The bucket you tried to delete is not empty: {name}", code="10008")
    tx.delete("cloudflare", "bucket", f"{account_id}/{jurisdiction}/{name}")


def set_managed_domain(tx: Transaction, account_id: str, jurisdiction: str, name: str, *, enabled: bool) -> Document:
    """Switch a bucket's r2.dev domain on or off and return it.

    Raises:
        CloudError: 404 without the bucket.
    """
    domain: Document = {**bucket(tx, account_id, jurisdiction, name)["managed_domain"], "enabled": enabled}
    update_bucket(tx, account_id, jurisdiction, name, {"managed_domain": domain})
    return domain


def set_custom_domain(
    tx: Transaction, account_id: str, jurisdiction: str, name: str, body: Document, *, new: bool
) -> Document:
    """Attach (`new`) a domain of one of the account's zones to a bucket, or change one, and return it.

    Args:
        tx: The world.
        account_id: The account.
        jurisdiction: The bucket's jurisdiction.
        name: The bucket.
        body: domain, zone_id, enabled; optionally min_tls, ciphers.
        new: Attach: an attached domain is refused. Else change: one that is not attached is refused.

    Raises:
        CloudError: 409, or 404 without zone, bucket or domain.
    """
    found = bucket(tx, account_id, jurisdiction, name)
    zone = tx.get("cloudflare", "zone", body["zone_id"])
    if zone is None:
        raise CloudError(404, f"zone {body['zone_id']} is not in this account", code="10041")
    domain, domains = body["domain"], found["custom_domains"]
    if new and domain in domains:
        raise CloudError(409, f"domain {domain} is attached already", code="10046")
    if not new and domain not in domains:
        raise CloudError(404, f"domain {domain} is not attached", code="10043")
    status = {"ownership": "active", "ssl": "active"}
    attached = {**domains.get(domain, {}), **body, "zone_name": zone["name"], "status": status}
    update_bucket(tx, account_id, jurisdiction, name, {"custom_domains": {**domains, domain: attached}})
    return attached


def custom_domain(tx: Transaction, account_id: str, jurisdiction: str, name: str, domain: str) -> Document:
    """Return a bucket's attached domain.

    Raises:
        CloudError: 404 where it is not attached.
    """
    attached: Document | None = bucket(tx, account_id, jurisdiction, name)["custom_domains"].get(domain)
    if attached is None:
        raise CloudError(404, f"domain {domain} is not attached", code="10043")
    return attached


def delete_custom_domain(tx: Transaction, account_id: str, jurisdiction: str, name: str, domain: str) -> None:
    """Detach a domain.

    Raises:
        CloudError: 404 where it is not attached.
    """
    custom_domain(tx, account_id, jurisdiction, name, domain)
    domains = bucket(tx, account_id, jurisdiction, name)["custom_domains"]
    del domains[domain]
    update_bucket(tx, account_id, jurisdiction, name, {"custom_domains": domains})


# Tokens


def create_token(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make an account token and return it with its value, which no later call shows. Names may repeat.

    Args:
        tx: The world.
        account_id: The account.
        body: name, policies [{effect, permission_groups [{id}], resources {…}}]; optionally condition,
            expires_on, not_before, status.

    Raises:
        CloudError: 400 for an unknown permission group or a resource outside the account.
    """
    account(tx, account_id)
    _refuse_bad_policies(account_id, body["policies"])
    document = {
        "status": "active",
        **body,
        "id": ids.hexes(tx, "account token"),
        "account_id": account_id,
        "value": ids.password(40),
        "issued_on": ids.now(),
        "modified_on": ids.now(),
    }
    tx.put("cloudflare", "token", document["id"], document)
    return document


def token(tx: Transaction, account_id: str, identity: str) -> Document:
    """Return a token without its value.

    Raises:
        CloudError: 404 where the account has none.
    """
    account(tx, account_id)
    found = tx.get("cloudflare", "token", identity)
    if found is None or found["account_id"] != account_id:
        raise token_missing(identity)
    del found["value"]
    return found


def token_missing(identity: str) -> CloudError:
    """Return what the API says of a token that is not there."""
    return CloudError(404, f"Token not found: {identity}", code="1000")


def update_token(tx: Transaction, account_id: str, identity: str, body: Document) -> Document:
    """Set a token's name, policies and conditions; id and value stay.

    Raises:
        CloudError: 404 where there is none, 400 as at creation.
    """
    token(tx, account_id, identity)
    _refuse_bad_policies(account_id, body["policies"])
    found: Any = tx.get("cloudflare", "token", identity)
    tx.put("cloudflare", "token", identity, {**found, **body, "modified_on": ids.now()})
    return token(tx, account_id, identity)


def delete_token(tx: Transaction, account_id: str, identity: str) -> None:
    """Revoke a token.

    Raises:
        CloudError: 404 where there is none.
    """
    token(tx, account_id, identity)
    tx.delete("cloudflare", "token", identity)


def _environment() -> Document:
    return {
        "env_vars": {},
        "always_use_latest_compatibility_date": False,
        "build_image_major_version": 3,
        "fail_open": True,
    }


def _refuse_bad_source(source: Document, *, installed: bool) -> None:
    missing = [name for name in ("owner", "repo_name", "production_branch") if not source["config"].get(name)]
    if missing:
        raise CloudError(400, f"source.config lacks {', '.join(missing)}", code="8000012")
    if not installed:
        raise CloudError(
            400,
            "There is an internal issue with your Cloudflare Pages Git installation: authorise the Cloudflare "
            "Workers and Pages GitHub App for the repository in the dashboard, and try again.",
            code="8000011",
        )


def _merge(old: Any, patch: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    merged = {**old, **{name: _merge(old.get(name), value) for name, value in patch.items()}}
    # `source` stays as a null: the project is then not connected. Elsewhere a null takes the member away.
    return {name: value for name, value in merged.items() if value is not None or name == "source"}


def _refuse_bad_policies(account_id: str, policies: list[Document]) -> None:
    known = {group["id"] for group in PERMISSION_GROUPS}
    allowed = re.compile(
        rf"com\.cloudflare\.edge\.r2\.bucket\.{account_id}_(default|eu|fedramp)_[a-z0-9-]+"
        rf"|com\.cloudflare\.api\.account\.{account_id}"
    )
    for policy in policies:
        for group in policy["permission_groups"]:
            if group["id"] not in known:
                raise CloudError(400, f"permission group {group['id']} does not exist", code="1001")
        for resource in policy["resources"]:
            if not allowed.fullmatch(resource):
                raise CloudError(400, f"resource {resource} is not one of account {account_id}", code="1001")
