"""Accounts: what every other call asks for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Document, Transaction


def account(tx: Transaction, identity: str) -> Document:
    """Return an account.

    Raises:
        CloudError: 403 where the token reaches no such account; Cloudflare does not tell whether it exists.
    """
    found = tx.get("cloudflare", "account", identity)
    if found is None:
        raise CloudError(403, f"Authentication error: the token does not reach account {identity}", code="10000")
    return found
