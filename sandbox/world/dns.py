"""Answer questions about names by the DNS records in Cloudflare's zones. Standard library only: flyctl asks too."""

from __future__ import annotations

from sandbox.world.store import Document, Transaction

ADDRESSES = ("A", "AAAA", "CNAME")


def records(tx: Transaction, name: str, types: tuple[str, ...] = ADDRESSES) -> list[Document]:
    """Return the records of a name, by default those that lead somewhere."""
    return [r for r in tx.list("cloudflare", "dns").values() if r["name"] == name and r["type"] in types]


def allowed(tx: Transaction, host: str, authority: str) -> bool:
    """Return whether CAA records let an authority issue for a name: the nearest name's count (RFC 8659)."""
    labels = host.split(".")
    for first in range(len(labels) - 1):
        found = records(tx, ".".join(labels[first:]), ("CAA",))
        issuers = [record["data"]["value"] for record in found if record["data"]["tag"] == "issue"]
        if found:
            return not issuers or authority in issuers
    return True
