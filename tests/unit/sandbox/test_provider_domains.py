"""Test Cloudflare's provider: DNS records, and the names of Pages projects and buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import cloudflare as cloud
from sandbox.world import dns, zones
from tests.unit.sandbox.face import Face, Refused

if TYPE_CHECKING:
    from sandbox.world.store import World

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
PAGES = "cloudflare:index/pagesDomain:PagesDomain"
BUCKET = "cloudflare:index/r2CustomDomain:R2CustomDomain"
ON_PAGES = {"accountId": "acc", "projectName": "relay", "name": "app.relay.example"}


@pytest.fixture
def zone(world: World) -> str:
    with world.transaction() as tx:
        cloud.create_pages(tx, "acc", {"name": "relay", "production_branch": "main"})
        cloud.create_bucket(tx, "acc", {"name": "audio"})
        return str(zones.put_zone(tx, "relay.example", "acc")["id"])


def record(zone: str, **changes: Any) -> dict[str, Any]:
    found = {"zoneId": zone, "type": "CNAME", "name": "app.relay.example", "content": "there.example", "ttl": 1}
    return {**found, **changes}


@pytest.mark.parametrize(
    ("second", "code"),
    [({"type": "A", "content": "192.0.2.1"}, "81053"), ({"type": "CNAME", "content": "elsewhere.example"}, "81053")],
)
def test_a_name_leads_to_one_place(cloudflare: Face, zone: str, second: dict[str, str], code: str) -> None:
    cloudflare.create(RECORD, record(zone))
    with pytest.raises(Refused, match=code):
        cloudflare.create(RECORD, record(zone, **second))
    proof = record(zone, type="TXT", content='"a"')
    cloudflare.create(RECORD, proof)
    with pytest.raises(Refused, match="81058"):
        cloudflare.create(RECORD, proof)


def test_a_name_of_pages_goes_on_with_a_proxied_record_alone(cloudflare: Face, world: World, zone: str) -> None:
    identity, state = cloudflare.create(PAGES, ON_PAGES)
    assert state["status"] == "initializing"
    with world.transaction() as tx:
        host = cloud.get(tx, "pages", "acc", "relay")["subdomain"]
    _, made = cloudflare.create(RECORD, record(zone, content=f"staging.{host}"))
    seen = [cloudflare.refresh(PAGES, identity, state) for _ in range(2)]
    assert [found[0]["status"] for found in seen if found] == ["initializing"] * 2
    cloudflare.update(RECORD, made["id"], made, record(zone, content=f"staging.{host}", proxied=True))
    seen = [cloudflare.refresh(PAGES, identity, state, ON_PAGES) for _ in range(2)]
    assert [found[0]["status"] for found in seen if found] == ["pending", "active"]
    # An input that the program did not set is no drift.
    assert [found[1] for found in seen if found] == [ON_PAGES] * 2


def test_a_name_of_pages_is_taken_once(cloudflare: Face, zone: str) -> None:
    assert zone
    identity, state = cloudflare.create(PAGES, ON_PAGES)
    with pytest.raises(Refused, match="8000018"):
        cloudflare.create(PAGES, ON_PAGES)
    assert cloudflare.adopt(PAGES, "acc/relay/app.relay.example")[1] == ON_PAGES
    cloudflare.delete(PAGES, identity, state)
    assert cloudflare.refresh(PAGES, identity, state) is None


def test_a_name_of_a_bucket_brings_its_record(cloudflare: Face, world: World, zone: str) -> None:
    program = {"accountId": "acc", "bucketName": "audio", "domain": "a.relay.example", "zoneId": zone, "enabled": True}
    identity, state = cloudflare.create(BUCKET, program)
    assert state["status"]["ssl"] == "initializing"
    with world.transaction() as tx:
        (made,) = dns.records(tx, "a.relay.example")
    with pytest.raises(Refused, match="managed by R2"):
        cloudflare.update(RECORD, made["id"], {"zoneId": zone}, record(zone, name="a.relay.example"))
    with pytest.raises(Refused, match="409"):
        cloudflare.create(BUCKET, program)
    found = cloudflare.refresh(BUCKET, identity, state, program)
    assert found
    assert found[0]["status"] == {"ownership": "active", "ssl": "active"}
    assert cloudflare.update(BUCKET, identity, state, {**program, "minTls": "1.2"})["minTls"] == "1.2"
    with pytest.raises(Refused, match="does not support import"):
        cloudflare.adopt(BUCKET, identity)
    cloudflare.delete(BUCKET, identity, state)
    with world.transaction() as tx:
        assert dns.records(tx, "a.relay.example") == []
