"""Make a world, and the stand-in providers on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from sandbox.world.store import World
from tests.unit.sandbox.face import Face
from tests.unit.sandbox.flyctl_world import FlyctlWorld

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a provider repeat its calls at once."""
    monkeypatch.setattr("sandbox.providers.calls.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world with an account and a repository, and nothing in them."""
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as tx:
        tx.put("cloudflare", "account", "acc", {"id": "acc"})
        tx.put("github", "repository", "crew/relay", {"id": 7, "name": "relay", "owner": "crew"})
    return world


@pytest.fixture
def neon(world: World) -> Face:
    """Neon's provider."""
    return Face(world, "terraform-provider")


@pytest.fixture
def cloudflare(world: World) -> Face:
    """Cloudflare's provider."""
    return Face(world, "cloudflare")


@pytest.fixture
def github(world: World) -> Face:
    """GitHub's provider, for the owner `crew`."""
    return Face(world, "github", owner="crew")


@pytest.fixture
def flyctl(tmp_path: Path) -> FlyctlWorld:
    """A small Fly.io and its flyctl."""
    return FlyctlWorld(tmp_path)
