"""Answer Cloudflare's HTTP API: an account's buckets, Pages projects, their names, and tokens; zones with records."""

from __future__ import annotations

from sandbox.world import cloudflare, pages_builds, zones
from sandbox.world.store import Document, Transaction

_KINDS = {"pages/projects": "pages", "r2/buckets": "bucket", "tokens": "token"}
# The most items that a page may have, and without a wish has (Cloudflare's API reference; Pages: wrangler's source).
_SIZES = {"pages": (10, 10), "bucket": (1000, 20), "token": (50, 20), "deployment": (25, 25)}
_BUCKET = ("name", "creation_date", "jurisdiction", "location", "storage_class")


def _listed(tx: Transaction, query: dict[str, str], account: str, path: str) -> Document:
    """List one kind page by page: buckets by a cursor, the others by number."""
    cloudflare.account(tx, account)
    kind = _KINDS[path]
    found = [item for item in tx.list("cloudflare", kind).values() if item["account_id"] == account]
    if kind == "bucket":
        size = _size(query, kind)
        jurisdiction = query.get("cf_r2_jurisdiction", "default")
        names = sorted(item["name"] for item in found if item["jurisdiction"] == jurisdiction)
        after = [name for name in names if name > query.get("cursor", "")]
        shown = {item["name"]: _bucket(item) for item in found if item["name"] in after[:size]}
        cursor = {"cursor": after[size - 1]} if len(after) > size else {}
        return _answer({"buckets": [shown[name] for name in after[:size]]}) | {"result_info": cursor}
    return _page(query, kind, [_shown(kind, item) for item in found])


def _deployments(tx: Transaction, query: dict[str, str], account: str, project: str) -> Document:
    return _page(query, "deployment", pages_builds.builds(tx, account, project))


def _page(query: dict[str, str], kind: str, items: list[Document]) -> Document:
    size = _size(query, kind)
    first = size * (int(query.get("page", "1")) - 1)
    return _answer(items[first : first + size])


def _size(query: dict[str, str], kind: str) -> int:
    most, usual = _SIZES[kind]
    return min(int(query.get("per_page", usual)), most)


def _one(tx: Transaction, query: dict[str, str], account: str, path: str, name: str) -> Document:
    kind = _KINDS[path]
    place = [query.get("cf_r2_jurisdiction", "default")] if kind == "bucket" else []
    return _answer(_shown(kind, cloudflare.get(tx, kind, account, *place, name)))


def _domain(tx: Transaction, query: dict[str, str], account: str, bucket: str) -> Document:
    """Show a bucket's r2.dev address."""
    jurisdiction = query.get("cf_r2_jurisdiction", "default")
    domain: Document = cloudflare.get(tx, "bucket", account, jurisdiction, bucket)["managed_domain"]
    return _answer(domain)


def _revoke(tx: Transaction, _query: dict[str, str], account: str, identity: str) -> Document:
    cloudflare.delete(tx, "token", account, identity)
    return _answer({"id": identity})


def _zones(tx: Transaction, query: dict[str, str]) -> Document:
    return _answer(zones.zones(tx, query.get("name")))


def _records(tx: Transaction, query: dict[str, str], zone: str) -> Document:
    """List the DNS records of a zone, or of one name in it."""
    found = [item for key, item in tx.list("cloudflare", "dns").items() if key.startswith(f"{zone}/")]
    return _answer([item for item in found if query.get("name") in {None, item["name"]}])


def _pages_domain(tx: Transaction, _query: dict[str, str], account: str, project: str, name: str) -> Document:
    return _answer(zones.get(tx, "pages-domain", account, project, name))


def _bucket_domain(tx: Transaction, _query: dict[str, str], account: str, bucket: str, name: str) -> Document:
    return _answer(zones.get(tx, "bucket-domain", account, bucket, name))


def _answer(result: Document | list[Document]) -> Document:
    return {"success": True, "errors": [], "messages": [], "result": result}


def _bucket(item: Document) -> Document:
    return {name: item[name] for name in _BUCKET}


def _shown(kind: str, item: Document) -> Document:
    """Return an object as the API shows it: a token without its value, a bucket without what hangs on it."""
    if kind == "bucket":
        return _bucket(item)
    return {name: value for name, value in item.items() if name not in {"value", "account_id"}}


ROUTES = (
    (r"GET /client/v4/accounts/(\w+)/(pages/projects|r2/buckets|tokens)", _listed),
    (r"GET /client/v4/accounts/(\w+)/(pages/projects|r2/buckets|tokens)/([\w-]+)", _one),
    (r"GET /client/v4/accounts/(\w+)/pages/projects/([\w-]+)/deployments", _deployments),
    (r"GET /client/v4/accounts/(\w+)/r2/buckets/([\w-]+)/domains/managed", _domain),
    (r"GET /client/v4/accounts/(\w+)/r2/buckets/([\w-]+)/domains/custom/([\w.-]+)", _bucket_domain),
    (r"GET /client/v4/accounts/(\w+)/pages/projects/([\w-]+)/domains/([\w.-]+)", _pages_domain),
    (r"GET /client/v4/zones", _zones),
    (r"GET /client/v4/zones/(\w+)/dns_records", _records),
    (r"DELETE /client/v4/accounts/(\w+)/tokens/(\w+)", _revoke),
)
"""Method and path, and the function that answers."""
