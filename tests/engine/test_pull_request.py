"""Make, renew, destroy and sweep a pull request's environment through the real engine."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.clouds import objects, put, secrets
from tests.engine.conftest import READS_ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

    from tests.engine.sandboxes import Sandbox

APP = "tune-api-staging-pr-7"


def tool(sandbox: Sandbox, *arguments: str, check: bool = True) -> CompletedProcess[str]:
    return sandbox.run("bin/pull-request", *arguments, check=check)


def up(sandbox: Sandbox, number: int, branch: str = "feature/x", *, check: bool = True) -> CompletedProcess[str]:
    return tool(sandbox, "up", str(number), "--branch", branch, check=check)


def opened(sandbox: Sandbox, *numbers: int) -> None:
    """Let GitHub have these pull requests open, and no other."""
    with sandbox.world.transaction() as tx:
        for key in tx.list("github", "pull"):
            tx.delete("github", "pull", key)
        for number in numbers:
            tx.put("github", "pull", f"tune-works/tune/{number}", {"number": number, "state": "open"})


def everything(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything in every cloud, with Neon's branches, and the stacks."""
    with sandbox.world.transaction() as tx:
        branches = tx.list("neon", "branch")
    stacks = sorted(path.name for path in (sandbox.folder / "state/.pulumi/stacks/relay").glob("*.json"))
    return {**objects(sandbox), "neon branch": branches, "stacks": stacks}


@contextmanager
def untouched(sandbox: Sandbox) -> Iterator[None]:
    """Check that the clouds and the stacks are in the end what they were."""
    before = everything(sandbox)
    yield
    assert everything(sandbox) == before


def branch(sandbox: Sandbox, name: str = "pr-7") -> dict[str, Any]:
    return next(found for found in everything(sandbox)["neon branch"].values() if found["name"] == name)


def test_it_has_a_copy_of_the_database_and_changes_nothing_else(
    requested: Sandbox, stood: Callable[[bool], Sandbox]
) -> None:
    given = secrets(requested, APP)
    assert branch(requested)["endpoint"]["host"] in given["DATABASE_URL"]
    assert given["FRONTEND_URL"] == "https://feature-x.tune-8xz.pages.dev"
    before, now = everything(stood(False)), everything(requested)
    assert {*now.pop("stacks")} - {*before["stacks"]} == {"pr-7.json"}
    for kind, found in now.items():
        assert before[kind].items() <= found.items(), kind


def test_its_secrets_are_staging_s_and_the_template_s(requested: Sandbox) -> None:
    given = secrets(requested, APP)
    assert given["STRIPE_KEY"] == "sk_test_1"
    assert given["AWS_ACCESS_KEY_ID"] == READS_ALONE["storageAccessKeyId"]
    state = str(requested.state("pr-7"))
    assert not [value for value in ("sk_test_1", *READS_ALONE.values()) if value in state]


def test_a_push_renews_it_and_the_limit_stops_another(requested: Sandbox) -> None:
    made = branch(requested)
    put(requested, "neon", "branch", f"{made['project_id']}/{made['id']}", expires_at="2099-01-01T00:00:00Z")
    with requested.settings("pr") as settings:
        settings["relay:previewLimit"] = 1
    with untouched(requested):
        refused = up(requested, 8, check=False)
    assert refused.returncode == 1
    assert "previewLimit is 1, and these pull requests have an environment: 7." in refused.stderr
    assert refused.stderr.endswith("bin/pull-request down 7\n")
    assert "1 updated" in up(requested, 7, "renamed").stdout
    assert branch(requested)["expires_at"] < "2099"
    assert secrets(requested, APP)["FRONTEND_URL"] == "https://renamed.tune-8xz.pages.dev"


def test_a_push_after_the_expiry_makes_another_copy(requested: Sandbox) -> None:
    expired = branch(requested)
    with requested.world.transaction() as tx:
        tx.delete("neon", "branch", f"{expired['project_id']}/{expired['id']}")
    up(requested, 7)
    assert branch(requested)["endpoint"]["host"] in secrets(requested, APP)["DATABASE_URL"]


def test_a_close_leaves_nothing(requested: Sandbox, stood: Callable[[bool], Sandbox]) -> None:
    for _ in range(2):
        tool(requested, "down", "7")
        assert everything(requested) == everything(stood(False))


@pytest.mark.parametrize("protects", [False, True])
def test_production_and_protected_data_are_never_copied(standing: Sandbox, protects: bool) -> None:
    if protects:
        with standing.world.transaction() as tx:
            for key, project in tx.list("neon", "project").items():
                tx.put("neon", "project", key, project | {"default_branch_protected": True})
    else:
        with standing.settings("pr") as settings:
            settings["relay:branchOf"] = "production"
    with untouched(standing):
        done = up(standing, 7, check=False)
    assert done.returncode != 0
    expected = "is protected: no pull request gets a copy of it" if protects else "whose tier is production"
    assert expected in done.stdout + done.stderr


def test_a_sweep_destroys_closed_and_expired_environments_and_strays(
    requested: Sandbox, stood: Callable[[bool], Sandbox]
) -> None:
    up(requested, 9)
    opened(requested, 9)
    requested.run("flyctl", "apps", "create", "tune-api-staging-pr-70", "--org", "tune-works")
    done = tool(requested, "sweep")
    assert "Pull request 7 is closed." in done.stdout
    assert "Deleted Fly app tune-api-staging-pr-70" in done.stdout
    assert branch(requested, "pr-9")
    state = requested.state_file("pr-9")
    changed = re.compile(r'"time":\s*"[^"]*"')
    state.write_text(changed.sub('"time": "2026-01-02T03:04:05Z"', state.read_text()))
    assert "Pull request 9 had no push for a week." in tool(requested, "sweep").stdout
    assert everything(requested) == everything(stood(False))
