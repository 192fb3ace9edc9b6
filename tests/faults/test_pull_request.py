"""Kill the update of a pull request's environment at a call: a sweep leaves the world as it was before.

The kills are at every call of `up`, of a push and of `down` that changes something. Calls that read change nothing: a
kill there leaves what a kill before the next change leaves.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.engine.test_pull_request import APP, everything, opened, tool, up
from tests.faults import blows, worlds
from tests.faults.blows import Blow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.sandboxes import Sandbox

CALLS = {
    "up": ("neon branch.create", "neon endpoint.create", "fly apps create", "fly secrets import", "neon PATCH"),
    "push": ("fly secrets import", "neon PATCH"),
    "down": ("fly secrets unset", "neon endpoint.delete", "neon branch.delete", "fly apps destroy"),
}
"""Every call of a command that changes something in a cloud."""
MOMENTS = {"neon": ("hang", "hang-after"), "fly": ("pause", "pause-after")}
KILLS = [
    (command, Blow(cloud, operation, 0, moment, "bin/pull-request"))
    for command, calls in CALLS.items()
    for cloud, _, operation in (call.partition(" ") for call in calls)
    for moment in MOMENTS[cloud]
]
_SHOWN = {("up", "apps create", "pause-after"), ("down", "branch.delete", "hang-after")}
"""A kill of making and of taking away, each at another cloud: the others are left to the full form."""
READS = re.compile(r" (version|status|GET|(apps|orgs|secrets) list|.*\.(get|read))$")


def arguments(command: str) -> tuple[str, ...]:
    return ("bin/pull-request", "down", "7") if command == "down" else ("bin/pull-request", "up", "7", "--branch", "x")


def world_before(command: str, request: pytest.FixtureRequest) -> Sandbox:
    """Return the world that a command begins with."""
    found: Sandbox = request.getfixturevalue("standing" if command == "up" else "requested")
    return found


@pytest.mark.parametrize(
    ("command", "blow"),
    [
        pytest.param(command, blow, marks=() if (command, blow.operation, blow.fault) in _SHOWN else pytest.mark.full)
        for command, blow in KILLS
    ],
    ids=str,
)
def test_a_sweep_undoes_what_a_kill_left(
    command: str, blow: Blow, stood: Callable[[bool], Sandbox], request: pytest.FixtureRequest
) -> None:
    world = world_before(command, request)
    worlds.fail_in_more_ways(world)
    struck = blows.strike(cast("Any", SimpleNamespace(arguments=arguments(command))), world, blow)
    assert struck.code != 0
    done = tool(world, "sweep", "--nothing-runs")
    assert everything(world) == everything(stood(False)), done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", CALLS)
def test_a_kill_is_tried_at_every_call_that_changes_something(command: str, requested: Sandbox) -> None:
    if command != "up":  # whose calls are those on record
        requested.world.forget_calls()
        requested.run(*arguments(command))
    made = {f"{cloud} {operation}" for cloud, operation, _ in requested.world.calls() if cloud != "random"}
    assert {call for call in made if not READS.search(call)} == set(CALLS[command])


@pytest.mark.parametrize("operation", ["branch.create", pytest.param("endpoint.create", marks=pytest.mark.full)])
def test_a_push_after_a_kill_makes_the_environment(standing: Sandbox, operation: str) -> None:
    worlds.fail_in_more_ways(standing)
    opened(standing, 7)
    blow = Blow("neon", operation, 0, "hang-after", "bin/pull-request")
    blows.strike(cast("Any", SimpleNamespace(arguments=arguments("up"))), standing, blow)
    refused = up(standing, 7, check=False)
    assert "locked" in refused.stdout
    done = tool(standing, "up", "7", "--branch", "x", "--nothing-runs")
    assert "Deleted Neon branch pr-7, which an interrupted update left." in done.stdout
    assert f"{APP}/DATABASE_URL" in everything(standing)["fly secret"]
