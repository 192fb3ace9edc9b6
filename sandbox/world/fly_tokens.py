"""Mint and recognise Fly.io's access tokens: of a person's login, an organization, or one app.

The cloud keeps a token as digests of its parts. Standard library only.

Seen: flyctl drops an expired token, and one that it cannot read, before the call (0.4.87).
Reported: a token that was cut short is refused with 401.
"""

from __future__ import annotations

import os

from sandbox.credentials import FLY_TOKEN
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

EMAIL = "sandbox@example.com"
_MACAROON = ("fm1r_", "fm1a_", "fm2_")


def minted(transaction: Transaction, token: Document) -> str:
    """Keep a new token, and return its text: the only time it can be read."""
    parts = [f"fm2_{os.urandom(160).hex()}", f"fm2_{os.urandom(160).hex()}"]
    identity = f"sandboxtoken{transaction.number('fly token'):04}"
    kept = {"id": identity, "created_by": EMAIL, "parts": [digest(part) for part in parts], "revoked": None}
    transaction.put("fly", "token", identity, {**kept, **token})
    return f"FlyV1 {','.join(parts)}"


def token_of(transaction: Transaction, credential: str, now: float) -> Document | None:
    """Return the limited token that a credential is; None for the login's own.

    Raises:
        CloudError: It is no token, or one that was revoked, cut or has expired.
    """
    presented = {part.strip() for part in bare(credential).split(",")}
    if FLY_TOKEN in presented:
        return None
    if not any(part.startswith(_MACAROON) for part in presented):
        raise CloudError(401, "token validation error", code="http")
    digests = {digest(part) for part in presented}
    for token in transaction.list("fly", "token").values():
        known = digests.intersection(token["parts"])
        # flyctl drops an expired token before the call, so that the cloud sees none at all.
        if known and (token["expires"] is None or token["expires"] > now):
            if len(known) < len(token["parts"]) or token["revoked"]:
                raise CloudError(401, "Authenticate: token validation error", code="http")
            return token
    raise CloudError(401, "You must be authenticated to view this.")


def bare(credential: str) -> str:
    """Return a token without what may stand before it."""
    return credential.strip().removeprefix("Bearer ").removeprefix("FlyV1 ").strip()


def digest(text: str) -> str:
    """Return the digest that the cloud keeps instead of a text."""
    import hashlib  # noqa: PLC0415 -- most runs of flyctl need none, and it costs a tenth of them

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
