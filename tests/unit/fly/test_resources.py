"""The stored form of a provider, and the declarations of the resource classes."""

from __future__ import annotations

import asyncio
import base64
import pickle
import sys
import traceback
import types
from typing import Any

import dill  # type: ignore[import-untyped]
import pulumi
import pytest
from pulumi.dynamic import ConfigureRequest, Resource, ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.output import UNKNOWN

from infra.providers.fly import props, resources
from infra.providers.fly.errors import RefusedError
from tests.unit.fly.engine import KEY
from tests.unit.fly.test_refresh import INPUTS

# `__provider` as the states of existing stacks hold it: a reference by module and class. Were one of these to change or
# not to load, no existing stack could be refreshed or destroyed.
STORED = {
    "AppProvider": "gASVNAAAAAAAAACMHWluZnJhLnByb3ZpZGVycy5mbHkucmVzb3VyY2VzlIwLQXBwUHJvdmlkZXKUk5QpgZQu",
    "SecretsProvider": ("gASVOAAAAAAAAACMHWluZnJhLnByb3ZpZGVycy5mbHkucmVzb3VyY2VzlIwPU2VjcmV0c1Byb3ZpZGVylJOUKYGULg=="),
    "DeployTokenProvider": (
        "gASVPAAAAAAAAACMHWluZnJhLnByb3ZpZGVycy5mbHkucmVzb3VyY2VzlIwTRGVwbG95VG9rZW5Qcm92aWRlcpSTlCmBlC4="
    ),
    "CertificateProvider": (
        "gASVPAAAAAAAAACMHWluZnJhLnByb3ZpZGVycy5mbHkucmVzb3VyY2VzlIwTQ2VydGlmaWNhdGVQcm92aWRlcpSTlCmBlC4="
    ),
}


@pytest.mark.parametrize("name", STORED)
def test_a_provider_is_stored_as_a_reference_that_never_changes(name: str) -> None:
    provider = getattr(resources, name)()
    assert props.reference(serialize_provider(provider)) == props.reference(STORED[name])
    assert vars(provider) == {}
    assert len(base64.b64decode(STORED[name])) < 75


@pytest.mark.parametrize("name", STORED)
def test_an_old_state_still_loads(name: str) -> None:
    provider = dill.loads(base64.b64decode(STORED[name]))  # noqa: S301 # the fixture above
    assert type(provider) is getattr(resources, name)
    assert isinstance(provider, props.FlyProvider)


def changes(name: str, old: str, new: str) -> bool | None:
    provider: ResourceProvider = getattr(resources, name)()
    return provider.diff("id", {"__provider": old}, {"__provider": new}).changes


@pytest.mark.parametrize("name", STORED)
def test_a_provider_that_python_3_14_stored_is_no_change(name: str) -> None:
    # Pickle's protocol 5 instead of 4, as `dill.dumps` writes it by default from 3.14 on.
    newer = STORED[name].replace("gASV", "gAWV", 1)
    assert base64.b64decode(newer) == dill.dumps(getattr(resources, name)(), protocol=5)
    assert changes(name, STORED[name], newer) is False
    assert changes(name, newer, STORED[name]) is False


@pytest.mark.parametrize("name", STORED)
def test_every_provider_reports_a_class_that_moved(name: str) -> None:
    moved = base64.b64encode(base64.b64decode(STORED[name]).replace(b"infra.providers", b"infra.resources"))
    assert changes(name, STORED[name], moved.decode()) is True
    assert changes(name, STORED["AppProvider"], STORED["SecretsProvider"]) is True


@pytest.mark.parametrize("odd", ["", "no pickle", base64.b64encode(b"no pickle").decode(), "gASV"])
def test_a_provider_in_another_form_is_compared_as_it_is(odd: str) -> None:
    assert changes("AppProvider", odd, STORED["AppProvider"]) is True
    assert changes("AppProvider", odd, odd) is False


def test_a_stored_provider_is_never_run() -> None:
    trap = base64.b64encode(pickle.dumps(Trap(), protocol=4)).decode()
    assert changes("AppProvider", trap, STORED["AppProvider"]) is True


@pytest.mark.parametrize(("provider", "inputs"), INPUTS[1:])
def test_the_name_of_an_app_that_is_not_made_yet_is_not_checked(
    provider: type[ResourceProvider], inputs: dict[str, Any]
) -> None:
    assert provider().check({}, {**inputs, "app": UNKNOWN}).failures == []
    (failure,) = provider().check({}, {**inputs, "app": "Relay"}).failures
    assert "'Relay': a Fly app name has" in failure.reason


class Trap:
    """Fails the test when somebody unpickles it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Fail the test."""
        return pytest.fail, ("unpickled",)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keep what a resource would register, and register nothing."""
    seen: dict[str, Any] = {}

    def init(self: Resource, provider: object, name: str, given: object, opts: object) -> None:
        seen.update(type=self._resource_type_name, provider=provider, name=name, props=given, opts=opts)

    monkeypatch.setattr(Resource, "__init__", init)
    return seen


def test_every_value_and_the_digest_key_are_secret(declared: dict[str, Any]) -> None:
    async def secrets() -> dict[str, tuple[bool, object]]:
        values: dict[str, pulumi.Input[str]] = {"A": "plain", "B": pulumi.Output.from_input("output")}
        resources.Secrets(
            "fly-secrets",
            app="relay-api",
            values=values,
            keep=["K", "Z"],
            digest_key=KEY,
            adopted=False,
            organization="acme",
            slots={},
            rollout=False,
            opts=pulumi.ResourceOptions(protect=True),
        )
        given = declared["props"]
        outputs = {**given["values"], "digest_key": given["digest_key"]}
        return {name: (await output.is_secret(), await output.future()) for name, output in outputs.items()}

    assert asyncio.run(secrets()) == {"A": (True, "plain"), "B": (True, "output"), "digest_key": (True, KEY)}
    assert (declared["type"], declared["name"]) == ("dynamic/fly:Secrets", "fly-secrets")
    assert declared["opts"].protect is True
    assert type(declared["provider"]) is resources.SecretsProvider
    rest = {key: value for key, value in declared["props"].items() if key not in {"values", "digest_key"}}
    assert rest == {
        "app": "relay-api",
        "organization": "acme",
        "keep": ["K", "Z"],
        "adopted": False,
        "plain": ["A"],
        "slots": {},
        "rollout": False,
        "digests": None,
        "staged": None,
        "foreign": None,
    }


def test_a_minted_token_is_a_secret_output_whatever_else_is_asked(declared: dict[str, Any]) -> None:
    opts = pulumi.ResourceOptions(protect=True, additional_secret_outputs=["token_name"])
    resources.DeployToken(
        "deploy-token",
        app="relay-api",
        prefix="relay-staging",
        rotation=1,
        expiry_hours=24,
        organization="acme",
        opts=opts,
    )
    assert (declared["type"], declared["name"]) == ("dynamic/fly:DeployToken", "deploy-token")
    assert declared["props"].keys() >= {"token", "token_id", "token_name", "expires_at"}
    assert type(declared["provider"]) is resources.DeployTokenProvider
    assert declared["opts"].protect is True
    assert set(declared["opts"].additional_secret_outputs) == {"token", "token_name"}


def test_an_error_of_ours_is_answered_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's server answers with `traceback.format_exc()`, by its own name for that module."""
    server = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", server)
    for names in ({}, {"traceback": traceback}):  # without the name, there is nothing to replace
        vars(server).update(names)
        resources.AppProvider().configure(ConfigureRequest(config=None))  # type: ignore[arg-type]
        assert hasattr(server, "traceback") == bool(names)
    said = {}
    for error in (RefusedError("creating it", "no", app="tune-api"), ValueError("a fault of ours")):
        try:
            raise error
        except (RefusedError, ValueError):
            said[type(error)] = server.traceback.format_exc()
    assert said[RefusedError].startswith("Fly app tune-api: creating it failed: no.")
    assert said[ValueError].startswith("Traceback (most recent call last):")
    assert traceback.format_exc is not server.traceback.format_exc
