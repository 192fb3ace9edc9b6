"""The sandbox's Fly.io for every test here, and no other flyctl within reach."""

from __future__ import annotations

import pytest

from infra.providers.fly.flyctl import Flyctl
from infra.providers.fly.props import FlyProvider
from infra.providers.fly.resources import SecretsProvider
from tests.unit.fly.engine import Managed
from tests.unit.fly.secrets_inputs import APP
from tests.unit.fly.standin import ENVIRONMENT, NOW, StandIn


class Clock:
    """Time that passes only by sleeping."""

    seconds: float = 0.0

    def sleep(self, seconds: float) -> None:
        """Let seconds pass."""
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fly() -> StandIn:
    return StandIn()


@pytest.fixture(autouse=True)
def flyctl(fly: StandIn, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Flyctl:
    made = Flyctl(run=fly, environ=ENVIRONMENT, sleep=clock.sleep, now=lambda: NOW)
    monkeypatch.setattr(FlyProvider, "flyctl", made)
    return made


@pytest.fixture
def secrets(fly: StandIn) -> Managed:
    """Give an app's secrets, before their first `up`."""
    fly.add_app(APP)
    return Managed(SecretsProvider())
