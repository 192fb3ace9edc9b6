"""Check a stack's own domain names: before an `up`, that they are free; later, whether they are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.checks.findings import Finding
from infra.clouds import cloudflare
from infra.clouds.http import CloudError, MissingError
from infra.config.domains import all_of
from infra.providers.fly.errors import FlyError
from infra.providers.fly.flyctl import Flyctl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from infra.checks.findings import Start
    from infra.clouds.http import Client
    from infra.config.domains import Domain
    from infra.config.settings import Settings

_AUTHORITY = "letsencrypt.org"
_LEADS = {"A", "AAAA", "CNAME"}
_RECORDS = "Cloudflare's dashboard, under DNS → Records"


def check(start: Start, client: Client) -> Iterator[Finding]:
    """Report each name that the stack cannot have.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    settings = start.settings
    domains = [*all_of(settings.domains, settings.former_domains)]
    zones: dict[str, str] = {}
    for name in sorted({domain.zone for domain in domains}):
        found = {zone["account"]["id"]: zone["id"] for zone in cloudflare.zones(client, name)}
        zones[name] = found.get(settings.cloudflare_account_id, "")
        if not zones[name]:
            yield _no_zone(settings, name, elsewhere=bool(found))
    own = start.own_ids() if domains else {}
    if own is None:
        return  # doctor reports the unreadable state
    for domain in domains:
        if zones[domain.zone]:
            yield from _name(settings, client, zones[domain.zone], domain, own)


def _no_zone(settings: Settings, name: str, *, elsewhere: bool) -> Finding:
    account = settings.cloudflare_account_id
    if elsewhere:
        problem = f"Zone {name} is in another Cloudflare account than {account}, whose Pages and R2 cannot serve it"
        return Finding("wrong", problem, "Correct domains.zone or cloudflareAccountId, or move the zone to the account")
    fix = "Correct domains.zone, or the token: it takes Zone Read and DNS Write on the zone"
    return Finding("wrong", f"CLOUDFLARE_API_TOKEN sees no zone {name}", fix)


def _name(settings: Settings, client: Client, zone: str, domain: Domain, own: Mapping[str, str]) -> Iterator[Finding]:
    """Report a name's records that are not this stack's, and obstacles to its certificate at Fly.io."""
    adopt, host = settings.adopt, domain.host
    known = {identity for name, identity in own.items() if name.startswith("record-")}
    here = [record for record in cloudflare.records(client, zone, host) if record["type"] in _LEADS]
    here = [record for record in here if record["id"] not in known]
    # R2 makes the record of a bucket's name itself.
    ours = domain.role == "audio" and (host in adopt.domains or f"bucket-domain-{host}" in own)
    if foreign := [record for record in here if record["id"] not in adopt.dns_records.values() and not ours]:
        shown = ", ".join(f"{record['type']} {record['content']}" for record in foreign)
        yield Finding(
            "wrong",
            f"{host} leads elsewhere already ({shown}), by a record that is not this stack's",
            f"To take it over: `bin/adopt {settings.stack} --write`. Otherwise delete it in {_RECORDS}, or choose "
            "another name",
        )
    if domain.role == "api":
        if any(record["proxied"] for record in here):
            problem = f"The record of {host} is proxied, and Fly.io cannot check the name for its certificate"
            yield Finding("wrong", problem, f"Set it to DNS only in {_RECORDS}")
        yield from _authorities(client, zone, domain)


def _authorities(client: Client, zone: str, domain: Domain) -> Iterator[Finding]:
    """Report CAA records that forbid Fly.io's authority; those of the nearest name count (RFC 8659)."""
    name = domain.host
    while True:
        found = [record for record in cloudflare.records(client, zone, name) if record["type"] == "CAA"]
        issuers = [_value(record) for record in found if record.get("data", {}).get("tag") == "issue"]
        if issuers and _AUTHORITY not in issuers:
            yield Finding(
                "wrong",
                f"A CAA record of {name} lets {', '.join(issuers)} alone issue certificates, and Fly.io gets its "
                f"certificate for {domain.host} from {_AUTHORITY}",
                f"Add a CAA record of {name} in {_RECORDS}: tag `issue`, {_AUTHORITY}",
            )
        if found or name == domain.zone:
            return
        name = name.partition(".")[2]


def _value(record: dict[str, Any]) -> str:
    return str(record["data"]["value"]).partition(";")[0].strip()


def pending(settings: Settings, client: Client | None) -> Iterator[Finding]:
    """Report whether each name is served; if not, with the command that checks it.

    Args:
        settings: The stack's settings.
        client: A client of Cloudflare's API; None where there is no credential for it.
    """
    for domain in all_of(settings.domains, settings.former_domains):
        host, at_fly = domain.host, domain.role == "api"
        look = f"flyctl certs check {host} -a {settings.fly_app}" if at_fly else f"bin/doctor --for {settings.stack}"
        try:
            state = _at_fly(settings, host) if at_fly else _at_cloudflare(settings, client, domain)
        except (CloudError, FlyError) as error:
            yield Finding("note", f"Not checked: whether {host} is served: {error}")
            continue
        if state:
            yield Finding("note", f"{host} is not served yet: {state}", f"It takes some minutes. To check: `{look}`")
        else:
            yield Finding("ok", f"{host} is served")


def _at_fly(settings: Settings, host: str) -> str:
    """Return Fly.io's progress with a name; empty once Fly.io serves it."""
    found = Flyctl().certs_list(str(settings.fly_app))
    if host not in found:
        return "the app has no certificate for it; `up` adds it"
    return f"its certificate is {found[host]}" if found[host] else ""


def _at_cloudflare(settings: Settings, client: Client | None, domain: Domain) -> str:
    """Return Cloudflare's progress with a name; empty once Cloudflare serves it."""
    if client is None:
        raise CloudError("there is no CLOUDFLARE_API_TOKEN")
    place = f"pages/projects/{settings.pages_project}/domains"
    if domain.role == "audio":
        place = f"r2/buckets/{settings.bucket}/domains/custom"
    try:
        found = cloudflare.get(client, settings.cloudflare_account_id, f"{place}/{domain.host}")
    except MissingError:
        return "Cloudflare does not know it; `up` adds it"
    with client.documented():
        states = found["status"] if domain.role == "audio" else {"Pages": found["status"]}
        waiting = [f"{name} is {state}" for name, state in states.items() if state != "active"]
    return ", ".join(waiting)
