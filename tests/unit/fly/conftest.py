"""A fake Fly.io for every test here, and no other flyctl within reach."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly import process
from infra.providers.fly.flyctl import Flyctl
from infra.providers.fly.props import FlyProvider
from tests.unit.fly.fakes import ENVIRONMENT, NOW, Clock, FakeFly

if TYPE_CHECKING:
    from collections.abc import Iterator


class Nowhere(process.Workspace):
    """Folders that are named and never made: the fake Fly.io looks into none. Real ones are for `test_flyctl.py`."""

    @contextmanager
    def opened(self, app: str | None) -> Iterator[tuple[Path, Path]]:
        """Yield the two names."""
        yield Path("/nowhere/config"), Path("/nowhere/empty")


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
    made = Flyctl(run=fly, environ=ENVIRONMENT, sleep=clock.sleep, now=lambda: NOW, warn=warnings.append)
    monkeypatch.setattr(made, "_workspace", Nowhere())
    monkeypatch.setattr(FlyProvider, "flyctl", made)
    return made
