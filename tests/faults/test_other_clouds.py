"""Neon, Cloudflare, GitHub and what exists in the state alone: one case of each class, at what is made there.

With RELAY_FAULTS=full every case, as `make faults` runs it; otherwise one of each class.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults import worlds
from tests.faults.blows import CTRL_C, Blow, survive
from tests.faults.cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import Once, Sandbox
    from tests.faults.worlds import Scene

# Part of the program → its stack, and what it makes in an empty world.
PARTS = {
    "database": ("dev", {"neon": ["project.create"], "random": ["password.create"]}),
    "storage": (
        "production",
        {
            "cloudflare": [
                *("bucket.create", "bucket-cors.create", "account-token.create", "bucket-managed-domain.create"),
            ]
        },
    ),
    "frontend": ("production", {"cloudflare": ["pages.create"]}),
    "delivery": (
        "production",
        {"github": ["environment.create", "deployment-policy.create", "environment-variable.create"]},
    ),
}
MADE = [(part, cloud, operation) for part, (_, made) in PARTS.items() for cloud in made for operation in made[cloud]]
# One of each cloud.
FIRST = [("database", "neon", "project.create"), ("storage", "cloudflare", "bucket.create")]
FIRST += [("delivery", "github", "environment-variable.create")]

RESOURCES = {
    "project.create": "neon:index/project:Project",
    "bucket.create": "cloudflare:index/r2Bucket:R2Bucket",
    "environment-variable.create": "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
}


@pytest.fixture(scope="session")
def scenes(once: Once, prepared: dict[bool, Sandbox]) -> Callable[[str], Scene]:
    """Return a function that gives a part's scene: the part alone, in an empty world."""

    def get(part: str) -> Scene:
        stack = PARTS[part][0]

        def prepare(world: Sandbox) -> None:
            world.config_set(stack, "manage", json.dumps([part]))

        return worlds.scene(once, part, world=prepared[True], stack=stack, command="up", prepare=prepare)

    return get


@pytest.fixture
def survives(scenes: Callable[[str], Scene], tmp_path: Path, record_property: Any) -> Callable[[str, Blow], str]:
    """Let a part suffer a blow; return what the run that suffered it said."""
    return lambda part, blow: survive(scenes(part), tmp_path, blow, record_property).said


@cases("part", [(part,) for part in PARTS])
def test_the_calls_are_those(scenes: Callable[[str], Scene], part: str) -> None:
    creations = {(cloud, operation) for cloud, operation in scenes(part).calls if operation.endswith(".create")}
    assert creations == {(cloud, operation) for place, cloud, operation in MADE if place == part}


@cases(
    "part blow",
    [(part, Blow(cloud, operation, 0, f, "engine")) for part, cloud, operation in MADE for f in ("hang", "hang-after")],
)
def test_kill_engine_elsewhere(survives: Callable[[str, Blow], str], part: str, blow: Blow) -> None:
    survives(part, blow)


@cases(
    "part blow",
    [
        (part, Blow(cloud, operation, 0, "hang", who))
        for part, cloud, operation in FIRST
        for who in ("language host", "stand-ins")
    ],
)
def test_kill_language_host_or_provider_elsewhere(survives: Callable[[str, Blow], str], part: str, blow: Blow) -> None:
    assert "error" in survives(part, blow)


@cases(
    "part blow", [(part, Blow(cloud, operation, 0, "hang", how)) for part, cloud, operation in FIRST for how in CTRL_C]
)
def test_interrupted_elsewhere(survives: Callable[[str, Blow], str], part: str, blow: Blow) -> None:
    survives(part, blow)


REFUSALS = ("401", "403", "404", "409", "422", "429", "500", "502", "cut")


@cases(
    "part blow", [(part, Blow(cloud, operation, 0, f, times=999)) for part, cloud, operation in FIRST for f in REFUSALS]
)
def test_refused_elsewhere(survives: Callable[[str, Blow], str], part: str, blow: Blow) -> None:
    said = survives(part, blow)
    status = "no answer" if blow.fault == "cut" else blow.fault
    assert f"{blow.cloud}: {status}: " in said
    assert f"of {RESOURCES[blow.operation]} (" in said
