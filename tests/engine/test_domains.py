"""Staging and production at names of one zone, through the real engine: from nothing, and set up by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import zones
from tests.engine.test_environments import up

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox

ACCOUNT = "ffffffffffffffffffffffffffffff01"
ZONE = "tune.example"
DOMAINS: dict[str, dict[str, Any]] = {
    "production": {
        "zone": ZONE,
        "api": f"api.{ZONE}",
        "frontend": ZONE,
        "www": f"www.{ZONE}",
        "audio": f"audio.{ZONE}",
        "r2Dev": False,
    },
    "staging": {"zone": ZONE, "api": f"api.staging.{ZONE}", "frontend": f"staging.{ZONE}"},
}


def at_domains(sandbox: Sandbox) -> None:
    """Give both stacks their names, in a zone that is there."""
    with sandbox.world.transaction() as tx:
        zones.put_zone(tx, ZONE, ACCOUNT)
    for stack, names in DOMAINS.items():
        with sandbox.settings(stack) as settings:
            settings["relay:domains"] = names


def records(sandbox: Sandbox) -> dict[str, tuple[str, bool]]:
    """Return content and proxy of each DNS record, by type and name."""
    with sandbox.world.transaction() as tx:
        found = tx.list("cloudflare", "dns").values()
    return {f"{r['type']} {r['name']}": (r["content"], r["proxied"]) for r in found}


def listed(sandbox: Sandbox, cloud: str, kind: str) -> dict[str, dict[str, Any]]:
    with sandbox.world.transaction() as tx:
        return tx.list(cloud, kind)


@pytest.fixture
def served(empty_sandbox: Sandbox) -> Sandbox:
    """Both stacks at their names, in a world that had nothing but the zone."""
    at_domains(empty_sandbox)
    for stack in DOMAINS:
        assert up(empty_sandbox, stack).keys() == {"created"}
    return empty_sandbox


def test_from_nothing(served: Sandbox) -> None:
    found = records(served)
    assert {key for key in found if "staging" not in key} == {
        f"CNAME api.{ZONE}",
        f"TXT _fly-ownership.api.{ZONE}",
        f"CNAME {ZONE}",
        f"CNAME www.{ZONE}",
        f"CNAME audio.{ZONE}",
    }
    content, proxied = found[f"CNAME api.{ZONE}"]
    assert content.endswith(".tune-api.fly.dev")
    assert not proxied
    assert found[f"CNAME staging.{ZONE}"] == ("staging.tune-8xz.pages.dev", True)
    buckets = listed(served, "cloudflare", "bucket")
    assert [bucket["managed_domain"]["enabled"] for bucket in buckets.values()] == [False]
    secrets = listed(served, "fly", "secret")
    for app, stack in (("tune-api", "production"), ("tune-api-staging", "staging")):
        names = DOMAINS[stack]
        assert secrets[f"{app}/ATPROTO_CLIENT_ID"]["value"] == f"https://{names['api']}/client-metadata.json"
        assert secrets[f"{app}/FRONTEND_URL"]["value"] == f"https://{names['frontend']}"
    for stack in DOMAINS:
        assert up(served, stack).keys() == {"unchanged"}


def test_a_pending_name_is_no_drift_and_becomes_active(served: Sandbox) -> None:
    states = [one["status"] for one in listed(served, "cloudflare", "pages-domain").values()]
    assert "active" not in states
    for _ in range(2):
        assert served.run("bin/drift", "production", check=False).returncode == 0
    states = [
        one["status"] for key, one in listed(served, "cloudflare", "pages-domain").items() if "staging" not in key
    ]
    assert states == ["active", "active"]


def test_destroying_staging_leaves_productions_names(served: Sandbox) -> None:
    before = {key for key in records(served) if "staging" not in key}
    served.config_set("staging", "unprotect", "true")
    up(served, "staging")
    served.pulumi("destroy", "--stack", "staging", "--yes", "--skip-preview")
    assert records(served).keys() == before
    assert set(listed(served, "fly", "certificate")) == {f"tune-api/api.{ZONE}"}
    assert up(served, "production").keys() == {"unchanged"}
