"""Keep Cloudflare's rules for zones, DNS records, and the names of Pages projects and R2 buckets.

Documents, in the spelling of Cloudflare's API:

- ("cloudflare", "zone", id): the seed makes it.
- ("cloudflare", "dns", "zone/id"): a record; R2 makes one for a bucket's name, which nobody else may change.
- ("cloudflare", "pages-domain", "account/project/name"), ("cloudflare", "bucket-domain", "account/bucket/name").

Documented: members and states, in the provider's schema; only a proxied record leads to a branch of a Pages project.
Reported: 8000018 for a name that a Pages project has; Pages itself makes no DNS record for a name.
Believed: The texts and codes with which Cloudflare refuses a DNS record, a name of Pages and a name of a bucket.
Believed: A name of Pages becomes active by looks at its proxied CNAME, also one that leads to a branch.
Believed: A name of a bucket has a DNS record that only R2 changes, and is active at the first look.
"""

from __future__ import annotations

from sandbox.world import cloudflare, dns, ids
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_NEXT = {"initializing": "pending", "pending": "active", "active": "active"}
_MISSING = {
    "dns": ("Record does not exist.", "81044"),
    "pages-domain": ("The requested domain is not associated with this project", "8000021"),
    "bucket-domain": ("The specified custom domain does not exist.", "10080"),
}


def zones(tx: Transaction, name: str | None = None, account: str | None = None) -> list[Document]:
    """Return the zones of a name and an account that the token sees; without them, all."""
    found = tx.list("cloudflare", "zone").values()
    return [z for z in found if name in {None, z["name"]} and account in {None, z["account"]["id"]}]


def put_zone(tx: Transaction, name: str, account: str) -> Document:
    """Make a zone, whose name servers are Cloudflare's."""
    zone = {"id": ids.digest(f"zone {name}")[:32], "name": name, "account": {"id": account, "name": "Sandbox"}}
    document: Document = {**zone, "status": "active"}
    tx.put("cloudflare", "zone", document["id"], document)
    return document


def get(tx: Transaction, kind: str, *path: str) -> Document:
    """Return a "dns" record (zone, id), a "pages-domain" or a "bucket-domain" (account, project or bucket, name).

    Each call checks a name's record, and brings the name's status one step further.

    Raises:
        CloudError: 404 where it, its project or its bucket does not exist, 403 where the token does not reach the zone.
    """
    if kind == "dns":
        _zone(tx, path[0])
    elif kind == "pages-domain":
        host = cloudflare.get(tx, "pages", *path[:2])["subdomain"]
    else:
        cloudflare.get(tx, "bucket", path[0], "default", path[1])
    found = tx.get("cloudflare", kind, "/".join(path))
    if found is None:
        message, code = _MISSING[kind]
        raise CloudError(404, message, code=code)
    if kind == "pages-domain":
        right = any(r["proxied"] and r["content"].endswith(host) for r in dns.records(tx, path[-1], ("CNAME",)))
        found["status"] = _NEXT[found["status"]] if right else found["status"]
    elif kind == "bucket-domain":
        found["status"] = {"ownership": "active", "ssl": "active"}
    tx.put("cloudflare", kind, "/".join(path), found)
    return found


def delete(tx: Transaction, kind: str, *path: str) -> None:
    """Delete a record or a name, named as in `get`; with a bucket's name goes its record."""
    found = get(tx, kind, *path)
    if kind == "bucket-domain":
        for led in dns.records(tx, path[-1], ("CNAME",)):
            tx.delete("cloudflare", "dns", f"{found['zone_id']}/{led['id']}")
    tx.delete("cloudflare", kind, "/".join(path))


def put_record(tx: Transaction, zone: str, body: Document, identity: str = "") -> Document:
    """Make a DNS record, or with an id change one.

    Raises:
        CloudError: 400 beside a record that leads elsewhere, or that is the same; 404 as for `get`.
    """
    old = get(tx, "dns", zone, identity) if identity else {}
    if old.get("meta", {}).get("read_only"):
        raise CloudError(400, "This record is managed by R2.", code="1043")
    _zone(tx, zone)
    made = old or {"id": ids.hexes(tx, "dns record"), "created_on": ids.now()}
    found = {"proxied": False, "ttl": 1, "settings": {}, "tags": [], "meta": {}, **made, **body}
    others = [one for one in dns.records(tx, body["name"], (*dns.ADDRESSES, "TXT")) if one["id"] != found["id"]]
    leading = [one for one in others if {one["type"], found["type"]} <= {*dns.ADDRESSES}]
    if any("CNAME" in {one["type"], found["type"]} for one in leading):
        raise CloudError(400, "An A, AAAA, or CNAME record with that host already exists.", code="81053")
    if any((one["type"], one["content"]) == (found["type"], found["content"]) for one in others):
        raise CloudError(400, "An identical record already exists.", code="81058")
    found |= {"proxiable": found["type"] in dns.ADDRESSES, "modified_on": ids.now()}
    tx.put("cloudflare", "dns", f"{zone}/{found['id']}", found)
    return found


def add_pages_domain(tx: Transaction, account: str, project: str, name: str) -> Document:
    """Add a name to a Pages project.

    Raises:
        CloudError: 404 without the project, 409 for a name that a project has.
    """
    cloudflare.get(tx, "pages", account, project)
    if any(key.endswith(f"/{name}") for key in tx.list("cloudflare", "pages-domain")):
        raise CloudError(409, "Domain is unavailable", code="8000018")
    found = {
        "id": ids.hexes(tx, "pages domain"),
        "name": name,
        "status": "initializing",
        "created_on": ids.now(),
    }
    tx.put("cloudflare", "pages-domain", f"{account}/{project}/{name}", found)
    return found


def add_bucket_domain(tx: Transaction, account: str, bucket: str, body: Document) -> Document:
    """Serve a bucket at a name, whose record Cloudflare makes.

    Raises:
        CloudError: 404 without the bucket, 409 for a name that a bucket has, 400 beside another record.
    """
    cloudflare.get(tx, "bucket", account, "default", bucket)
    zone = _zone(tx, body["zone_id"])
    if any(key.endswith(f"/{body['domain']}") for key in tx.list("cloudflare", "bucket-domain")):
        raise CloudError(409, "The custom domain is already in use.", code="10081")
    leads = {"type": "CNAME", "name": body["domain"], "content": "public.r2.dev", "proxied": True}
    put_record(tx, zone["id"], {**leads, "meta": {"read_only": True}})
    status = {"ownership": "pending", "ssl": "initializing"}
    found = {**body, "zone_name": zone["name"], "status": status}
    tx.put("cloudflare", "bucket-domain", f"{account}/{bucket}/{body['domain']}", found)
    return found


def change_bucket_domain(tx: Transaction, account: str, bucket: str, body: Document) -> Document:
    """Change the settings of a bucket's name."""
    found = {**get(tx, "bucket-domain", account, bucket, body["domain"]), **body}
    tx.put("cloudflare", "bucket-domain", f"{account}/{bucket}/{body['domain']}", found)
    return found


def _zone(tx: Transaction, identity: str) -> Document:
    found = tx.get("cloudflare", "zone", identity)
    if found is None:
        raise CloudError(403, "Authentication error: the token does not reach the zone", code="10000")
    return found
