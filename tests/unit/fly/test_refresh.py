"""A refresh: one read, and a resource is gone with its app, but not for a token that sees no organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.providers.fly.errors import RefusedError
from infra.providers.fly.process import Completed
from infra.providers.fly.resources import AppProvider, CertificateProvider, DeployTokenProvider, SecretsProvider
from tests.unit.fly.engine import KEY, Managed

if TYPE_CHECKING:
    from pulumi.dynamic import ResourceProvider

    from tests.unit.fly.standin import StandIn

APP = "relay-api"
OPTIONS = {"adopted": False, "rollout": False}
INPUTS: list[tuple[type[ResourceProvider], dict[str, Any]]] = [
    (AppProvider, {"name": APP, "adopt": False, "managed_secrets": []}),
    (SecretsProvider, {"app": APP, "values": {"A": "1"}, "keep": [], "slots": {}, "digest_key": KEY, **OPTIONS}),
    (DeployTokenProvider, {"app": APP, "prefix": "relay-staging", "rotation": 0, "expiry_hours": 720}),
    (CertificateProvider, {"app": APP, "hostname": "api.relay.example"}),
]


@pytest.fixture(params=INPUTS, ids=["app", "secrets", "token", "certificate"])
def managed(fly: StandIn, request: pytest.FixtureRequest) -> Managed:
    """Make a resource of an app; a revocation is not confirmed, as for a token of another organization."""
    provider, inputs = request.param
    made = Managed(provider())
    if provider is not AppProvider:
        fly.add_app(APP)
    made.up(organization="acme", **inputs)
    fly.replies["tokens revoke"] = Completed(0, stderr="failed to revoke token: Not authorized\n")
    return made


def test_a_refresh_is_one_read_and_changes_nothing(fly: StandIn, managed: Managed) -> None:
    if "digests" in managed.outs:
        fly.deploy(APP)  # with a staged secret alone, flyctl is asked again
        managed.refresh()
    outs, inputs, count = dict(managed.outs), dict(managed.inputs), len(fly.calls)
    managed.refresh()
    assert len(fly.calls) == count + 1
    assert (managed.outs, managed.inputs) == (outs, inputs)
    assert managed.outs.get("staged", []) == []


def test_a_class_that_moved_is_recorded_without_flyctl_and_nothing_is_lost(fly: StandIn, managed: Managed) -> None:
    outs, inputs, count = dict(managed.outs), dict(managed.inputs), len(fly.calls)
    assert managed.up(**{**inputs, "__provider": "moved"}) == "update"
    assert managed.outs == {**outs, "__provider": "moved"}
    assert len(fly.calls) == count
    managed.refresh()
    assert managed.plan(**managed.inputs) == "same"


@pytest.mark.parametrize("older", [False, True])
def test_without_its_app_a_resource_is_gone(fly: StandIn, managed: Managed, older: bool) -> None:
    if older:
        del managed.outs["organization"]  # as in the states of older versions
    fly.drop_apps()
    managed.refresh()
    assert managed.id == ""


def test_destroying_what_is_gone_is_done(fly: StandIn, managed: Managed) -> None:
    fly.drop_apps()
    managed.destroy()


@pytest.mark.parametrize("action", ["refresh", "destroy"])
def test_a_token_of_somebody_else_forgets_nothing(fly: StandIn, managed: Managed, action: str) -> None:
    fly.drop_apps()
    fly.leave("acme")
    said = "looking at it failed: FLY_API_TOKEN may see neither the app nor its organization acme. Use a token of that"
    with pytest.raises(RefusedError, match=f"^Fly app relay-api: {said} organization"):
        getattr(managed, action)()
    assert managed.id
