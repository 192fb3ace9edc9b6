"""A fake Fly.io for every test here, and no other flyctl within reach."""

from __future__ import annotations

import pytest

from infra.providers.fly import props
from infra.providers.fly.flyctl import Flyctl
from tests.unit.fly.fakes import ENVIRONMENT, NOW, Clock, FakeFly


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fly() -> FakeFly:
    return FakeFly()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def flyctl(fly: FakeFly, clock: Clock, warnings: list[str], monkeypatch: pytest.MonkeyPatch) -> Flyctl:
    made = Flyctl(
        run=fly, environ=ENVIRONMENT, clock=clock.read, sleep=clock.sleep, now=lambda: NOW, warn=warnings.append
    )
    monkeypatch.setattr(props, "shared", lambda: made)
    return made
