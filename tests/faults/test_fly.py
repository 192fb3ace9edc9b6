"""Let each call of flyctl go wrong in every way.

With RELAY_FAULTS=full every case, as `make faults` runs it; otherwise one of each class.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.processes import until
from tests.engine.sandboxes import TIMEOUT, Sandbox
from tests.engine.test_fly import VALUES, WRITES, configure, values
from tests.engine.test_rotation import first_deploy
from tests.faults import worlds
from tests.faults.blows import CTRL_C, Blow, Struck, survive
from tests.faults.cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.conftest import Once
    from tests.faults.worlds import Scene

# The resources of a backend, with made-up values from the configuration, one after the other.
PROGRAM = """\
import pulumi
from infra.providers.fly.resources import App, DeployToken, Secrets

config = pulumi.Config()
values, slots = config.require_object("values"), config.require_object("slots")
app = App("app", name="tune-fly", organization="tune-works", adopt=config.get_bool("adopt") or False,
          managed_secrets=sorted(values))
secret = {name: pulumi.Output.secret(value) for name, value in values.items()}
secrets = Secrets("secrets", app=app.name, values=secret, keep=config.get_object("keep") or [],
                  digest_key="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", adopted=app.adopted,
                  organization="tune-works", slots={"KEY": slots}, rollout=False)
for slot in slots:
    DeployToken(f"token-{slot}", app=app.name, prefix="tune-fly", rotation=slot, expiry_hours=720,
                organization="tune-works",
                opts=pulumi.ResourceOptions(depends_on=[secrets]))
"""
FIRST = VALUES | {"KEY": "canary-key-0"}
CHANGED = {name: value for name, value in FIRST.items() if name != "ODD"} | {
    "PLAIN": "canary-other",
    "NEW": "canary-new",  # after a kill, a name that the state does not know
}
ROTATED = FIRST | {"KEY": "canary-key-1"}


def running(fly: Sandbox, wanted: dict[str, str], slots: list[int]) -> None:
    configure(fly, wanted, slots=slots)
    fly.pulumi("up", "--stack", "test", "--yes", "--skip-preview")
    first_deploy(fly, "tune-fly")


def fresh(fly: Sandbox) -> None:
    configure(fly, FIRST, slots=[0])


def adopt(fly: Sandbox) -> None:
    from sandbox.world.fly import put_app

    with fly.world.transaction() as tx:
        put_app(tx, "tune-fly", "tune-works", {"OLD": "by hand"})
    configure(fly, FIRST, slots=[], adopt=True, keep=["OLD"])


def change(fly: Sandbox) -> None:
    running(fly, FIRST, [0])
    configure(fly, CHANGED, slots=[0])


def rotate(fly: Sandbox) -> None:
    running(fly, FIRST, [0])
    configure(fly, ROTATED, slots=[0, 1])


def retire(fly: Sandbox) -> None:
    rotate(fly)
    running(fly, ROTATED, [0, 1])
    configure(fly, ROTATED, slots=[1])


def destroy(fly: Sandbox) -> None:
    running(fly, FIRST, [0])


MINTING = ("tokens list", "tokens create deploy", "tokens list")
SCENARIOS: dict[str, tuple[Callable[[Sandbox], None], dict[str, str], tuple[str, ...]]] = {
    "fresh": (
        fresh,
        FIRST,
        ("version", "status", "apps create", "secrets import", "secrets list", *MINTING),
    ),
    "adopt": (
        adopt,
        FIRST | {"OLD": "by hand"},
        ("version", "status", "secrets list", "secrets list", "secrets import", "secrets list"),
    ),
    "change": (change, CHANGED, ("version", "secrets list", "secrets import", "secrets unset", "secrets list")),
    "rotate": (
        rotate,
        ROTATED,
        ("version", "secrets list", "secrets import", "secrets list", *MINTING),
    ),
    "retire": (retire, ROTATED, ("version", "secrets list", "tokens revoke")),
    "destroy": (destroy, {}, ("version", "tokens revoke", "secrets unset", "apps destroy")),
}

# Who is killed while a call hangs, and how it hangs: before anything has happened, with the request on its way, or
# with the answer on its way. Nothing happens at a read, and for whoever does not wait for flyctl it is all one.
KILLS = {
    "engine": ("timeout", "pause", "timeout-after"),
    "dynamic provider": ("timeout", "pause", "timeout-after"),
    "language host": ("pause",),
    "program": ("pause",),
    "bin/sandbox": ("pause",),
}
REFUSALS = ("401", "403", "404", "409", "422", "429", "500", "502", "timeout", "broken", "garbage", "exit1")
READS = ("401", "429", "garbage", "exit1")
LOST = ("502-after", "timeout-after", "lost", "garbage-after")
# As often as the client repeats a call by itself, and then once more.
PERSISTENT = 4


def calls(*, writes: bool | None = None) -> Iterator[tuple[str, str, int]]:
    """Yield scenario, command, and how many of that command there are before; the version is asked once for all."""
    for name, (_, _, made) in SCENARIOS.items():
        for place, operation in enumerate(made):
            if (operation != "version" or name == "fresh") and writes in {None, operation in WRITES}:
                yield name, operation, made[:place].count(operation)


Case = tuple[str, Blow]


def killing(victim: str) -> list[Case]:
    return [
        (name, Blow("fly", operation, skip, fault, victim))
        for name, operation, skip in calls()
        for fault in (KILLS[victim] if operation in WRITES else KILLS[victim][:1])
    ]


def killing_flyctl() -> list[Case]:
    return [
        (name, Blow("fly", operation, skip, fault))
        for name, operation, skip in calls()
        for fault in (("kill", "kill-after") if operation in WRITES else ("kill",))
    ]


def interrupting(how: str) -> list[Case]:
    return [(name, Blow("fly", operation, skip, "pause", how)) for name, operation, skip in calls(writes=True)]


def answering() -> list[Case]:
    found: dict[tuple[str, str], Case] = {}
    for name, operation, skip in calls():
        for fault in (*REFUSALS, *LOST) if operation in WRITES else READS:
            # Each command once: what it is part of says nothing more about its answer.
            found.setdefault((operation, fault), (name, Blow("fly", operation, skip, fault, times=PERSISTENT)))
    return list(found.values())


@pytest.fixture(scope="session")
def scenes(once: Once) -> Callable[[str], Scene]:
    """Return a function that gives a scenario's scene."""

    def fill(folder: Path) -> None:
        config = "config: {relay:values: {}, relay:slots: [], relay:flyOrganization: tune-works}\n"
        Sandbox(worlds.project(folder / "project", PROGRAM, "test", config), folder / "world").run("--reset")

    def get(name: str) -> Scene:
        folder = once("fly-faults", fill)
        world = Sandbox(folder / "project", folder / "world")
        command = "destroy" if name == "destroy" else "up"
        return worlds.scene(once, name, world=world, stack="test", command=command, prepare=SCENARIOS[name][0])

    return get


@pytest.fixture
def survives(scenes: Callable[[str], Scene], tmp_path: Path, record_property: Any) -> Callable[[str, Blow], Struck]:
    """Let a scenario suffer a blow; return the run that suffered it."""

    def run(name: str, blow: Blow) -> Struck:
        struck = survive(scenes(name), tmp_path, blow, record_property)
        assert values(Sandbox(scenes(name).before.project, tmp_path / "world")) == SCENARIOS[name][1]
        assert not [
            value for value in SCENARIOS[name][1].values() if value.startswith("canary") and value in struck.said
        ]
        return struck

    return run


@cases("name", [(name,) for name in SCENARIOS])
def test_the_calls_are_those(scenes: Callable[[str], Scene], name: str) -> None:
    assert tuple(operation for _, operation in scenes(name).calls) == SCENARIOS[name][2]


@cases("name blow", killing("engine"))
def test_kill_engine(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    survives(name, blow)


@cases("name blow", killing("dynamic provider"))
def test_kill_dynamic_provider(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    assert "error" in survives(name, blow).said


@cases("name blow", [*killing("language host"), *(case for case in killing("program") if case[0] == "fresh")])
def test_kill_language_host(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    struck = survives(name, blow)
    assert (struck.code == 0) == (name == "destroy"), struck.said  # which takes no program
    assert name == "destroy" or "error" in struck.said


@cases("name blow", [case for case in killing("bin/sandbox") if case[0] == "fresh"])
def test_kill_sandbox(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    survives(name, blow)


@cases("name blow", killing_flyctl())
def test_kill_flyctl(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    said = survives(name, blow).said
    if blow.operation != "apps create" or blow.fault == "kill":  # an app that was made after all is found
        assert "was stopped (exit code -9)" in said


@cases("name blow", [case for how in CTRL_C for case in interrupting(how)])
def test_interrupted(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    survives(name, blow)


@cases("name blow", answering())
def test_fly_answers(survives: Callable[[str, Blow], Struck], name: str, blow: Blow) -> None:
    struck = survives(name, blow)
    if struck.code == 0:
        # The provider looks at once whether these took effect.
        assert blow.operation in {"apps create", "apps destroy", "tokens revoke"}
        assert blow.fault in LOST
        return
    where = "Fly.io: " if blow.operation == "version" else "Fly app tune-fly: "
    # The action, the app, the answer, the next step.
    assert re.search(rf"{where}.+ failed: .+\. .+\.$", struck.said, re.MULTILINE), struck.said


@cases("mark", [(mark,) for mark in ("lock", "bin/pulumi", "mirror/Pulumi.yaml", "state", "clouds.sqlite")])
def test_kill_while_the_world_is_made(scenes: Callable[[str], Scene], tmp_path: Path, mark: str) -> None:
    fly = Sandbox(scenes("fresh").before.project, tmp_path / "world")
    process = subprocess.Popen(
        **fly.command("--reset"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert until((fly.folder / mark).exists, TIMEOUT)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=TIMEOUT)
    done = fly.run("pulumi", "stack", "ls")
    assert "Traceback" not in done.stderr
    fresh(fly)
    fly.run(*scenes("fresh").arguments)
    assert scenes("fresh").outcome(fly) == ([], [])
