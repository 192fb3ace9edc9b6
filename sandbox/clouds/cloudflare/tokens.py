"""Account tokens, and the permission groups they may carry."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from sandbox.clouds import ids
from sandbox.clouds.cloudflare.accounts import account
from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Document, Transaction

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


def permission_groups(tx: Transaction, account_id: str, name: str = "", scope: str = "") -> list[Document]:
    """Return the permission groups a token of the account may carry, filtered by exact name and scope."""
    account(tx, account_id)
    return [g for g in PERMISSION_GROUPS if name in {"", g["name"]} and (not scope or scope in g["scopes"])]


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
