"""Production taken over one part at a time, as docs/adoption.md walks through it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.engine.test_environments import objects, up

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox

DATA = ("neon project", "cloudflare bucket")
THINGS = (*DATA, "cloudflare pages", "fly app")


def test_part_by_part(sandbox: Sandbox) -> None:
    before = objects(sandbox)
    managed: list[str] = []
    known = 0
    for part in ("database", "storage", "frontend", "backend", "delivery"):
        managed.append(part)
        with sandbox.settings("production") as settings:
            settings["relay:manage"] = managed
        counts = up(sandbox, "production")
        assert not counts.keys() & {"deleted", "replaced"}, (part, counts)
        # Nothing is left to do for what was taken over before.
        assert counts.get("unchanged", 0) == known, (part, counts)
        resources = sandbox.state("production")["deployment"]["resources"]
        known = sum(not resource["type"].startswith("pulumi:providers:") for resource in resources)
        after = objects(sandbox)
        for kind in THINGS:
            assert after[kind].keys() == before[kind].keys(), (part, kind)
        assert after["neon project"] == before["neon project"]
        sandbox.pulumi("preview", "--stack", "production", "--expect-no-changes")
    kept = before["fly secret"]
    assert {key: objects(sandbox)["fly secret"][key] for key in kept} == kept


def test_an_id_that_does_not_exist_touches_nothing(sandbox: Sandbox) -> None:
    before = objects(sandbox)
    with sandbox.settings("production") as settings:
        settings["relay:adopt"]["neonProject"] = "no-such-12345678"
        settings["relay:manage"] = ["database"]
    done = sandbox.pulumi("up", "--stack", "production", "--yes", check=False)
    assert done.returncode != 0
    assert "404" in done.stdout
    assert objects(sandbox) == before


def test_another_id_does_not_exchange_the_database(standing: Sandbox) -> None:
    """The engine would import it over the one it has, protected or not."""
    before = objects(standing)
    (staging,) = [key for key, project in before["neon project"].items() if project["name"] == "tune-staging"]
    with standing.settings("production") as settings:
        settings["relay:adopt"]["neonProject"] = staging
    for command in (("preview",), ("up", "--yes", "--skip-preview"), ("up", "--yes", "--skip-preview")):
        done = standing.pulumi(*command, "--stack", "production", check=False)
        assert done.returncode != 0
        assert f"adopt.neonProject is {staging!r}, but this stack's database is 'tall-oak-33334444'" in done.stdout
    assert objects(standing) == before


def test_a_setting_that_is_not_real_shows_before_it_is_written(sandbox: Sandbox) -> None:
    with sandbox.settings("production") as settings:
        settings |= {"relay:historyRetentionSeconds": 3600, "relay:manage": ["database"]}
    plan = json.loads(sandbox.pulumi("preview", "--stack", "production", "--json").stdout)
    ops = [step["op"] for step in plan["steps"] if step["urn"].endswith("::neon-project")]
    assert ops == ["import", "update"]


def test_a_github_environment_with_its_policy_and_variables(sandbox: Sandbox) -> None:
    from sandbox.world import github

    place = ("tune-works", "tune")
    with sandbox.world.transaction() as tx:
        policies = {"protected_branches": False, "custom_branch_policies": True}
        github.put_environment(tx, *place, "staging", deployment_branch_policy=policies)
        policy = github.create_policy(tx, *place, "staging", pattern="main", kind="branch")
        github.put_item(tx, "variable", *place, "staging", "FLY_APP", value="by-hand")
    with sandbox.settings("staging") as settings:
        settings["relay:adopt"] = {
            "githubEnvironment": "staging",
            "githubDeploymentPolicy": policy["id"],
            "githubVariables": ["FLY_APP"],
        }
    assert up(sandbox, "staging")["imported"] == 3
    clouds = objects(sandbox)
    assert len(clouds["github deployment-policy"]) == 1
    assert clouds["github variable"]["tune-works/tune/staging/FLY_APP"]["value"] == "tune-api-staging"
    assert set(up(sandbox, "staging")) == {"unchanged"}
