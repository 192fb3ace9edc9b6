"""R2: buckets and what hangs on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.clouds import ids
from sandbox.clouds.cloudflare.accounts import account
from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Document, Transaction

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

# What every new bucket carries; a lifecycle that somebody sets replaces it.
DEFAULT_LIFECYCLE: list[Document] = [
    {
        "id": "Default Multipart Abort Rule",
        "enabled": True,
        "conditions": {"prefix": ""},
        "abort_multipart_uploads_transition": {"condition": {"type": "Age", "max_age": 604_800}},
    }
]


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
    if not _NAME.fullmatch(name):
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
