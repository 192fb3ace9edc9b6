"""Let each creation at Neon, Cloudflare and GitHub go wrong, and each of those that the state alone has.

With RELAY_FAULTS=full every case, as `make faults` runs it; otherwise one of each class.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults import worlds
from tests.faults.blows import CTRL_C, Blow, survive
from tests.faults.cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import Once
    from tests.engine.sandboxes import Sandbox
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
    "account-token.create": "cloudflare:index/accountToken:AccountToken",
    "pages.create": "cloudflare:index/pagesProject:PagesProject",
    "deployment-policy.create": (
        "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
    ),
    "environment-variable.create": "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
}


@pytest.fixture(scope="session")
def scenes(once: Once, prepared: dict[bool, Sandbox]) -> Callable[[str], Scene]:
    """Return a function that gives a part's scene: the part alone, in an empty world."""

    def get(part: str) -> Scene:
        stack = PARTS[part][0]

        def prepare(world: Sandbox) -> None:
            world.config_set(stack, "manage", json.dumps([part]))

        scene = worlds.scene(once, part, world=prepared[True], stack=stack, command="up", prepare=prepare)
        assert not scene.strays  # its world was empty before
        return scene

    return get


@pytest.fixture
def survives(scenes: Callable[[str], Scene], tmp_path: Path, record_property: Any) -> Callable[[str, Blow], str]:
    """Let a part suffer a blow; return what the run that suffered it said."""

    def suffer(part: str, blow: Blow) -> str:
        return survive(scenes(part), tmp_path, blow, record_property).said

    return suffer


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
    said = survives(part, blow)
    assert "hook" not in said
    assert "has terminated" not in said
    if blow.victim == "Ctrl-C":
        assert_explained(said, blow)


# A service did what it was asked, and its answer was lost. The provider or the next `up` repeats what is made by PUT
# or is in the state alone; everything else stands in its way. A token's provider repeats the call until it is answered.
LOST = [
    (part, Blow(cloud, operation, 0, fault, times=999 if operation == "account-token.create" else 1))
    for part, cloud, operation in MADE
    for fault in ("502-after", "timeout", "lost", "garbage")
    if operation in RESOURCES
]
# The provider asks again, and its service makes another.
TWICE = [("database", Blow("neon", "project.create", 0, fault)) for fault in ("423-after", "429-after", "500-after")]
TWICE += [("storage", Blow("cloudflare", "account-token.create", 0, fault)) for fault in ("500-after", "lost")]

REFUSALS = ("401", "403", "404", "409", "422", "429", "500", "502", "cut")


@cases(
    "part blow", [(part, Blow(cloud, operation, 0, f, times=999)) for part, cloud, operation in FIRST for f in REFUSALS]
)
def test_refused_elsewhere(survives: Callable[[str, Blow], str], part: str, blow: Blow) -> None:
    said = survives(part, blow)
    shown = "connection reset by peer" if blow.fault == "cut" else f"[ :]{blow.fault}[] ]"
    assert re.search(shown, said)
    assert_explained(said, blow)


@cases("part blow", LOST)
def test_answer_lost_elsewhere(
    scenes: Callable[[str], Scene], tmp_path: Path, record_property: Any, part: str, blow: Blow
) -> None:
    stack = PARTS[part][0]

    def adopt(sandbox: Sandbox, said: str) -> None:
        assert re.search(f"create failed.*`bin/sandbox bin/adopt {stack}`", said)
        shown = sandbox.run("bin/adopt", stack, "--write").stdout
        revoke = re.search(r"^ +bin/sandbox (bin/recover \w+ --revoke .*)$", shown, re.MULTILINE)
        assert bool(revoke) == (blow.operation == "account-token.create"), shown
        if revoke:
            sandbox.run(*revoke[1].split())

    assert_explained(survive(scenes(part), tmp_path, blow, record_property, adopt).said, blow)


def assert_explained(said: str, blow: Blow) -> None:
    """Assert that a failed creation's error says what, which resource, and what to do next."""
    assert f"of {RESOURCES[blow.operation]} (" in said
    if blow.fault != "422":  # the service's own text alone says what it does not take
        assert re.search(r"error: [\w-]+: create failed\. [^\n]+(\n +)?`?pulumi up -s \w+", said)


@cases("part blow", TWICE)
def test_made_twice_elsewhere(
    scenes: Callable[[str], Scene], tmp_path: Path, record_property: Any, part: str, blow: Blow
) -> None:
    def remove(sandbox: Sandbox, said: str) -> None:
        unused = re.findall(r"error: More than one .+ This stack has (\S+), and nothing uses (\S+)\. ", said)
        ((ours, other),) = set(unused)
        kind = blow.operation.partition(".")[0].removeprefix("account-")
        with sandbox.world.transaction() as tx:
            assert tx.list(blow.cloud, kind).keys() == {ours, other}
            tx.delete(blow.cloud, kind, other)

    survive(scenes(part), tmp_path, blow, record_property, remove)
