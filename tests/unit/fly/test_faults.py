"""Break each call of flyctl in each way: the next `up` ends where an undisturbed `up` ends."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly.errors import FlyError
from infra.providers.fly.resources import AppProvider, DeployTokenProvider, SecretsProvider
from sandbox.credentials import FLY_TOKEN
from sandbox.flyctl.faults import HTTP, NETWORK
from tests.unit.fly.engine import KEY, Managed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.fly.standin import StandIn

APP = "relay-api"
FIRST = {"A": "hunter2-one", "B": "hunter2-two # x"}
SECOND = {"A": "hunter2-new", "C": "hunter2-three"}
SETTINGS = {"keep": [], "slots": {}, "digest_key": KEY, "adopted": False, "rollout": False}


class Stack:
    """The three resources of one stack, created in order and destroyed in reverse."""

    def __init__(self, fly: StandIn) -> None:
        self.fly = fly
        self.app = Managed(AppProvider())
        self.secrets = Managed(SecretsProvider())
        self.tokens = [Managed(DeployTokenProvider()) for _ in range(2)]

    def up(self, values: dict[str, str], slot: int) -> None:
        """Bring all three about, with the token of one slot alone."""
        self.app.up(name=APP, organization="acme", adopt=False, managed_secrets=sorted(values))
        self.secrets.up(app=APP, values=values, **SETTINGS)
        self.tokens[slot].up(app=APP, prefix="relay-staging", rotation=slot, expiry_hours=24)
        if self.tokens[1 - slot].id:
            self.tokens[1 - slot].destroy()

    def first(self) -> None:
        """Create everything."""
        self.up(FIRST, 0)

    def second(self) -> None:
        """Change, add and remove a secret, and put another token into the place of the first."""
        self.up(SECOND, 1)

    def destroy(self) -> None:
        """Destroy what is left."""
        for managed in (*self.tokens, self.secrets, self.app):
            if managed.id:
                managed.destroy()

    def require(self, values: dict[str, str]) -> None:
        """Assert that Fly.io has what is wanted and nothing else, and that the state knows."""
        assert list(self.fly.apps()) == [APP]
        assert self.fly.values(APP) == values
        assert self.fly.working_tokens() == [token.outs["token_id"] for token in self.tokens if token.id]


def fresh(stack: Stack) -> Callable[[], None]:
    return stack.first


def changing(stack: Stack) -> Callable[[], None]:
    stack.first()
    return stack.second


def leaving(stack: Stack) -> Callable[[], None]:
    stack.first()
    return stack.destroy


# A refusal; then no answer, before the effect and after it. `tests/faults` kills flyctl.
KINDS = ["exit1", "timeout", "lost"]
SCENARIOS = {"fresh": (fresh, 8), "changing": (changing, 8), "leaving": (leaving, 3)}


def test_a_fresh_up_runs_flyctl_eight_times(fly: StandIn) -> None:
    Stack(fly).first()
    assert fly.commands() == [
        *("version", "status", "apps create", "secrets import", "secrets list"),
        *("tokens list", "tokens create deploy", "tokens list"),
    ]


def test_an_unchanged_up_runs_nothing(fly: StandIn) -> None:
    stack = Stack(fly)
    stack.first()
    before = len(fly.calls)
    stack.first()
    assert len(fly.calls) == before


CASES = [
    pytest.param(name, index, fault, id=f"{name}, call {index}, {fault}")
    for name, (_, calls) in SCENARIOS.items()
    for index in range(calls)
    for fault in KINDS
]


def attempt(step: Callable[[], None]) -> FlyError | None:
    try:
        step()
    except FlyError as error:
        return error
    return None


@pytest.mark.parametrize(("scenario", "index", "fault"), CASES)
def test_the_next_up_ends_where_an_undisturbed_one_does(fly: StandIn, scenario: str, index: int, fault: str) -> None:
    stack = Stack(fly)
    step = SCENARIOS[scenario][0](stack)
    before = len(fly.calls)
    fly.break_at(before + index, fault)
    failure = attempt(step)
    if failure:
        message = str(failure)
        assert APP in message or "asking flyctl for its version" in message
        assert failure.hint in message
        for secret in ("hunter2", FLY_TOKEN, "fm2_"):
            assert secret not in message
    else:
        # The provider looks whether these took effect; a `status` of no app has no answer that could be lost.
        assert fly.broken in {"apps create", "apps destroy", "tokens revoke", "status"}
    fly.heal()
    step()
    if scenario == "leaving":
        assert fly.apps() == {}
        assert fly.working_tokens() == []
    else:
        stack.require(FIRST if scenario == "fresh" else SECOND)
    count = len(fly.calls)
    step()
    assert len(fly.calls) == count


@pytest.mark.parametrize("fault", KINDS)
def test_a_rollout_that_fails_is_written_again(fly: StandIn, fault: str) -> None:
    fly.add_app(APP)
    secrets = Managed(SecretsProvider())
    settings = {**SETTINGS, "app": APP, "rollout": True}
    fly.break_at(1, fault)
    with pytest.raises(FlyError):
        secrets.up(values=FIRST, **settings)
    assert fly.writes() == {"secrets import": 1}
    fly.heal()
    secrets.up(values=FIRST, **settings)
    assert fly.values(APP) == FIRST


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        *(("status", fault) for fault in NETWORK),
        # Each API words a status in its own way.
        *product(("status", "secrets import", "secrets list", "tokens list"), HTTP),
    ],
)
def test_a_passing_failure_is_no_failure_where_a_repeat_is_safe(fly: StandIn, command: str, fault: str) -> None:
    stack = Stack(fly)
    fly.world.inject("fly", command, fault)
    stack.first()
    stack.require(FIRST)
    assert fly.commands().count(command) > 1
