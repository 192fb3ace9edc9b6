"""Look for existing certificates, custom domains and DNS records of a stack's domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import kinds
from infra.clouds import cloudflare
from infra.clouds.http import MissingError
from infra.config.domains import all_of, record_keys
from infra.providers.fly.errors import AppNotFoundError
from infra.providers.fly.flyctl import Flyctl
from ops.adopt.rows import Look, Row, absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.clouds.http import Client
    from infra.config.domains import Domain

_PROXIED = "it is proxied: set it to DNS only in Cloudflare's dashboard first, or Fly.io issues no certificate"


def domains(look: Look) -> Iterator[Row]:
    """Yield the findings of each domain.

    Raises:
        CloudError, FlyError: A cloud gave no usable answer.
    """
    settings, client = look.settings, look.access.client("Cloudflare")
    for domain in all_of(settings.domains, settings.former_domains):
        yield _certificate(look, domain) if domain.role == "api" else _at_cloudflare(look, client, domain)
        zones = [
            zone["id"]
            for zone in cloudflare.zones(client, domain.zone)
            if zone["account"]["id"] == settings.cloudflare_account_id
        ]
        if not zones:
            yield Row(f"zone {domain.zone}", notes=("CLOUDFLARE_API_TOKEN sees no such zone in the account",))
        for key in record_keys(domain) if zones else ():
            yield from _record(look, client, zones[0], domain, key)


def _certificate(look: Look, domain: Domain) -> Row:
    app, host = str(look.settings.fly_app), domain.host
    try:
        there = host in Flyctl().certs_list(app)
    except AppNotFoundError:
        there = False
    return _name(look, f"certificate of {host}", kinds.CERTIFICATE, f"{app}/{host}", domain, there=there)


def _at_cloudflare(look: Look, client: Client, domain: Domain) -> Row:
    """Return the findings of a custom domain of Pages or of the bucket."""
    settings, host, account = look.settings, domain.host, look.settings.cloudflare_account_id
    if domain.role == "audio":
        kind, path = kinds.BUCKET_CUSTOM_DOMAIN, f"r2/buckets/{settings.bucket}/domains/custom/{host}"
        title, key = f"name of R2 bucket {settings.bucket}: {host}", host
    else:
        kind, path = kinds.PAGES_DOMAIN, f"pages/projects/{settings.pages_project}/domains/{host}"
        title = f"name of Pages project {settings.pages_project}: {host}"
        key = kind.import_id({"accountId": account, "projectName": settings.pages_project, "name": host})
    try:
        cloudflare.get(client, account, path)
    except MissingError:
        return _name(look, title, kind, key, domain, there=False)
    return _name(look, title, kind, key, domain, there=True)


def _name(look: Look, title: str, kind: kinds.Kind, key: str, domain: Domain, *, there: bool) -> Row:
    host = domain.host
    if not there:
        return absent(title, adopted=host in look.settings.adopt.domains)
    shown = (look.line(kind, key, name=host),)
    if look.inventory.owner(kind, key):
        return Row(title, shown)
    kept = ("Cloudflare's provider cannot import it: `up` leaves it as it is",) if domain.role == "audio" else ()
    return Row(title, shown, {"domains": [host]}, notes=kept)


def _record(look: Look, client: Client, zone: str, domain: Domain, key: str) -> Iterator[Row]:
    """Yield the findings of the existing records of one type and name."""
    type_, name = key.split()
    kind, found = kinds.DNS_RECORD, cloudflare.records(client, zone, name)
    for record in [record for record in found if record["type"] == type_]:
        there = (look.line(kind, record["id"], record.get("created_on"), f"{record['id']}: {record['content']}"),)
        if look.inventory.owner(kind, record["id"]):
            yield Row(f"DNS record {key}", there)
        elif domain.role == "api" and record.get("proxied"):
            yield Row(f"DNS record {key}", there, notes=(_PROXIED,))
        else:
            yield Row(f"DNS record {key}", there, {"dnsRecords": {key: record["id"]}})
