"""Serve staging and production at names of one zone, through the real engine: from nothing, and set up by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.credentials import FLY_TOKEN
from sandbox.world import fly, zones
from tests.engine.clouds import secrets, up
from tests.engine.sandboxes import ROOT, Sandbox, copied, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Once, Opened

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


@pytest.fixture(scope="session")
def served_world(once: Once, prepared: dict[bool, Sandbox]) -> Sandbox:
    """Both stacks at their names, in a world that had nothing but the zone."""

    def fill(folder: Path) -> None:
        with held(copied(prepared[True], folder / "world")) as sandbox:
            at_domains(sandbox)
            for stack in DOMAINS:
                assert up(sandbox, stack).keys() == {"created"}

    return Sandbox(prepared[True].project, once("served", fill) / "world")


@pytest.fixture
def served(served_world: Sandbox, opened: Opened) -> Iterator[Sandbox]:
    """A copy of that world."""
    with opened(served_world) as world:
        yield world


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
    variables = listed(served, "github", "variable")
    for app, stack in (("tune-api", "production"), ("tune-api-staging", "staging")):
        names, given = DOMAINS[stack], secrets(served, app)
        assert given["ATPROTO_CLIENT_ID"] == f"https://{names['api']}/client-metadata.json"
        assert given["FRONTEND_URL"] == f"https://{names['frontend']}"
        assert variables[f"tune-works/tune/{stack}/API_URL"]["value"] == f"https://{names['api']}"
    (page,) = listed(served, "cloudflare", "pages").values()
    used = {kind: found["env_vars"]["PUBLIC_API_URL"]["value"] for kind, found in page["deployment_configs"].items()}
    assert used == {"preview": f"https://api.staging.{ZONE}", "production": f"https://api.{ZONE}"}
    assert up(served, "staging").keys() == {"unchanged"}


def test_a_pending_name_is_no_drift_and_becomes_active(served: Sandbox) -> None:
    states = [one["status"] for one in listed(served, "cloudflare", "pages-domain").values()]
    assert "active" not in states
    waiting = f"staging.{ZONE} is not served yet: Pages is initializing"
    assert waiting in served.run("bin/environments", "--live", "--format", "markdown").stdout
    doctor = served.run("bin/doctor", "--for", "staging").stdout
    assert waiting in " ".join(doctor.split())
    for _ in range(2):
        served.run("bin/drift", "production")
    states = [
        one["status"] for key, one in listed(served, "cloudflare", "pages-domain").items() if "staging" not in key
    ]
    assert states == ["active", "active"]


def test_destroying_staging_leaves_productions_names(served: Sandbox) -> None:
    before = {key for key in records(served) if "staging" not in key}
    served.config_set("staging", "unprotect", "true")
    served.up("staging")
    served.destroy("staging")
    assert records(served).keys() == before
    assert set(listed(served, "fly", "certificate")) == {f"tune-api/api.{ZONE}"}
    assert up(served, "production").keys() == {"unchanged"}


def by_hand(sandbox: Sandbox) -> dict[str, str]:
    """Serve production at its names as a person would; return the ids of the records by type and name."""
    with sandbox.world.transaction() as tx:
        zone = zones.put_zone(tx, ZONE, ACCOUNT)["id"]
        cloud = fly.Fly(tx, FLY_TOKEN, 0)
        cloud.add_certificate("tune-api", f"api.{ZONE}")
        addresses = cloud.requirements("tune-api", f"api.{ZONE}")
        zones.add_pages_domain(tx, ACCOUNT, "tune", ZONE)
        zones.add_bucket_domain(
            tx, ACCOUNT, "tune-audio", {"domain": f"audio.{ZONE}", "zone_id": zone, "enabled": True}
        )
        wanted = {
            f"A api.{ZONE}": (addresses["a"][0], False),
            f"AAAA api.{ZONE}": (addresses["aaaa"][0], False),
            f"CNAME {ZONE}": ("tune-8xz.pages.dev", True),
        }
        made = {}
        for key, (content, proxied) in wanted.items():
            type_, name = key.split()
            body = {"type": type_, "name": name, "content": content, "proxied": proxied}
            made[key] = zones.put_record(tx, zone, body)["id"]
    return made


def test_a_world_that_was_set_up_by_hand_is_adopted_by_the_tool(sandbox: Sandbox) -> None:
    made = by_hand(sandbox)
    with sandbox.settings("production") as settings:
        settings["relay:domains"] = DOMAINS["production"]
    before = records(sandbox)
    assert "leads elsewhere already" in sandbox.refused("up", "production")
    assert records(sandbox) == before
    sandbox.run("bin/adopt", "production", "--write")
    with sandbox.settings("production") as settings:
        adopt = settings["relay:adopt"]
        assert adopt["domains"] == [f"api.{ZONE}", f"audio.{ZONE}", ZONE]
        assert adopt["dnsRecords"] == made
    counts = up(sandbox, "production")
    assert not counts.keys() & {"replaced", "deleted"}
    after = records(sandbox)
    assert after.items() >= before.items()
    assert after.keys() - before.keys() == {f"TXT _fly-ownership.api.{ZONE}", f"CNAME www.{ZONE}"}
    assert up(sandbox, "production").keys() == {"unchanged"}
    assert "nothing" in sandbox.run("bin/adopt", "production").stdout


def test_a_change_of_domain_as_the_page_says(served: Sandbox) -> None:
    """The steps and their settings are docs/domains.md's; its names stand for the stack's."""
    page = (ROOT / "docs" / "domains.md").read_text(encoding="utf-8").partition("## A change of domain")[2]
    prepare = yaml.safe_load(page.replace("old.example", ZONE).partition("```yaml")[2].partition("```")[0])
    with served.world.transaction() as tx:
        zones.put_zone(tx, "new.example", ACCOUNT)
    before = records(served)
    new = {"CNAME api.new.example", "TXT _fly-ownership.api.new.example", "CNAME new.example"}

    with served.settings("production") as settings:
        settings |= {**prepare, "relay:formerDomains": {**DOMAINS["production"], **prepare["relay:formerDomains"]}}
        del settings["relay:formerDomains"]["r2Dev"]
    assert "deleted" not in up(served, "production")
    assert records(served).keys() == before.keys() | new
    assert addresses(served) == f"https://api.{ZONE}/client-metadata.json"
    assert origins(served) == {f"https://{ZONE}", "https://new.example", f"https://www.{ZONE}"}

    with served.settings("production") as settings:
        del settings["relay:apiUrl"], settings["relay:frontendUrl"]
    assert "deleted" not in up(served, "production")
    assert records(served).keys() == before.keys() | new
    assert addresses(served) == "https://api.new.example/client-metadata.json"
    assert origins(served) == {f"https://{ZONE}", "https://new.example", f"https://www.{ZONE}"}

    with served.settings("production") as settings:
        del settings["relay:formerDomains"]
    served.up("production")
    assert {key for key in records(served) if "staging" not in key} == new
    assert origins(served) == {"https://new.example"}
    assert set(listed(served, "fly", "certificate")) == {
        "tune-api/api.new.example",
        f"tune-api-staging/api.staging.{ZONE}",
    }


def addresses(sandbox: Sandbox) -> str:
    return secrets(sandbox, "tune-api")["ATPROTO_CLIENT_ID"]


def origins(sandbox: Sandbox) -> set[str]:
    """Return the origins that may call production's API."""
    regex = secrets(sandbox, "tune-api")["FRONTEND_CORS_ORIGIN_REGEX"]
    return {*regex.strip("^$()").replace("\\", "").split("|")}
