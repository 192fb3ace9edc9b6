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

_STATES = ("initializing", "pending", "active")


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


def record(tx: Transaction, zone: str, identity: str) -> Document:
    """Return a DNS record.

    Raises:
        CloudError: 404 where it does not exist, 403 where the token does not reach the zone.
    """
    _zone(tx, zone)
    found = tx.get("cloudflare", "dns", f"{zone}/{identity}")
    if found is None:
        raise CloudError(404, "Record does not exist.", code="81044")
    return found


def put_record(tx: Transaction, zone: str, body: Document, identity: str = "") -> Document:
    """Make a DNS record, or with an id change one.

    Raises:
        CloudError: 400 beside a record that leads elsewhere, or that is the same; 404 as for `record`.
    """
    old = record(tx, zone, identity) if identity else {}
    if old.get("meta", {}).get("read_only"):
        raise CloudError(400, "This record is managed by R2.", code="1043")
    name, suffix = body["name"], _zone(tx, zone)["name"]
    name = name if name == suffix or name.endswith(f".{suffix}") else f"{name}.{suffix}"
    made = old or {"id": ids.hexes(tx, "dns record"), "created_on": ids.now()}
    found = {"proxied": False, "ttl": 1, "settings": {}, "tags": [], "meta": {}, **made, **body, "name": name}
    others = [one for one in dns.records(tx, name, (*dns.ADDRESSES, "TXT")) if one["id"] != found["id"]]
    leading = [one for one in others if {one["type"], found["type"]} <= {*dns.ADDRESSES}]
    if any("CNAME" in {one["type"], found["type"]} for one in leading):
        raise CloudError(400, "An A, AAAA, or CNAME record with that host already exists.", code="81053")
    if any((one["type"], one["content"]) == (found["type"], found["content"]) for one in others):
        raise CloudError(400, "An identical record already exists.", code="81058")
    found |= {"proxiable": found["type"] in dns.ADDRESSES, "modified_on": ids.now()}
    tx.put("cloudflare", "dns", f"{zone}/{found['id']}", found)
    return found


def delete_record(tx: Transaction, zone: str, identity: str) -> None:
    """Delete a DNS record."""
    record(tx, zone, identity)
    tx.delete("cloudflare", "dns", f"{zone}/{identity}")


def pages_domain(tx: Transaction, account: str, project: str, name: str) -> Document:
    """Return a name of a Pages project, after Cloudflare has looked at its record.

    Raises:
        CloudError: 404 where the project or the name does not exist.
    """
    host = cloudflare.get(tx, "pages", account, project)["subdomain"]
    found = tx.get("cloudflare", "pages-domain", f"{account}/{project}/{name}")
    if found is None:
        raise CloudError(404, "The requested domain is not associated with this project", code="8000021")
    right = any(r["proxied"] and r["content"].endswith(host) for r in dns.records(tx, name, ("CNAME",)))
    state = _STATES.index(found["status"])
    if right and state < len(_STATES) - 1:
        found["status"] = _STATES[state + 1]
        tx.put("cloudflare", "pages-domain", f"{account}/{project}/{name}", found)
    return found


def add_pages_domain(tx: Transaction, account: str, project: str, name: str) -> Document:
    """Add a name to a Pages project.

    Raises:
        CloudError: 404 without the project, 409 for a name that a project has.
    """
    cloudflare.get(tx, "pages", account, project)
    if any(key.endswith(f"/{name}") for key in tx.list("cloudflare", "pages-domain")):
        raise CloudError(409, "Domain is unavailable", code="8000018")
    zone = next((z for z in zones(tx) if name.endswith(z["name"])), {"id": ""})
    found = {
        "id": ids.hexes(tx, "pages domain"),
        "domain_id": ids.hexes(tx, "pages domain id"),
        "name": name,
        "status": _STATES[0],
        "certificate_authority": "google",
        "created_on": ids.now(),
        "zone_tag": zone["id"],
        "validation_data": {"method": "http", "status": "initializing"},
        "verification_data": {"status": "pending"},
    }
    tx.put("cloudflare", "pages-domain", f"{account}/{project}/{name}", found)
    return found


def delete_pages_domain(tx: Transaction, account: str, project: str, name: str) -> None:
    """Remove a name from a Pages project."""
    pages_domain(tx, account, project, name)
    tx.delete("cloudflare", "pages-domain", f"{account}/{project}/{name}")


def bucket_domain(tx: Transaction, account: str, bucket: str, name: str) -> Document:
    """Return a name of a bucket, after Cloudflare has looked at it.

    Raises:
        CloudError: 404 where the bucket or the name does not exist.
    """
    cloudflare.get(tx, "bucket", account, "default", bucket)
    found = tx.get("cloudflare", "bucket-domain", f"{account}/{bucket}/{name}")
    if found is None:
        raise CloudError(404, "The specified custom domain does not exist.", code="10080")
    if found["status"]["ssl"] != "active":
        found["status"] = {"ownership": "active", "ssl": "active"}
        tx.put("cloudflare", "bucket-domain", f"{account}/{bucket}/{name}", found)
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
    found = {**bucket_domain(tx, account, bucket, body["domain"]), **body}
    tx.put("cloudflare", "bucket-domain", f"{account}/{bucket}/{body['domain']}", found)
    return found


def delete_bucket_domain(tx: Transaction, account: str, bucket: str, name: str) -> None:
    """Remove a name from a bucket, and its record."""
    zone = bucket_domain(tx, account, bucket, name)["zone_id"]
    for found in dns.records(tx, name, ("CNAME",)):
        tx.delete("cloudflare", "dns", f"{zone}/{found['id']}")
    tx.delete("cloudflare", "bucket-domain", f"{account}/{bucket}/{name}")


def _zone(tx: Transaction, identity: str) -> Document:
    found = tx.get("cloudflare", "zone", identity)
    if found is None:
        raise CloudError(403, "Authentication error: the token does not reach the zone", code="10000")
    return found
