"""Keep Cloudflare's rules for an account's API tokens: documents ("cloudflare", "token", id).

Documented: the groups' names, the resources that a policy may name, and that a token's value is shown once.
Reported: 1005, the limit of tokens.
Believed: The texts with which Cloudflare refuses a token's policy, and one token too many.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.world import cloudflare, ids
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_SCOPES = {
    "com.cloudflare.edge.r2.bucket": ("Workers R2 Storage Bucket Item Write", "Workers R2 Storage Bucket Item Read"),
    "com.cloudflare.api.account": ("Workers R2 Storage Write", "Pages Write", "Account API Tokens Write"),
}


def permission_groups() -> list[Document]:
    """Return some of a token's possible permission groups. A client finds their ids by name."""
    named = [(name, scope) for scope, names in _SCOPES.items() for name in names]
    return [{"id": ids.digest(name)[:32], "name": name, "scopes": [scope]} for name, scope in named]


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
    most = cloudflare.account(tx, account_id).get("tokens")
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
    cloudflare.get(tx, "token", account_id, identity)
    _refuse_bad_policies(account_id, body["policies"])
    found: Any = tx.get("cloudflare", "token", identity)
    tx.put("cloudflare", "token", identity, {**found, **body, "modified_on": ids.now()})
    return cloudflare.get(tx, "token", account_id, identity)


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
