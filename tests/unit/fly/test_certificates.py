"""Certificates of names: added once, taken over, removed; a pending certificate is no change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly.errors import AppNotFoundError, FlyError, UnexpectedAnswerError
from infra.providers.fly.process import Completed
from infra.providers.fly.resources import CertificateProvider
from tests.unit.fly.engine import CheckFailedError, Managed

if TYPE_CHECKING:
    from infra.providers.fly.flyctl import Flyctl
    from tests.unit.fly.standin import StandIn

APP, HOST = "relay-api", "api.relay.example"
ADD, CHECK, LIST, REMOVE = "certs add", "certs check", "certs list", "certs remove"


@pytest.fixture
def certificate(fly: StandIn) -> Managed:
    fly.add_app(APP)
    return Managed(CertificateProvider())


def inputs(**changes: object) -> dict[str, object]:
    return {"app": APP, "hostname": HOST, "organization": "acme", **changes}


def hosts(fly: StandIn) -> set[str]:
    with fly.world.transaction() as tx:
        return set(tx.list("fly", "certificate"))


def test_a_certificate_is_added_with_the_records_that_it_needs(fly: StandIn, certificate: Managed) -> None:
    assert certificate.up(**inputs()) == "create"
    assert fly.commands() == ["version", LIST, ADD]
    assert certificate.outs["target"].endswith(f".{APP}.fly.dev")
    assert certificate.outs["ownership"].startswith("app-")
    assert (certificate.outs["a"], certificate.outs["aaaa"]) == ([], [])  # the app was never deployed


def test_a_certificate_that_is_there_is_taken_over(fly: StandIn, certificate: Managed, flyctl: Flyctl) -> None:
    flyctl.certs_add(APP, HOST)
    fly.deploy(APP)  # which gives it its addresses
    fly.calls.clear()
    certificate.up(**inputs())
    assert fly.commands() == [LIST, CHECK]
    assert [":" in address for address in (*certificate.outs["a"], *certificate.outs["aaaa"])] == [False, True]


def test_without_a_target_of_its_own_the_app_is_named(fly: StandIn, certificate: Managed) -> None:
    answer = '{"dns_requirements": {"a": null, "aaaa": [], "cname": "", "ownership": {"app_value": "app-1"}}}'
    fly.replies[ADD] = Completed(0, answer)
    certificate.up(**inputs())
    assert certificate.outs["target"] == f"{APP}.fly.dev"


@pytest.mark.parametrize("fault", ["lost", "timeout-after", "kill-after", "500"])
def test_an_answer_that_is_lost_is_looked_for(fly: StandIn, certificate: Managed, fault: str) -> None:
    fly.break_at(2, fault)
    if fault == "500":
        fly.break_at(3, "429")  # the look fails too
        with pytest.raises(FlyError, match="adding the certificate for api"):
            certificate.up(**inputs())
        fly.heal()
    assert certificate.up(**inputs()) == "create"
    assert hosts(fly) == {f"{APP}/{HOST}"}
    assert fly.writes()[ADD] == (2 if fault == "500" else 1)


def test_another_name_is_another_certificate(fly: StandIn, certificate: Managed) -> None:
    certificate.up(**inputs())
    assert certificate.up(**inputs(hostname="api.other.example")) == "replace"
    assert hosts(fly) == {f"{APP}/api.other.example"}


def test_a_certificate_that_somebody_removed_is_gone(certificate: Managed, flyctl: Flyctl) -> None:
    certificate.up(**inputs())
    flyctl.certs_remove(APP, HOST)
    certificate.refresh()
    assert certificate.id == ""


def test_removing(fly: StandIn, certificate: Managed, flyctl: Flyctl) -> None:
    certificate.up(**inputs())
    certificate.destroy()
    assert hosts(fly) == set()
    certificate.up(**inputs())
    flyctl.certs_remove(APP, HOST)
    certificate.destroy()  # gone already


def test_a_name_that_another_app_has_is_an_error(fly: StandIn, certificate: Managed, flyctl: Flyctl) -> None:
    fly.add_app("other")
    flyctl.certs_add("other", HOST)
    with pytest.raises(FlyError, match=f"Hostname {HOST} already exists"):
        certificate.up(**inputs())


def test_a_word_that_is_no_host_is_refused(fly: StandIn, certificate: Managed) -> None:
    with pytest.raises(CheckFailedError, match="a host is lower case"):
        certificate.plan(**inputs(hostname="--app"))
    assert fly.commands() == []


def test_other_answers(fly: StandIn, certificate: Managed, flyctl: Flyctl) -> None:
    with pytest.raises(AppNotFoundError):
        flyctl.certs_list("missing")
    rows = [{"hostname": host, "configured": host == HOST, "status": "pending"} for host in (HOST, "b.example")]
    fly.replies[LIST] = Completed(0, json.dumps(rows))
    assert flyctl.certs_list(APP) == {HOST: "", "b.example": "pending"}
    fly.replies[LIST] = Completed(0, "[]\n\nShowing 50 of 51 certificates.")
    with pytest.raises(UnexpectedAnswerError):
        certificate.up(**inputs())
