"""A pull request's environment whose update is killed at a call: a sweep leaves the world as it was before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.engine.test_pull_request import APP, everything, opened, tool, up
from tests.faults import blows, worlds
from tests.faults.blows import Blow
from tests.faults.conftest import FULL

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox

UP = [
    Blow("neon", "branch.create", 0, "hang", "bin/pull-request"),
    Blow("neon", "branch.create", 0, "hang-after", "bin/pull-request"),
    Blow("neon", "endpoint.create", 0, "hang-after", "bin/pull-request"),
    Blow("fly", "apps create", 0, "pause-after", "bin/pull-request"),
    Blow("fly", "secrets import", 0, "pause", "bin/pull-request"),
    Blow("fly", "secrets import", 0, "pause-after", "bin/pull-request"),
    Blow("neon", "PATCH", 0, "down"),
]
DOWN = [
    Blow("neon", "branch.delete", 0, "hang-after", "bin/pull-request"),
    Blow("neon", "endpoint.delete", 0, "hang", "bin/pull-request"),
    Blow("fly", "apps destroy", 0, "pause", "bin/pull-request"),
    Blow("fly", "apps destroy", 0, "pause-after", "bin/pull-request"),
]
SHOWN = [("up", blow) for blow in (UP if FULL else UP[1:5])] + [("down", blow) for blow in (DOWN if FULL else DOWN[:1])]


@pytest.mark.parametrize(("command", "blow"), SHOWN, ids=str)
def test_a_sweep_undoes_what_a_kill_left(standing: Sandbox, command: str, blow: Blow) -> None:
    worlds.fail_in_more_ways(standing)
    before = everything(standing)
    if command == "down":
        up(standing, 7)
    arguments = ("bin/pull-request", command, "7", *(["--branch", "x"] if command == "up" else []))
    struck = blows.strike(cast("Any", SimpleNamespace(arguments=arguments)), standing, blow)
    assert struck.code != 0
    done = tool(standing, "sweep", "--nothing-runs")
    assert everything(standing) == before, done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("operation", ["branch.create", "endpoint.create"])
def test_a_push_after_a_kill_makes_the_environment(standing: Sandbox, operation: str) -> None:
    worlds.fail_in_more_ways(standing)
    opened(standing, 7)
    arguments = ("bin/pull-request", "up", "7", "--branch", "x")
    blow = Blow("neon", operation, 0, "hang-after", "bin/pull-request")
    blows.strike(cast("Any", SimpleNamespace(arguments=arguments)), standing, blow)
    refused = up(standing, 7, check=False)
    assert "locked" in refused.stdout
    done = tool(standing, "up", "7", "--branch", "x", "--nothing-runs")
    assert "Deleted Neon branch pr-7, which an interrupted update left." in done.stdout
    assert f"{APP}/DATABASE_URL" in everything(standing)["fly secret"]
