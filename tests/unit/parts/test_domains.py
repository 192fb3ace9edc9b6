"""The names of a stack as the program registers them."""

from __future__ import annotations

from infra.protection import adopted_names
from tests.contract.registrations import run
from tests.unit.checks.starting import start
from tests.unit.program import ROOT, State, run_program
from tests.unit.test_program import urns

API = "api.tune.example"


def test_a_name_of_the_api_has_an_unproxied_record_and_its_proof() -> None:
    made = run("production, at domains")
    record, proof = made.one(f"record-CNAME-{API}").inputs, made.one(f"record-TXT-_fly-ownership.{API}").inputs
    assert (record["content"], record["proxied"]) == ("abc1234.app.fly.dev", False)
    assert proof["content"] == '"app-abc1234"'
    assert made.one(f"certificate-{API}").inputs["app"] == "tune-api"


def test_a_frontend_is_served_by_pages_behind_the_proxy() -> None:
    made = run("production, at domains")
    for host in ("tune.example", "www.tune.example"):
        assert made.one(f"pages-domain-{host}").inputs["projectName"] == "tune"
        record = made.one(f"record-CNAME-{host}").inputs
        assert (record["content"], record["proxied"]) == ("tune-8xz.pages.dev", True)


def test_a_preview_stacks_frontend_is_its_branchs_deployment() -> None:
    record = run("staging, at domains").one("record-CNAME-s.tune.example").inputs
    assert (record["content"], record["proxied"]) == ("staging.tune-8xz.pages.dev", True)


def test_former_names_stay_served() -> None:
    made = run("production, at domains")
    assert {"certificate-api.old.example", "record-CNAME-api.old.example"} <= made.names()
    assert made.one("record-CNAME-api.old.example").inputs["zoneId"] == "zone-of-old.example"
    assert made.outputs["apiUrl"] == f"https://{API}"


def test_records_that_exist_are_imported_in_their_own_type() -> None:
    made = run("production, at domains by hand")
    assert f"record-CNAME-{API}" not in made.names()
    found = made.one(f"record-AAAA-{API}")
    assert found.inputs["content"] == "2001:db8::1"
    assert found.options.importId == "zone-of-tune.example/a2"
    assert found.options.retainOnDelete
    assert made.one("pages-domain-tune.example").options.importId.endswith("/tune/tune.example")
    assert not made.one("record-CNAME-www.tune.example").options.importId


def test_each_adopted_name_is_a_resource() -> None:
    """Otherwise each preview would ask the services, as one with something to import does."""
    adopt = {"domains": [API, "tune.example", "audio.tune.example"], "dnsRecords": {"CNAME tune.example": "c1"}}
    names = {"zone": "tune.example", "api": API, "frontend": "tune.example", "audio": "audio.tune.example"}
    settings = start("production", {"domains": names, "adopt": adopt}).settings
    made = run_program("production", {"domains": names, "adopt": adopt}).names()
    assert adopted_names(settings) <= made


def test_records_that_were_adopted_stay_of_their_type() -> None:
    state: State = {f"record-{type_}-{API}": ("cloudflare:index/dnsRecord:DnsRecord", {}) for type_ in ("A", "AAAA")}
    changes = {"adopt": None, "domains": {"zone": "tune.example", "api": API}}
    names = run_program("production", changes, state=state).names()
    assert {*state} <= names
    assert f"record-CNAME-{API}" not in names


def test_a_name_may_leave_the_settings_in_production() -> None:
    """Only the guard protects it: a change of domain ends with the former names."""
    assert not made_protected("production, at domains")


def made_protected(variant: str) -> set[str]:
    types = ("Certificate", "DnsRecord", "PagesDomain", "R2CustomDomain")
    return {one.name for one in run(variant).resources if one.type.endswith(types) and one.options.protect}


def test_a_stack_without_domains_is_as_it_was() -> None:
    made = run("production")
    assert not [one for one in made.resources if "omain" in one.type and "R2ManagedDomain" not in one.type]
    assert "domains" not in made.outputs
    assert not [token for token, _ in made.calls if "getZones" in token]


def test_urns_are_frozen() -> None:
    golden = (ROOT / "tests" / "unit" / "golden" / "urns.domains.txt").read_text(encoding="utf-8")
    assert "".join(line for line in urns(run("production, at domains")).splitlines(True) if "Domains" in line) == golden
