"""Replay the scenario for real accounts in the sandbox: the same steps, in accounts that hold nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.clouds import objects
from tests.engine.sandboxes import STORAGE_KEYS, Sandbox, held
from tests.verified import accounts, scenario

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verified.accounts import Holdings

ACCOUNTS = accounts.Accounts("throw-away", "org-throw-away-1", "throw-away/empty")


def holdings(sandbox: Sandbox) -> Holdings:
    clouds = objects(sandbox)
    return {
        "Fly app": list(clouds["fly app"]),
        "Neon project": [project["name"] for project in clouds["neon project"].values()],
        "GitHub environment": [key.rpartition("/")[2] for key in clouds["github environment"]],
    }


def test_staging_goes_up_alone_and_leaves_nothing(tmp_path: Path) -> None:
    name = scenario.fresh_name()
    folder = scenario.project(tmp_path / "project", ACCOUNTS, name)
    alone = Sandbox(folder, tmp_path / "world")
    alone.run("--reset", "--empty")
    with held(alone) as sandbox:
        keys = [f"--secret={key}={'5a4d5b0c' * 4}" for key in STORAGE_KEYS]  # as on real accounts
        sandbox.pulumi("config", "set-all", "--stack", scenario.STACK, *keys)
        _leaves_nothing(sandbox, name)


def _leaves_nothing(sandbox: Sandbox, name: str) -> None:
    before = objects(sandbox)
    accounts.allowed(ACCOUNTS, lambda: holdings(sandbox))
    during: list[Holdings] = []

    def pulumi(*arguments: str) -> None:
        sandbox.pulumi(*arguments, "--stack", scenario.STACK)
        during.append(holdings(sandbox))

    scenario.replay(pulumi, lambda: holdings(sandbox), name)
    assert list(during[0].values()) == [[name]] * 3
    assert objects(sandbox) == before
    with pytest.raises(accounts.NotAllowedError, match="Fly app somebodys"):
        accounts.allowed(ACCOUNTS, lambda: during[0] | {"Fly app": [name, "somebodys"]})
