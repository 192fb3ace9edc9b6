"""The sandbox's Fly.io for every test here, and no other flyctl within reach."""

from __future__ import annotations

import pytest

from infra.providers.fly.flyctl import Flyctl
from infra.providers.fly.props import FlyProvider
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
