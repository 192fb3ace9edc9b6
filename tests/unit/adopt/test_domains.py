"""Names that were served by hand: certificate, names at Cloudflare and records are found, and proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra import kinds
from ops.adopt.write import proposals
from ops.inventory import Inventory
from sandbox.credentials import FLY_TOKEN
from sandbox.world import fly, zones
from tests.unit.adopt.test_looks import ABSENT, ACCOUNT, owned

if TYPE_CHECKING:
    from tests.unit.adopt.conftest import Asked

ZONE, API, AUDIO = "tune.example", "api.tune.example", "audio.tune.example"
NAMES = {"domains": {"zone": ZONE, "api": API, "frontend": ZONE, "audio": AUDIO}}


@pytest.fixture
def zone(asked: Asked) -> str:
    with asked.world.transaction() as tx:
        return str(zones.put_zone(tx, ZONE, ACCOUNT)["id"])


def record(asked: Asked, zone: str, type_: str, name: str, **members: Any) -> str:
    with asked.world.transaction() as tx:
        made = zones.put_record(tx, zone, {"type": type_, "name": name, "content": "192.0.2.1", **members})
    return str(made["id"])


def test_what_serves_the_names_is_proposed(asked: Asked, zone: str) -> None:
    with asked.world.transaction() as tx:
        fly.Fly(tx, FLY_TOKEN, 0).add_certificate("tune-api", API)
        zones.add_pages_domain(tx, ACCOUNT, "tune", ZONE)
        zones.add_bucket_domain(tx, ACCOUNT, "tune-audio", {"domain": AUDIO, "zone_id": zone, "enabled": True})
    made = {f"A {API}": record(asked, zone, "A", API), f"CNAME {ZONE}": record(asked, zone, "CNAME", ZONE)}
    record(asked, zone, "MX", ZONE)
    found = asked.look("production", "domains", NAMES)
    assert found.unanswered == {}
    assert [row.adopt for row in found.rows if row.adopt] == [
        {"domains": [API]},
        {"dnsRecords": {f"A {API}": made[f"A {API}"]}},
        {"domains": [ZONE]},
        {"dnsRecords": {f"CNAME {ZONE}": made[f"CNAME {ZONE}"]}},
        {"domains": [AUDIO]},
    ]
    assert found.rows[-1].notes == ("Cloudflare's provider cannot import it: `up` leaves it as it is",)
    adopt = proposals("production", found.rows, asked.files).own["adopt"]
    assert (adopt["domains"], adopt["dnsRecords"]) == ([API, AUDIO, ZONE], made)


def test_where_nothing_serves_them_nothing_is_proposed(asked: Asked, zone: str) -> None:
    rows, unanswered = asked.look("production", "domains", NAMES)
    assert unanswered == {}
    assert [(row.there, row.adopt, row.notes) for row in rows] == [((), {}, ())] * 3
    assert zone


def test_a_stacks_own_are_not_proposed(asked: Asked, zone: str) -> None:
    identity = record(asked, zone, "CNAME", API)
    found = asked.look("production", "domains", NAMES, owned(kinds.DNS_RECORD, identity, "production"))
    assert [row.adopt for row in found.rows] == [{}] * 4


def test_a_proxied_record_of_the_api_is_not_proposed(asked: Asked, zone: str) -> None:
    record(asked, zone, "A", API, proxied=True)
    row = asked.look("production", "domains", NAMES).rows[1]
    assert row.adopt == {}
    assert row.notes[0].startswith("it is proxied: set it to DNS only")


def test_an_adopted_name_that_is_not_there_is_said(asked: Asked, zone: str) -> None:
    row = asked.look("production", "domains", {**NAMES, "adopt": {"domains": [API]}}).rows[0]
    assert row.notes == (ABSENT,)
    assert zone


def test_a_zone_that_the_token_does_not_see(asked: Asked) -> None:
    found = asked.look("production", "domains", NAMES, Inventory({}, frozenset(), {}))
    assert found.rows[1].notes == ("CLOUDFLARE_API_TOKEN sees no such zone in the account",)
