"""A Fly app: created, adopted, refused, destroyed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.output import UNKNOWN

from infra.providers.fly.errors import AppNameTakenError, AppNotFoundError, FlyctlFailedError, RefusedError
from infra.providers.fly.process import Completed
from infra.providers.fly.resources import AppProvider
from tests.unit.fly.engine import CheckFailedError, Managed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.fly.standin import StandIn


CREATING, ADOPTING = (f"^Fly app relay-api: {action} it failed:" for action in ("creating", "adopting"))


@pytest.fixture
def app() -> Managed:
    return Managed(AppProvider())


def inputs(**changes: object) -> dict[str, object]:
    return {
        "name": "relay-api",
        "organization": "acme",
        "adopt": False,
        "managed_secrets": ["A", "B"],
        **changes,
    }


def test_an_app_is_created_in_its_organization(fly: StandIn, app: Managed) -> None:
    assert app.up(**inputs()) == "create"
    assert fly.apps()["relay-api"] == "acme"
    assert fly.commands() == ["version", "status", "apps create"]
    assert app.id == "relay-api"
    assert app.outs["hostname"] == "relay-api.fly.dev"
    assert app.outs["adopted"] is False


def test_an_app_in_use_is_taken_over_only_where_asked(fly: StandIn, app: Managed) -> None:
    fly.add_app("relay-api", machines=1)
    with pytest.raises(
        RefusedError, match=rf"{CREATING} it exists already in organization acme, and is in use\. Set `adopt\."
    ):
        app.up(**inputs())
    app.up(**inputs(adopt=True))
    assert app.outs["adopted"] is True
    assert not fly.writes()


LOOSE = {"id": "e1", "name": "by-hand", "state": "started", "region": "iad", "release": None}


@pytest.mark.parametrize(
    "state",
    [{"machines": [LOOSE]}, {"volumes": [{"id": "vol_1"}]}, {"deployed": True}, {"OTHER": "x"}],
    ids=lambda state: next(iter(state)),
)
def test_an_app_in_use_without_a_deployment_is_not_taken_over(
    fly: StandIn, app: Managed, state: dict[str, object]
) -> None:
    fly.add_app("relay-api", OTHER="x") if "OTHER" in state else fly.add_app("relay-api")
    fly.change_app("relay-api", **state)
    with pytest.raises(RefusedError, match="is in use"):
        app.up(**inputs())
    assert not fly.writes()


def test_an_app_that_somebody_else_made_and_used_meanwhile_is_not_taken_over(fly: StandIn, app: Managed) -> None:
    def racing(argv: Sequence[str], **how: Any) -> Completed:
        if argv[1:3] == ["apps", "create"]:
            fly.add_app("relay-api", OTHER="x")
        return fly(argv, **how)

    app.provider.flyctl.run = racing  # type: ignore[attr-defined]
    with pytest.raises(AppNameTakenError):
        app.up(**inputs())


def test_a_pristine_app_of_ours_is_what_an_interrupted_creation_left(fly: StandIn, app: Managed) -> None:
    fly.add_app("relay-api")
    app.up(**inputs())
    assert app.outs["adopted"] is False
    assert not fly.writes()


@pytest.mark.parametrize("adopt", [True, False])
def test_an_app_of_another_organization_is_never_taken(fly: StandIn, app: Managed, adopt: bool) -> None:
    fly.join("rivals")
    fly.add_app("relay-api", "rivals")
    with pytest.raises(
        RefusedError, match=rf"{CREATING} it exists in organization rivals, not in acme\. Choose another"
    ):
        app.up(**inputs(adopt=adopt))


def test_a_name_held_by_an_app_nobody_here_sees(fly: StandIn, app: Managed) -> None:
    fly.add_app("relay-api", "rivals")
    with pytest.raises(AppNameTakenError, match=r"unique across all of Fly\.io"):
        app.up(**inputs())


def test_adopting_an_absent_app_says_how_to_create_it(app: Managed) -> None:
    with pytest.raises(RefusedError, match=rf"{ADOPTING} there is no such app, .*\. Clear `adopt\.flyApp` to create"):
        app.up(**inputs(adopt=True))


def test_adopting_never_overwrites_a_secret(fly: StandIn, app: Managed) -> None:
    fly.add_app("relay-api", machines=1, B="old", C="old", A="old")
    with pytest.raises(
        RefusedError, match=rf"{ADOPTING} it has .* overwritten: A, B\. Put them under `adopt\.keep` \("
    ):
        app.up(**inputs(adopt=True))
    app.up(**inputs(adopt=True, managed_secrets=["D"]))
    assert not fly.writes()


@pytest.mark.parametrize("fault", ["timeout-after", "lost", "propagation"])
def test_a_creation_that_arrived_is_believed_whatever_was_answered(fly: StandIn, app: Managed, fault: str) -> None:
    fly.break_at(2, fault)
    app.up(**inputs())
    assert fly.writes() == {"apps create": 1}
    assert app.outs["adopted"] is False


def test_a_failed_creation_shows_its_own_failure_even_if_looking_fails_too(fly: StandIn, app: Managed) -> None:
    fly.break_at(2, "exit1")
    fly.break_at(3, "429")
    with pytest.raises(FlyctlFailedError, match="creating it failed: flyctl answered: request refused"):
        app.up(**inputs())


@pytest.mark.parametrize("change", [{"adopt": True}, {"managed_secrets": ["Z"]}])
def test_inputs_of_the_creation_alone_are_no_difference(fly: StandIn, app: Managed, change: dict[str, object]) -> None:
    app.up(**inputs())
    before = len(fly.calls)
    assert app.up(**inputs(**change)) == "same"
    assert len(fly.calls) == before


def test_an_app_is_not_moved_by_destroying_it(fly: StandIn, app: Managed) -> None:
    app.up(**inputs())
    with pytest.raises(CheckFailedError, match="flyctl apps move relay-api --org other"):
        app.plan(**inputs(organization="other"))
    fly.join("other")
    fly.change_app("relay-api", organization="other")
    app.refresh()
    assert app.inputs["organization"] == "other"
    assert app.plan(**inputs(organization="other")) == "same"
    with pytest.raises(CheckFailedError, match="is in organization other, not in the configured acme"):
        app.plan(**inputs())


def test_another_name_is_another_app_also_in_another_organization(fly: StandIn, app: Managed) -> None:
    app.up(**inputs())
    fly.join("other")
    assert app.up(**inputs(name="relay-api-2", organization="other")) == "replace"
    assert fly.apps() == {"relay-api-2": "other"}


def test_bad_names_are_refused_at_preview(app: Managed) -> None:
    with pytest.raises(CheckFailedError, match=r"'Relay': a Fly app name .*; '--help': an organization's slug has"):
        app.plan(**inputs(name="Relay", organization="--help"))


def test_a_personal_organization_goes_by_its_first_slug(fly: StandIn, app: Managed) -> None:
    app.up(**inputs())
    personal = {"Deployed": False, "Organization": {"Slug": "personal", "RawSlug": "jane-doe"}}
    fly.replies["status"] = Completed(0, json.dumps(personal))
    with pytest.raises(RefusedError, match="it exists in organization personal, not in acme"):
        Managed(AppProvider()).up(**inputs())
    Managed(AppProvider()).up(**inputs(organization="jane-doe"))
    app.refresh()
    assert app.inputs["organization"] == "personal"


def test_an_app_that_is_not_found_and_yet_there_is_not_forgotten(fly: StandIn, app: Managed) -> None:
    app.up(**inputs())
    fly.replies["apps destroy"] = Completed(1, stderr="Error: app not found (Request ID: 01)\n")
    with pytest.raises(AppNotFoundError):
        app.destroy()


def test_an_adopted_app_is_not_destroyed(fly: StandIn, app: Managed) -> None:
    fly.add_app("relay-api", machines=1)
    app.up(**inputs(adopt=True))
    hint = r"Set `adopt\.flyApp` and run `pulumi up`.*pulumi state delete"
    with pytest.raises(RefusedError, match=rf"^Fly app relay-api: destroying it failed: the app was adopted, .*{hint}"):
        app.destroy()
    assert not fly.writes()


def test_an_unknown_value_may_change_but_announces_no_replacement() -> None:
    provider = AppProvider()
    olds, news = {**inputs(), "adopted": False}, inputs(name=UNKNOWN)
    diff = provider.diff("relay-api", olds, news)
    assert (diff.changes, diff.replaces) == (True, [])
