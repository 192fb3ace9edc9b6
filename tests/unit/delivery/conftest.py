"""Clouds for the steps of a release, in which every pause ends at once."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from release import calls
from sandbox.world import cloudflare
from sandbox.world.store import World
from tests.unit.delivery.neon import Neon
from tests.unit.delivery.serving import opened

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """A time in which every pause ends at once."""

    def __init__(self) -> None:
        self.time = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all steps."""
    found = Clock()
    monkeypatch.setattr(calls, "sleep", found.sleep)
    monkeypatch.setattr(calls, "now", lambda: found.time)
    return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Clouds with a repository, and a Pages project that main builds previews of."""
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as tx:
        tx.put("github", "repository", "o/r", {"id": 1, "name": "r", "owner": "o"})
        tx.put("cloudflare", "account", "a1", {"id": "a1"})
        cloudflare.create_pages(tx, "a1", {"name": "relay", "production_branch": "release"})
    return world


@pytest.fixture
def neon(monkeypatch: pytest.MonkeyPatch) -> Neon:
    """A project, and the environment that reaches it."""
    project = Neon()
    for name, value in {"API_URL": "http://neon.test", "API_KEY": "napi_canary", "PROJECT_ID": "p-1"}.items():
        monkeypatch.setenv(f"NEON_{name}", value)
    monkeypatch.setattr(urllib.request, "urlopen", opened(project.answer, "napi_canary"))
    return project
