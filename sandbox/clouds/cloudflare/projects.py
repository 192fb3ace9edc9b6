"""Pages projects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.clouds import ids
from sandbox.clouds.cloudflare.accounts import account
from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Document, Transaction

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,56}[a-z0-9])?")


def create_pages(tx: Transaction, account_id: str, body: Document) -> Document:
    """Make a Pages project; `source` connects it with git.

    Raises:
        CloudError: 409 for a taken name, 400 for a bad one, or without Pages' GitHub App when `source` is given.
    """
    name = body["name"]
    key = f"{account_id}/{name}"
    installed = account(tx, account_id).get("github_app", True)
    if not _NAME.fullmatch(name):
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
        CloudError: 404 where there is none.
    """
    pages(tx, account_id, name)
    tx.delete("cloudflare", "pages", f"{account_id}/{name}")


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
