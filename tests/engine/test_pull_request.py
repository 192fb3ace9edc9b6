"""Make, renew, destroy and sweep a pull request's environment through the real engine."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.clouds import objects, put, secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_open_push_close(standing: Sandbox) -> None:
    with untouched(standing):
        up(standing, 7)
        made = branch(standing)
        given = secrets(standing, APP)
        assert made["endpoint"]["host"] in given["DATABASE_URL"]
        assert given["FRONTEND_URL"] == "https://feature-x.tune-8xz.pages.dev"
        put(standing, "neon", "branch", f"{made['project_id']}/{made['id']}", expires_at="2099-01-01T00:00:00Z")
        for stack in ("staging", "production"):
            standing.assert_unchanged(stack)
        done = up(standing, 7, "renamed")
        assert "1 updated" in done.stdout
        assert branch(standing)["expires_at"] < "2099"
        assert secrets(standing, APP)["FRONTEND_URL"] == "https://renamed.tune-8xz.pages.dev"
        tool(standing, "down", "7")
        tool(standing, "down", "7")


def test_its_secrets_are_staging_s_and_the_template_s(standing: Sandbox) -> None:
    standing.config_set("staging", "extraSecrets.STRIPE_KEY", "sk_test_1", secret=True, path=True)
    keys = {"storageAccessKeyId": "reads-alone-" * 2, "storageSecretAccessKey": "reads-alone-" * 5}
    for key, value in keys.items():
        options = ("--stack", "staging", "--config-file", "Pulumi.pr.yaml")
        standing.pulumi("config", "set", "--secret", *options, key, value)
    up(standing, 7)
    given = secrets(standing, APP)
    assert given["STRIPE_KEY"] == "sk_test_1"
    assert given["AWS_ACCESS_KEY_ID"] == keys["storageAccessKeyId"]
    state = str(standing.state("pr-7"))
    assert not [value for value in ("sk_test_1", *keys.values()) if value in state]


def test_a_push_after_the_expiry_makes_another_copy(standing: Sandbox) -> None:
    up(standing, 7)
    expired = branch(standing)
    with standing.world.transaction() as tx:
        tx.delete("neon", "branch", f"{expired['project_id']}/{expired['id']}")
    up(standing, 7)
    assert branch(standing)["endpoint"]["host"] in secrets(standing, APP)["DATABASE_URL"]


def test_no_more_than_the_limit(standing: Sandbox) -> None:
    with standing.settings("pr") as settings:
        settings["relay:previewLimit"] = 1
    up(standing, 7)
    with untouched(standing):
        done = up(standing, 8, check=False)
        assert done.returncode == 1
        assert "previewLimit is 1, and these pull requests have an environment: 7." in done.stderr
        assert done.stderr.endswith("bin/pull-request down 7\n")
    up(standing, 7)  # a push to the one that there is


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


def test_a_sweep_destroys_closed_and_expired_environments_and_strays(standing: Sandbox) -> None:
    with untouched(standing):
        opened(standing, 8)
        for number in (7, 8, 9):
            up(standing, number)
        opened(standing, 8, 9)
        state = standing.state_file("pr-9")
        changed = re.compile(r'"time":\s*"[^"]*"')
        state.write_text(changed.sub('"time": "2026-01-02T03:04:05Z"', state.read_text()))
        standing.run("flyctl", "apps", "create", "tune-api-staging-pr-70", "--org", "tune-works")
        done = tool(standing, "sweep")
        assert "Pull request 7 is closed." in done.stdout
        assert "Pull request 9 had no push for a week." in done.stdout
        assert "Deleted Fly app tune-api-staging-pr-70" in done.stdout
        assert branch(standing, "pr-8")
        tool(standing, "down", "8")
        opened(standing)
