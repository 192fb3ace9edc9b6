"""Serve a world over HTTP to the program's own questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import credentials
from sandbox.http import face

if TYPE_CHECKING:
    import pytest

    from sandbox.world.store import World


def served(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Send the questions of one test to this world, with the sandbox's credentials."""
    address = f"http://127.0.0.1:{face.serve(world)}"
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", f"{address}/client/v4")
    monkeypatch.setenv("NEON_API_URL", f"{address}/api/v2")
    monkeypatch.setenv("GITHUB_API_URL", address)
    for variable, value in credentials.ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    return world
