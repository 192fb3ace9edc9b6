"""What exists is taken over: part by part, and by bin/adopt in one go, whatever was set by hand."""

from __future__ import annotations

import json
import os
import random
import re
from typing import TYPE_CHECKING

import pytest

from sandbox.world import cloudflare, fly, github, neon, neon_branches
from tests.engine import pages
from tests.engine.clouds import objects, up
from tests.engine.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.world.store import Transaction
    from tests.engine.conftest import Opened, Sandbox

PAGE = (ROOT / "docs" / "adoption.md").read_text(encoding="utf-8")
ACCOUNT = "ffffffffffffffffffffffffffffff01"
DATA = ("neon project", "cloudflare bucket")
THINGS = (*DATA, "cloudflare pages", "fly app")


def test_part_by_part_as_the_page_says(sandbox: Sandbox) -> None:
    before = objects(sandbox)
    parts = re.findall(r"^\| `(\w+)` \|", PAGE.partition("| Part |")[2], re.MULTILINE)
    assert len(parts) == 5
    forget_adopted(sandbox, "production")
    for count, part in enumerate(parts, start=1):
        with sandbox.settings("production") as settings:
            settings["relay:manage"] = parts[:count]
        with pages.Walk(sandbox, PAGE) as steps:
            for command in list(steps.left):
                said = steps.run(command)
                assert not re.search(r"\d+ (to )?(delete|replace|update)", said), (part, command, said)
        after = objects(sandbox)
        for kind in THINGS:
            assert after[kind].keys() == before[kind].keys(), (part, kind)
        assert after["neon project"] == before["neon project"]
    assert after["cloudflare token"] == {}
    kept = before["fly secret"]
    assert {key: after["fly secret"][key] for key in kept} == kept


def test_an_id_that_does_not_exist_touches_nothing(sandbox: Sandbox) -> None:
    before = objects(sandbox)
    with sandbox.settings("production") as settings:
        settings["relay:adopt"]["neonProject"] = "no-such-12345678"
        settings["relay:manage"] = ["database"]
    done = sandbox.pulumi("up", "--stack", "production", "--yes", check=False)
    assert done.returncode != 0
    assert "Another Neon project is called" in done.stdout
    assert "no-such-12345678" in done.stdout
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


def forget_adopted(sandbox: Sandbox, stack: str) -> None:
    """Take what a stack's file adopts out of it."""
    with sandbox.settings(stack) as settings:
        settings.pop("relay:adopt", None)


def planned(sandbox: Sandbox, stack: str) -> dict[str, set[str]]:
    """Return the resources that a preview imports, updates, …, by operation."""
    steps = json.loads(sandbox.pulumi("preview", "--stack", stack, "--json").stdout)["steps"]
    found: dict[str, set[str]] = {}
    for step in steps:
        found.setdefault(step["op"], set()).add(step["urn"].rpartition("::")[2])
    return found


def test_bin_adopt_takes_over_a_world_made_by_hand(sandbox: Sandbox) -> None:
    before = objects(sandbox)
    forget_adopted(sandbox, "production")
    shown = sandbox.run("bin/adopt", "production").stdout
    assert shown.endswith("  bin/sandbox bin/adopt production --write\n")
    written = sandbox.run("bin/adopt", "production", "--write").stdout
    assert "+    neonProject: tall-oak-33334444\n" in written
    assert written.endswith("Next:\n  bin/sandbox pulumi preview -s production --diff\n")
    plan = planned(sandbox, "production")
    assert plan.keys() == {"create", "import"}
    assert plan["import"] == {"neon-project", "bucket", "pages-project"}
    counts = up(sandbox, "production")
    assert counts["imported"] == 3
    assert "updated" not in counts
    sandbox.pulumi("preview", "--stack", "production", "--expect-no-changes")
    assert objects(sandbox)["neon project"] == before["neon project"]
    assert objects(sandbox)["cloudflare pages"] == before["cloudflare pages"]
    assert sandbox.run("bin/adopt", "production").stdout.endswith("Pulumi.production.yaml lacks nothing that exists.\n")
    with sandbox.settings("production") as settings:
        assert settings["relay:adopt"]["flyApp"] == "tune-api"
        assert "secret" not in json.dumps(settings)


def test_bin_adopt_part_by_part_keeps_the_file_as_it_is_written(sandbox: Sandbox) -> None:
    path = sandbox.folder / "mirror" / "Pulumi.production.yaml"
    committed = (sandbox.project / path.name).read_text().partition("  relay:adopt:")[0]
    path.write_text(f"# Ours\n{committed}  relay:postgresVersion: 16  # soon\n")
    before = path.read_text().splitlines()
    sandbox.run("bin/adopt", "production", "--write", "--only", "database,storage")
    after = path.read_text().splitlines()
    assert [line for line in before if line not in after] == ["  relay:postgresVersion: 16  # soon"]
    assert '  relay:postgresVersion: "17" # soon' in after
    with sandbox.settings("production") as settings:
        assert settings["relay:adopt"] == {"neonProject": "tall-oak-33334444", "bucket": "tune-audio"}
        settings["relay:manage"] = ["database"]
    refused = sandbox.run("bin/adopt", "production", "--only", "storage", check=False)
    assert refused.returncode == 1
    assert "Stack production does not manage storage" in refused.stderr


def test_bin_adopt_shows_the_rest_where_a_cloud_does_not_answer(sandbox: Sandbox) -> None:
    forget_adopted(sandbox, "production")
    sandbox.world.inject("neon", "GET", "down")
    done = sandbox.run("bin/adopt", "production", check=False)
    assert done.returncode == 3
    assert "Not looked at: database. Neon answered 503" in done.stdout
    assert "adopt.bucket: tune-audio" in done.stdout


def test_bin_adopt_rebuilds_a_lost_state(standing: Sandbox) -> None:
    before = objects(standing)
    standing.pulumi("stack", "rm", "--yes", "--force", "--preserve-config", "staging")
    standing.pulumi("stack", "init", "staging")
    said = standing.run("bin/adopt", "staging", "--write").stdout
    assert "then first mend Pulumi.staging.yaml: storageAccessKeyId is set, but adopt.keep keeps" in said
    with standing.settings("staging") as settings:
        for key in ("storageAccessKeyId", "storageSecretAccessKey"):
            del settings[f"relay:{key}"]
    plan = planned(standing, "staging")
    assert plan.keys() == {"create", "import"}
    assert plan["import"] == {
        *("neon-project", "github-environment", "deployment-policy"),
        *("variable-API_URL", "variable-FRONTEND_URL", "variable-FLY_APP"),
    }
    up(standing, "staging")
    standing.pulumi("preview", "--stack", "staging", "--expect-no-changes")
    after = objects(standing)
    assert {key: after["fly secret"][key] for key in before["fly secret"]} == before["fly secret"]
    for kind in before:
        assert after[kind].keys() == before[kind].keys(), kind


def test_bin_adopt_refuses_an_interrupted_stack(standing: Sandbox) -> None:
    path = standing.folder / "state" / ".pulumi" / "stacks" / "relay" / "staging.json"
    state = json.loads(path.read_text())
    latest = state["checkpoint"]["latest"]
    latest["pending_operations"] = [{"resource": latest["resources"][-1], "type": "creating"}]
    path.write_text(json.dumps(state))
    done = standing.run("bin/adopt", "staging", check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("First run:\n  bin/sandbox bin/recover staging\n")


def changed_by_hand(tx: Transaction, chance: random.Random) -> None:
    """Change at random what somebody may have set by hand in a console."""
    _database_by_hand(tx, chance)
    _frontend_by_hand(tx, chance)
    fly.put_secrets(tx, tx.get("fly", "app", "tune-api") or {}, {f"MINE_{n}": "x" for n in range(chance.randrange(3))})
    if chance.random() < 0.7:
        _environment_by_hand(tx, chance)


def _database_by_hand(tx: Transaction, chance: random.Random) -> None:
    plan = chance.choice(["free", "launch", "scale"])
    tx.put("neon", "account", "account", {"plan": plan})
    paid = plan != "free"
    neon.update_project(
        tx,
        "tall-oak-33334444",
        {
            "history_retention_seconds": chance.choice([0, 3600, 21_600] + [604_800] * paid),
            "default_branch_protected": paid and chance.random() < 0.5,
            "enable_logical_replication": chance.choice([None, "yes"]),
            "allowed_ips": chance.choice([None, ["203.0.113.7"]]) if plan == "scale" else None,
        },
    )
    project = neon.project(tx, "tall-oak-33334444")
    made = {
        "pg_version": chance.choice([14, 16, 17]),
        "region_id": chance.choice(["aws-eu-central-1", "aws-us-east-1"]),
    }
    tx.put("neon", "project", project["id"], {**project, **made})
    size = {
        "autoscaling_limit_min_cu": chance.choice([0.25, 1]),
        "autoscaling_limit_max_cu": chance.choice([1, 2, 8] if paid else [1, 2]),
        "suspend_timeout_seconds": chance.choice({"free": [0], "launch": [0, 300, -1]}.get(plan, [0, -1, 900])),
    }
    neon_branches.update_endpoint(tx, project["id"], project["endpoint"]["id"], size)


def _frontend_by_hand(tx: Transaction, chance: random.Random) -> None:
    def plain(**values: str) -> dict[str, dict[str, str]]:
        return {name: {"type": "plain_text", "value": value} for name, value in values.items()}

    branch = chance.choice(["main", "release"])
    shared = plain(**{f"V{n}": chance.choice(["007", "true", "text"]) for n in range(2)})
    api = chance.choice(
        [{}, plain(PUBLIC_API_URL="https://old.example"), plain(PUBLIC_API_URL="https://tune-api.fly.dev")]
    )
    contexts = {
        "production": chance.choice([shared, {**shared, **api}, {**shared, **plain(ONLY="1")}]),
        "preview": chance.choice([shared, {**shared, **api, **plain(OWN="x")}, {"V0": shared["V0"]}]),
    }
    place = {
        "owner": chance.choice(["tune-works", "tune-web"]),
        "repo_name": "tune",
        "production_branch": branch,
        "pr_comments_enabled": chance.random() < 0.5,
        "production_deployments_enabled": chance.random() < 0.5,
        "preview_deployment_setting": chance.choice(["all", "custom"]),
        "preview_branch_includes": chance.choice([["*"], ["main"]]),
        "path_includes": ["*"],
        "path_excludes": chance.choice([[], ["docs/*"]]),
    }
    project = cloudflare.get(tx, "pages", ACCOUNT, "tune")
    project["deployment_configs"] = {
        context: {
            **project["deployment_configs"][context],
            "env_vars": variables,
            "build_image_major_version": chance.choice([2, 3]),
            "fail_open": chance.random() < 0.5,
        }
        for context, variables in contexts.items()
    }
    project["source"] = {"type": "github", "config": place} if chance.random() < 0.8 else None
    project |= {
        "production_branch": branch,
        "build_config": {**project["build_config"], "build_caching": chance.random() < 0.5, "build_command": "make"},
    }
    tx.put("cloudflare", "pages", f"{ACCOUNT}/tune", project)


def _environment_by_hand(tx: Transaction, chance: random.Random) -> None:
    place = ("tune-works", "tune", "production")
    custom = {"protected_branches": False, "custom_branch_policies": True}
    policy = chance.choice([custom, custom, None, {"protected_branches": True, "custom_branch_policies": False}])
    github.put_environment(
        tx,
        *place,
        wait_timer=chance.choice([0, 5]),
        can_admins_bypass=chance.random() < 0.5,
        prevent_self_review=chance.random() < 0.5,
        reviewers=[{"users": [7], "teams": [8]}] if chance.random() < 0.5 else [],
        deployment_branch_policy=policy,
    )
    if policy == custom and chance.random() < 0.7:
        github.create_policy(tx, *place, pattern=chance.choice(["v*", "release-*"]), kind="tag")
    values = {"FLY_APP": "another-app", "API_URL": "https://old.example", "ANOTHER": "x"}
    values["FRONTEND_URL"] = chance.choice(["https://old.example", "https://tune-4i6.pages.dev"])
    for name in chance.sample(sorted(values), chance.randrange(5)):
        github.put_item(tx, "variable", *place, name, value=values[name])


@pytest.mark.parametrize("seed", range(25 if os.environ.get("RELAY_FAULTS") == "full" else 2))
def test_bin_adopt_after_random_changes_by_hand(sandbox: Sandbox, seed: int) -> None:
    """After --write a preview imports and creates, and updates nothing; `up` leaves nothing to do."""
    with sandbox.world.transaction() as tx:
        changed_by_hand(tx, random.Random(seed))  # noqa: S311  (not for cryptography)
    before = objects(sandbox)
    forget_adopted(sandbox, "production")
    sandbox.run("bin/adopt", "production", "--write")
    plan = planned(sandbox, "production")
    assert plan.keys() <= {"create", "import"}, plan
    up(sandbox, "production")
    sandbox.pulumi("preview", "--stack", "production", "--expect-no-changes")
    after = objects(sandbox)
    for kind in before.keys() - {"cloudflare bucket", "fly app", "cloudflare account"}:
        assert {key: after[kind][key] for key in before[kind]} == before[kind], kind


def test_bin_strays_lists_nothing_that_a_stack_has(stood: Callable[[bool], Sandbox], opened: Opened) -> None:
    with opened(stood(True)) as standing:
        assert standing.run("bin/strays", "--format", "json").stdout == "[]\n"
        with standing.world.transaction() as tx:
            neon.create_project(tx, {"name": "tune-pr-7"})
            fly.put_app(tx, "another", "tune-works", {})
        found = json.loads(standing.run("bin/strays", "--format", "json").stdout)
        assert [(stray["name"], stray["monthly"], stray["ours"]) for stray in found] == [
            ("tune-pr-7", None, True),
            ("another", 5.0, False),
        ]
        (report := standing.folder / "drift.md").write_text("")
        standing.run("bin/strays", "--ours", "--report", str(report))
        assert "- Neon project tune-pr-7; " in report.read_text()
        assert "another" not in report.read_text()
        standing.world.inject("neon", "GET", "down", times=9)
        done = standing.run("bin/strays", check=False)
        assert done.returncode == 3
        assert "another" in done.stdout
        assert "Not looked at: Neon projects." in done.stdout
