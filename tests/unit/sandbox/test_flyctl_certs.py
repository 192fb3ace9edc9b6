"""Test the stand-in flyctl's `certs`: Fly issues a certificate once the DNS records of its name are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import zones
from tests.unit.sandbox.flyctl_world import FlyctlWorld, failed

if TYPE_CHECKING:
    from pathlib import Path

HOST = "api.relay.example"


@pytest.fixture
def flyctl(tmp_path: Path) -> FlyctlWorld:
    world = FlyctlWorld(tmp_path)
    with world.world.transaction() as tx:
        zones.put_zone(tx, "relay.example", "acc")
    return world


def record(flyctl: FlyctlWorld, **members: Any) -> None:
    with flyctl.world.transaction() as tx:
        (zone,) = zones.zones(tx)
        zones.put_record(tx, zone["id"], {"type": "CNAME", "name": HOST, **members})


def checked(flyctl: FlyctlWorld) -> tuple[bool, list[str]]:
    found = flyctl.json("certs", "check", HOST, "-a", "relay-api")
    return found["configured"], [error["message"] for error in found.get("validation_errors", [])]


def test_added_checked_listed_removed(flyctl: FlyctlWorld) -> None:
    added = flyctl.json("certs", "add", HOST, "-a", "relay-api")
    target = added["dns_requirements"]["cname"]
    assert (added["configured"], added["status"]) == (False, "pending")
    assert checked(flyctl) == (False, [f"{HOST} does not lead to the app"])
    record(flyctl, content=target)
    assert [checked(flyctl)[0] for _ in range(3)] == [False, True, True]
    (row,) = flyctl.json("certs", "list", "-a", "relay-api")
    assert (row["hostname"], row["status"], row["configured"]) == (HOST, "active", True)
    failed(flyctl.run("certs", "remove", HOST, "-a", "relay-api"), "yes flag must be specified")
    done = flyctl.run("certs", "remove", HOST, "--yes", "-a", "relay-api")
    assert done.stdout.decode() == f"✓ Certificate {HOST} deleted from app relay-api\n"
    assert flyctl.json("certs", "list", "-a", "relay-api") == []


def test_a_proxy_and_a_foreign_authority_keep_it_pending(flyctl: FlyctlWorld) -> None:
    flyctl.run("certs", "add", HOST, "-a", "relay-api", "--json")
    record(flyctl, content="relay-api.fly.dev", proxied=True)
    assert checked(flyctl)[1] == [f"{HOST} is behind a proxy"]
    with flyctl.world.transaction() as tx:
        (found,) = tx.list("cloudflare", "dns").values()
        (zone,) = zones.zones(tx)
        zones.put_record(tx, zone["id"], {**found, "proxied": False}, found["id"])
        caa = {"type": "CAA", "name": "relay.example", "content": "", "data": {"tag": "issue", "value": "pki.goog"}}
        zones.put_record(tx, zone["id"], caa)
    assert checked(flyctl)[1] == [f"CAA records of {HOST} forbid letsencrypt.org"]


def test_a_name_is_taken_once_and_goes_with_its_app(flyctl: FlyctlWorld) -> None:
    flyctl.run("certs", "add", HOST, "-a", "fresh", "--json")
    failed(flyctl.run("certs", "add", HOST, "-a", "relay-api", "--json"), f"Hostname {HOST} already exists")
    failed(flyctl.run("certs", "check", HOST, "-a", "relay-api", "--json"), f"Hostname {HOST} not found")
    failed(flyctl.run("certs", "list", "-a", "missing", "--json"), "failed to list certificates: app not found")
    flyctl.run("apps", "destroy", "fresh", "--yes")
    assert flyctl.run("certs", "add", HOST, "-a", "relay-api", "--json").returncode == 0
