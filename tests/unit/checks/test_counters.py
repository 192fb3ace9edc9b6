"""A counter under `rotate` only rises, and no first key replaces a kept one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from infra.checks import counters
from infra.states import Recorded
from tests.unit.checks.starting import start
from tests.unit.program import run_program

if TYPE_CHECKING:
    from tests.unit.program import State

MADE: dict[str, Any] = {"adopt": None, "mintDeployToken": True}
STATE: State = {
    "oauth-key": ("random:index/randomPassword:RandomPassword", {"keepers": {"rotation": "2"}}),
    "deploy-token": ("pulumi-python:dynamic/fly:DeployToken", {"rotation": 3.0}),
    "storage-token": ("cloudflare:index/accountToken:AccountToken", {}),
    "storage-token-1": ("cloudflare:index/accountToken:AccountToken", {}),
}
COUNTERS = {"oauthKey": 2, "storageToken": 1, "deployToken": 3}


def check(changes: dict[str, Any], state: State = STATE) -> None:
    settings = start("production", MADE | changes).settings
    counters.check(settings, {name: Recorded(*found) for name, found in state.items()})


def test_the_same_counters_pass() -> None:
    check({"rotate": COUNTERS})


@pytest.mark.parametrize("key", COUNTERS)
def test_a_lowered_counter_is_refused(key: str) -> None:
    lowered = COUNTERS | {key: COUNTERS[key] - 1}
    with pytest.raises(pulumi.RunError, match=rf"rotate\.{key} is {lowered[key]}, but {COUNTERS[key]} in the state"):
        check({"rotate": lowered})


def test_a_kept_oauth_key_is_not_replaced_because_adopt_is_gone() -> None:
    state: State = {"fly-secrets": ("pulumi-python:dynamic/fly:Secrets", {"keep": ["OAUTH_ENCRYPTION_KEY"]})}
    with pytest.raises(pulumi.RunError, match=r"adopt\.keep lacks OAUTH_ENCRYPTION_KEY, which Fly app tune-api has"):
        run_program("production", {"adopt": None}, state=state)
    check({"rotate": {"oauthKey": 1}}, state)


def test_a_token_that_is_no_longer_made_has_no_counter() -> None:
    check({"mintDeployToken": False, "rotate": {"oauthKey": 2, "storageToken": 1}})
