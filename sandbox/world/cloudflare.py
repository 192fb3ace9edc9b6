"""Keep Cloudflare's rules for Pages projects and R2 buckets with their settings; `cloudflare_tokens` has the tokens.

Documents, in the spelling of Cloudflare's API:

- ("cloudflare", "account", id): the seed makes it. {"github_app": false} removes Pages' GitHub App, {"r2": false} says
  that nobody enabled R2, {"tokens": n} is the most tokens that it may have.
- ("cloudflare", "pages", "account/name").
- ("cloudflare", "bucket", "account/jurisdiction/name"): {…, "objects": n, "cors", "managed_domain"}.
- ("cloudflare", "token", id): {…, "account_id", "value"}.

Seen: what the provider sends, and how it reads the answers (Cloudflare's for Terraform, 5.22.0).
Documented: a PATCH of Pages merges, R2's error codes.
Reported: 10042 and 8000011; empty texts in a new project's `build_config` (the provider's pull request 6629).
Believed: A token that does not reach an account gets 403 with code 10000, whether or not the account exists.
"""

from __future__ import annotations

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
        message, code = _MISSING[kind]
        raise CloudError(404, message.format(path[-1]), code=code)
    return {name: value for name, value in found.items() if (kind, name) != ("token", "value")}


def delete(tx: Transaction, kind: str, account_id: str, *path: str) -> None:
    """Delete a document, named as in `get`.

    Raises:
        CloudError: 404 where it does not exist, 409 for a bucket with objects in it.
    """
    if get(tx, kind, account_id, *path).get("objects"):
        raise CloudError(409, f"The bucket you tried to delete is not empty: {path[-1]}", code="10008")
    tx.delete("cloudflare", kind, _key(kind, account_id, *path))


def create_pages(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a Pages project; `source` connects it with git.

    Raises:
        CloudError: 409 for a taken name, 400 for a `source` without Pages' GitHub App.
    """
    account(tx, account_id)
    name = body["name"]
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
        CloudError: 404 where it does not exist, 400 for a `source` without Pages' GitHub App.
    """
    return _patched(tx, get(tx, "pages", account_id, name), patch)


def create_bucket(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a bucket. The body holds name; optionally jurisdiction ("default"), location, storage_class ("Standard").

    Raises:
        CloudError: 409 for a taken name, 403 where R2 is not enabled.
    """
    if not account(tx, account_id).get("r2", True):
        raise CloudError(403, "Please enable R2 through the Cloudflare Dashboard.", code="10042")
    name, jurisdiction = body["name"], body.get("jurisdiction") or "default"
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


def _key(kind: str, *path: str) -> str:
    return path[-1] if kind == "token" else "/".join(path)


def _patched(tx: Transaction, project: Document, patch: Document) -> Document:
    source, account_id = patch.get("source"), project["account_id"]
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
