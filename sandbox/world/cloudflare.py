"""Keep Cloudflare's rules for Pages projects, R2 buckets with their settings, and account tokens.

Documents, in the spelling of Cloudflare's API:

- ("cloudflare", "account", id): the seed makes it. {"github_app": false} removes Pages' GitHub App, {"r2": false} says
  that nobody enabled R2 (both from public reports), {"tokens": n} is the most tokens that it may have (text: believed).
- ("cloudflare", "pages", "account/name").
- ("cloudflare", "bucket", "account/jurisdiction/name"): {…, "objects": n, "cors", "managed_domain"}.
- ("cloudflare", "token", id): {…, "account_id", "value"}.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.world import ids
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

# The answer about a missing document, by kind.
_MISSING = {
    "pages": ("Project not found: {}", "8000007"),
    "bucket": ("The specified bucket does not exist: {}", "10006"),
    "token": ("Token not found: {}", "1000"),
}
_PAGES_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,56}[a-z0-9])?")
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_SCOPES = {
    "com.cloudflare.edge.r2.bucket": ("Workers R2 Storage Bucket Item Write", "Workers R2 Storage Bucket Item Read"),
    "com.cloudflare.api.account": ("Workers R2 Storage Write", "Pages Write", "Account API Tokens Write"),
}


def account(tx: Transaction, identity: str) -> Document:
    """Return an account.

    Raises:
        CloudError: 403 where the token does not reach the account; Cloudflare does not say whether it exists.
    """
    found = tx.get("cloudflare", "account", identity)
    if found is None:
        raise CloudError(403, f"Authentication error: the token does not reach account {identity}", code="10000")
    return found


def get(tx: Transaction, kind: str, account_id: str, *path: str) -> Document:
    """Return a "pages" project (by name), a "bucket" (jurisdiction, name) or a "token" without its value (id).

    Raises:
        CloudError: 404 where it does not exist.
    """
    account(tx, account_id)
    found = tx.get("cloudflare", kind, _key(kind, account_id, *path))
    if found is None or found["account_id"] != account_id:
        raise missing(kind, path[-1])
    return {name: value for name, value in found.items() if (kind, name) != ("token", "value")}


def delete(tx: Transaction, kind: str, account_id: str, *path: str) -> None:
    """Delete a document, named as in `get`.

    Raises:
        CloudError: 404 where it does not exist, 409 for a bucket with objects in it.
    """
    if get(tx, kind, account_id, *path).get("objects"):
        raise CloudError(409, f"The bucket you tried to delete is not empty: {path[-1]}", code="10008")
    tx.delete("cloudflare", kind, _key(kind, account_id, *path))


def missing(kind: str, name: str) -> CloudError:
    """Return the API's error for a missing document."""
    message, code = _MISSING[kind]
    return CloudError(404, message.format(name), code=code)


def create_pages(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a Pages project; `source` connects it with git.

    Raises:
        CloudError: 409 for a taken name, 400 for a bad name, or for a `source` without Pages' GitHub App.
    """
    account(tx, account_id)
    name = body["name"]
    if not _PAGES_NAME.fullmatch(name):
        raise CloudError(400, "The project name is not valid: lower-case letters, digits and dashes", code="8000001")
    if tx.get("cloudflare", "pages", f"{account_id}/{name}") is not None:
        message = "A project with this name already exists. Choose a different project name."
        raise CloudError(409, message, code="8000002")
    host = f"{name}-{ids.hexes(tx, 'pages subdomain', 3)}.pages.dev"
    environment = {"always_use_latest_compatibility_date": False, "build_image_major_version": 3, "fail_open": True}
    project = {
        "name": name,
        "account_id": account_id,
        "subdomain": host,
        "domains": [host],
        "build_config": {"build_caching": False, "build_command": "", "destination_dir": "", "root_dir": ""},
        "deployment_configs": {kind: {"env_vars": {}, **environment} for kind in ("preview", "production")},
        "source": None,
        "created_on": ids.now(),
    }
    return _patched(tx, project, body)


def patch_pages(tx: Transaction, account_id: str, name: str, patch: Document) -> Document:
    """Merge a patch into a Pages project: absent members stay, a null removes a member.

    Raises:
        CloudError: 404 where it does not exist, 400 for an impossible source.
    """
    return _patched(tx, get(tx, "pages", account_id, name), patch)


def create_bucket(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a bucket. The body holds name; optionally jurisdiction ("default"), location, storage_class ("Standard").

    Raises:
        CloudError: 409 for a taken name, 400 for a bad name, 403 where R2 is not enabled.
    """
    if not account(tx, account_id).get("r2", True):
        raise CloudError(403, "Please enable R2 through the Cloudflare Dashboard.", code="10042")
    name, jurisdiction = body["name"], body.get("jurisdiction") or "default"
    if not _BUCKET_NAME.fullmatch(name):
        raise CloudError(400, "The specified bucket name is not valid.", code="10005")
    if tx.get("cloudflare", "bucket", f"{account_id}/{jurisdiction}/{name}") is not None:
        raise CloudError(409, "The bucket you tried to create already exists, and you own it.", code="10004")
    public = {"bucket_id": ids.hexes(tx, "bucket"), "domain": f"pub-{ids.hexes(tx, 'managed domain')}.r2.dev"}
    document = {
        "name": name,
        "account_id": account_id,
        "jurisdiction": jurisdiction,
        "location": (body.get("location") or "weur").upper(),
        "storage_class": body.get("storage_class") or "Standard",
        "creation_date": ids.now(),
        "objects": 0,
        "cors": [],
        "managed_domain": {**public, "enabled": False},
    }
    tx.put("cloudflare", "bucket", f"{account_id}/{jurisdiction}/{name}", document)
    return document


def update_bucket(tx: Transaction, account_id: str, jurisdiction: str, name: str, **changes: Any) -> Document:
    """Set members of a bucket (`storage_class`, `cors`), each as a whole, and return it.

    Raises:
        CloudError: 404 where the bucket does not exist in this jurisdiction.
    """
    found = {**get(tx, "bucket", account_id, jurisdiction, name), **changes}
    tx.put("cloudflare", "bucket", f"{account_id}/{jurisdiction}/{name}", found)
    return found


def set_managed_domain(tx: Transaction, account_id: str, jurisdiction: str, name: str, *, enabled: bool) -> Document:
    """Switch a bucket's r2.dev domain on or off and return it.

    Raises:
        CloudError: 404 without the bucket.
    """
    domain: Document = {**get(tx, "bucket", account_id, jurisdiction, name)["managed_domain"], "enabled": enabled}
    update_bucket(tx, account_id, jurisdiction, name, managed_domain=domain)
    return domain


def permission_groups() -> list[Document]:
    """Return some of a token's possible permission groups. A client finds their ids by name."""
    known = {"category": "Developer Platform", "is_selectable": True}
    named = [(name, scope) for scope, names in _SCOPES.items() for name in names]
    return [{"id": ids.digest(name)[:32], "name": name, "scopes": [scope], **known} for name, scope in named]


def create_token(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make an account token and return it with its value, which no later call returns. Names may repeat.

    Args:
        tx: The world.
        account_id: The account.
        body: name, policies [{effect, permission_groups [{id}], resources {…}}]; optionally condition,
            expires_on, not_before, status.

    Raises:
        CloudError: 400 for an unknown permission group, a resource outside the account, or too many tokens.
    """
    most = account(tx, account_id).get("tokens")
    if most is not None and len(tx.list("cloudflare", "token")) >= most:
        raise CloudError(400, "You have reached the maximum number of API tokens for this account", code="1005")
    _refuse_bad_policies(account_id, body["policies"])
    made = {"id": ids.hexes(tx, "account token"), "account_id": account_id, "value": ids.password(40)}
    document = {"status": "active", **body, **made, "issued_on": ids.now(), "modified_on": ids.now()}
    tx.put("cloudflare", "token", document["id"], document)
    return document


def update_token(tx: Transaction, account_id: str, identity: str, body: Document) -> Document:
    """Set a token's name, policies and conditions; id and value stay.

    Raises:
        CloudError: 404 where it does not exist, 400 as at creation.
    """
    get(tx, "token", account_id, identity)
    _refuse_bad_policies(account_id, body["policies"])
    found: Any = tx.get("cloudflare", "token", identity)
    tx.put("cloudflare", "token", identity, {**found, **body, "modified_on": ids.now()})
    return get(tx, "token", account_id, identity)


def _key(kind: str, *path: str) -> str:
    return path[-1] if kind == "token" else "/".join(path)


def _patched(tx: Transaction, project: Document, patch: Document) -> Document:
    source, account_id = patch.get("source"), project["account_id"]
    needed = ("owner", "repo_name", "production_branch")
    if lacking := [name for name in needed if source and not source["config"].get(name)]:
        raise CloudError(400, f"source.config lacks {', '.join(lacking)}", code="8000012")
    if source and not account(tx, account_id).get("github_app", True):
        message = (
            "There is an internal issue with your Cloudflare Pages Git installation: authorise the Cloudflare "
            "Workers and Pages GitHub App for the repository in the dashboard, and try again."
        )
        raise CloudError(400, message, code="8000011")
    merged: Document = _merge(project, patch)
    tx.put("cloudflare", "pages", f"{account_id}/{merged['name']}", merged)
    return merged


def _merge(old: Any, patch: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    merged = {**old, **{name: _merge(old.get(name), value) for name, value in patch.items()}}
    # A null `source` stays: the project is not connected to git. Elsewhere a null removes the member.
    return {name: value for name, value in merged.items() if value is not None or name == "source"}


def _refuse_bad_policies(account_id: str, policies: list[Document]) -> None:
    known = {group["id"] for group in permission_groups()}
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
