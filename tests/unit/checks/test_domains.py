"""Names that a stack cannot have are found before an `up`; names that are not served yet are notes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.checks import access, clients, domains
from tests.unit.checks.starting import start
from tests.unit.clouds.fake import Clouds

if TYPE_CHECKING:
    from infra.checks.findings import Finding

ZONE, API = "tune.example", "api.tune.example"
_NO_IDS: dict[str, str] = {}
NAMES = {"zone": ZONE, "api": API}
FRONTEND = f"app.{ZONE}"
AUDIO = f"audio.{ZONE}"


def record(type_: str = "CNAME", name: str = API, *, proxied: bool = False, **members: Any) -> dict[str, Any]:
    return {"id": "r1", "type": type_, "name": name, "content": "elsewhere.example", "proxied": proxied, **members}


def caa(name: str, value: str, tag: str = "issue") -> dict[str, Any]:
    return record("CAA", name, data={"tag": tag, "value": value})


def found(
    monkeypatch: pytest.MonkeyPatch, *records: dict[str, Any], zones: Any = None, own: Any = _NO_IDS, **adopt: Any
) -> list[Finding]:
    answers = {"records": {"result": [*records]}, **({"zones": zones} if zones is not None else {})}
    monkeypatch.setattr("infra.checks.clients.send", Clouds(**answers))
    changes = {"domains": NAMES | {"frontend": FRONTEND}, **({"adopt": adopt} if adopt else {})}
    return [finding for finding in access.check(start("staging", changes, own=own)) if finding.state != "ok"]


def test_a_name_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, record(name=f"other.{ZONE}")) == []


@pytest.mark.parametrize(
    ("zones", "what"),
    [
        (["0" * 32], f"Zone {ZONE} is in another Cloudflare account than ffffffffffffffffffffffffffffff01"),
        ([], f"CLOUDFLARE_API_TOKEN sees no zone {ZONE}"),
    ],
)
def test_a_zone_that_is_not_in_the_account(monkeypatch: pytest.MonkeyPatch, zones: list[str], what: str) -> None:
    (finding,) = found(monkeypatch, zones=zones)
    assert (finding.state, finding.what.startswith(what)) == ("wrong", True)


def test_a_record_of_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = found(monkeypatch, record())
    assert (
        finding.what == f"{API} leads elsewhere already (CNAME elsewhere.example), by a record that is not this stack's"
    )
    assert "`bin/adopt staging --write`" in finding.fix
    assert found(monkeypatch, record(), own={f"record-CNAME-{API}": "r1"}) == []
    assert found(monkeypatch, record(), dnsRecords={f"CNAME {API}": "r1"}) == []


def test_a_proxied_record_breaks_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = found(monkeypatch, record(proxied=True), dnsRecords={f"CNAME {API}": "r1"})
    assert finding.what == f"The record of {API} is proxied, and Fly.io cannot check the name for its certificate"
    # The record of a frontend is proxied, and this stack's own is mended by `up --refresh`.
    frontend = record(name=FRONTEND, proxied=True)
    assert found(monkeypatch, frontend, dnsRecords={f"CNAME {FRONTEND}": "r1"}) == []
    assert found(monkeypatch, record(proxied=True), own={f"record-CNAME-{API}": "r1"}) == []


@pytest.mark.parametrize(
    ("own", "adopt", "count"),
    [({}, [], 1), ({f"bucket-domain-{AUDIO}": "x"}, [], 0), ({}, [AUDIO], 0)],
    ids=["a stranger's", "made before", "adopted"],
)
def test_the_record_that_r2_makes_for_a_name_of_the_bucket(
    monkeypatch: pytest.MonkeyPatch, own: dict[str, str], adopt: list[str], count: int
) -> None:
    monkeypatch.setattr("infra.checks.clients.send", Clouds(records={"result": [record(name=AUDIO)]}))
    changes = {"domains": {"zone": ZONE, "audio": AUDIO}, "adopt": {"domains": adopt}}
    found = access.check(start("production", changes, own=own))
    assert len([finding for finding in found if finding.what.startswith(f"{AUDIO} leads elsewhere")]) == count


@pytest.mark.parametrize(
    ("records", "refused"),
    [
        ([caa(ZONE, "pki.goog")], True),
        ([caa(ZONE, "pki.goog"), caa(ZONE, "letsencrypt.org")], False),
        ([caa(ZONE, "letsencrypt.org; validationmethods=dns-01")], False),
        ([caa(ZONE, "pki.goog"), caa(API, "letsencrypt.org")], False),
        ([caa(ZONE, "mailto:a@tune.example", "iodef")], False),
    ],
)
def test_a_caa_record_that_forbids_the_issuer(
    monkeypatch: pytest.MonkeyPatch, records: list[dict[str, Any]], refused: bool
) -> None:
    whats = [finding.what for finding in found(monkeypatch, *records)]
    assert [what.startswith(f"A CAA record of {ZONE} lets pki.goog alone issue") for what in whats] == [True] * refused


def test_no_record_is_foreign_while_the_state_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, record(), own=None) == []


def issuing(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """Give the API's certificate a state at Fly.io."""
    flyctl = SimpleNamespace(certs_list=lambda _app: {API: state})
    monkeypatch.setattr("infra.checks.domains.Flyctl", lambda: flyctl)


def test_what_is_pending_is_said_with_the_command_that_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"zone": ZONE, "api": API, "frontend": FRONTEND, "audio": AUDIO}
    settings = start("production", {"adopt": None, "domains": names}).settings
    issuing(monkeypatch, "pending")
    answers = {"pages-domain": {"result": {"status": "initializing"}}, "bucket-domain": (404, "no such domain")}
    monkeypatch.setattr("infra.checks.clients.send", Clouds(**answers))
    assert [
        (finding.state, finding.what) for finding in domains.pending(settings, clients.client("Cloudflare", "t"))
    ] == [
        ("note", f"{API} is not served yet: its certificate is pending"),
        ("note", f"{FRONTEND} is not served yet: Pages is initializing"),
        ("note", f"{AUDIO} is not served yet: Cloudflare does not know it; `up` adds it"),
    ]
    at_fly, at_pages, _ = domains.pending(settings, None)
    assert f"`flyctl certs check {API} -a tune-api`" in at_fly.fix
    assert at_pages.what == f"Not checked: whether {FRONTEND} is served: there is no CLOUDFLARE_API_TOKEN"


def test_what_is_served_is_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NAMES | {"frontend": FRONTEND, "audio": AUDIO}
    settings = start("production", {"adopt": None, "domains": names}).settings
    issuing(monkeypatch, "")
    answers: dict[str, Any] = {"pages-domain": {"result": {"status": "active"}}}
    for certificate, state, more in (("active", "ok", "served"), ("pending", "note", "not served yet: ssl is pending")):
        answers["bucket-domain"] = {"result": {"status": {"ownership": "active", "ssl": certificate}}}
        monkeypatch.setattr("infra.checks.clients.send", Clouds(**answers))
        *others, last = domains.pending(settings, clients.client("Cloudflare", "t"))
        assert [finding.state for finding in others] == ["ok", "ok"]
        assert (last.state, last.what) == (state, f"{AUDIO} is {more}")
