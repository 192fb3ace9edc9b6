"""What exists of a stack, part by part: what is proposed, and what is not because it is not clear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from infra import kinds
from ops.inventory import Inventory
from sandbox.world import cloudflare, github, neon, neon_branches

if TYPE_CHECKING:
    from ops.adopt.rows import Row
    from tests.unit.adopt.conftest import Asked

ACCOUNT = "ffffffffffffffffffffffffffffff01"
PLACE = ("tune-works", "tune")
PROJECT = "tall-oak-33334444"
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}
ABSENT = "adopt names it, but this credential does not see it: remove it from `adopt`, or correct the credential"
SOURCE = {"owner": "tune-works", "repo_name": "tune", "production_branch": "main"}


def owned(kind: kinds.Kind, key: str, stack: str) -> Inventory:
    return Inventory({(kind.type, key): stack}, frozenset(), {})


def only(rows: list[Row]) -> Row:
    (row,) = rows
    return row


@pytest.mark.parametrize("part", ["database", "storage", "frontend", "backend", "delivery"])
def test_in_an_empty_world_nothing_is_proposed(nothing: Asked, part: str) -> None:
    rows, unanswered = nothing.look("production", part)
    assert unanswered == {}
    assert rows
    assert all(not (row.there or row.adopt or row.settings) for row in rows)


def test_a_project_and_its_real_values(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        tx.put("neon", "account", "account", {"plan": "launch"})
        neon.update_project(tx, PROJECT, {"history_retention_seconds": 86_400, "default_branch_protected": True})
    row = only(asked.look("production", "database", {"postgresVersion": 16}).rows)
    assert row.resource == "Neon project tune"
    assert row.there[0].startswith(f"{PROJECT}, made 2")
    assert row.adopt == {"neonProject": PROJECT}
    assert row.settings == {
        "postgresVersion": 17,
        "historyRetentionSeconds": 86_400,
        "defaultBranchProtected": True,
        "neonPlan": "launch",
    }


def test_two_projects_of_one_name(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        second = neon.create_project(tx, {"name": "tune"})["id"]
    row = only(asked.look("production", "database").rows)
    assert {line.partition(",")[0] for line in row.there} == {PROJECT, second}
    assert (row.adopt, row.settings) == ({}, {})
    assert "several have this name" in row.notes[0]
    row = only(asked.look("production", "database", {"adopt": {"neonProject": second}}).rows)
    assert row.adopt == {"neonProject": second}


def test_a_project_that_was_renamed_is_found_by_its_adopted_id(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        neon.update_project(tx, PROJECT, {"name": "renamed"})
    assert only(asked.look("production", "database").rows).there == ()
    row = only(asked.look("production", "database", {"adopt": {"neonProject": PROJECT}}).rows)
    assert row.settings == {"neonProject": "renamed"}


@pytest.mark.parametrize(
    ("part", "adopt"),
    [
        ("database", {"neonProject": "no-such-1"}),
        ("storage", {"bucket": "tune-audio"}),
        ("frontend", {"pagesProject": "tune"}),
        ("backend", {"flyApp": "tune-api"}),
        ("delivery", {"githubEnvironment": "production"}),
    ],
)
def test_an_adopted_resource_that_is_not_there(nothing: Asked, part: str, adopt: dict[str, str]) -> None:
    row = nothing.look("production", part, {"adopt": adopt}).rows[0]
    assert (row.there, row.adopt, row.notes) == ((), {}, (ABSENT,))


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_what_a_state_has_is_shown_and_not_proposed(asked: Asked, stack: str) -> None:
    with asked.world.transaction() as tx:
        github.put_environment(tx, *PLACE, "production", deployment_branch_policy=CUSTOM)
    for part, kind, key in (
        ("database", kinds.NEON_PROJECT, PROJECT),
        ("storage", kinds.BUCKET, f"{ACCOUNT}/tune-audio/default"),
        ("frontend", kinds.PAGES_PROJECT, f"{ACCOUNT}/tune"),
        ("backend", kinds.FLY_APP, "tune-api"),
        ("delivery", kinds.ENVIRONMENT, "tune:production"),
    ):
        rows = asked.look("production", part, {"storageAccessKeyId": "0" * 16}, owned(kind, key, stack)).rows
        assert rows[0].there[0].endswith(f"; stack {stack} has it"), part
        assert all(not (row.adopt or row.settings) for row in rows), part


def test_a_bucket_and_its_public_host(asked: Asked) -> None:
    changes = {"bucketPublicHost": "pub-0.r2.dev", "extraBuckets": {"tune-art": {}, "tune-logs": {}}}
    with asked.world.transaction() as tx:
        cloudflare.create_bucket(tx, ACCOUNT, {"name": "tune-logs"})
        cloudflare.create_bucket(tx, ACCOUNT, {"name": "tune-art", "jurisdiction": "eu"})
    bucket, art, logs, token = asked.look("production", "storage", changes).rows
    assert bucket.adopt == {"bucket": "tune-audio"}
    assert bucket.settings == {"bucketPublicHost": "pub-99999999999999999999999999999999.r2.dev"}
    assert (art.adopt, logs.adopt) == ({}, {"extraBuckets": ["tune-logs"]})
    assert "jurisdiction eu" in art.notes[0]
    assert (token.there, token.notes) == ((), ())


@pytest.mark.parametrize(
    ("part", "kind", "key", "host"),
    [
        (
            "storage",
            kinds.BUCKET,
            "tune-audio/default",
            "bucketPublicHost: pub-99999999999999999999999999999999.r2.dev",
        ),
        ("frontend", kinds.PAGES_PROJECT, "tune", "pagesHost: tune-8xz.pages.dev"),
    ],
)
def test_a_host_that_the_first_up_told_is_proposed(
    asked: Asked, part: str, kind: kinds.Kind, key: str, host: str
) -> None:
    name, _, value = host.partition(": ")
    mine, theirs = (owned(kind, f"{ACCOUNT}/{key}", stack) for stack in ("production", "staging"))
    row = asked.look("production", part, {name: None}, mine).rows[0]
    assert (row.adopt, row.settings) == ({}, {name: value})
    for changes, inventory in (({name: None}, theirs), ({name: "audio.tune.example"}, mine)):
        assert asked.look("production", part, changes, inventory).rows[0].settings == {}


def test_a_token_whose_value_is_lost(asked: Asked) -> None:
    token = {"id": "a" * 32, "account_id": ACCOUNT, "name": "tune-audio (pulumi)"}
    with asked.world.transaction() as tx:
        tx.put("cloudflare", "token", "a" * 32, token)
    row = asked.look("production", "storage").rows[-1]
    assert (row.adopt, row.settings) == ({}, {})
    assert row.command == f"bin/recover production --revoke {'a' * 32}"
    known = owned(kinds.ACCOUNT_TOKEN, "a" * 32, "production")
    assert asked.look("production", "storage", None, known).rows[-1].command == ""


def test_a_part_sees_the_proposals_of_the_parts_before_it(asked: Asked) -> None:
    """The app's keys are kept, so that the stack mints no token for the bucket."""
    tokens = [
        {row.resource for row in asked.look("production", parts).rows if "token" in row.resource}
        for parts in ("storage", "backend storage")
    ]
    assert tokens == [{"Cloudflare account token tune-audio (pulumi)"}, set()]


def test_a_pages_project_and_its_real_values(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        real = {
            "production_branch": "trunk",
            "build_config": {"build_caching": False, "build_command": "make", "destination_dir": "out", "root_dir": ""},
            "source": {"type": "github", "config": {**SOURCE, "production_branch": "trunk"}},
        }
        for context in ("preview", "production"):
            variables = {"A": {"type": "plain_text", "value": "007"}}
            real.setdefault("deployment_configs", {})[context] = {  # type: ignore[index]
                "env_vars": variables,
                "fail_open": True,
                "build_image_major_version": 2,
            }
        cloudflare.patch_pages(tx, ACCOUNT, "tune", real)
    row = only(asked.look("production", "frontend", {"pagesVariables": {"GONE": "x"}}).rows)
    assert row.adopt == {"pagesProject": "tune"}
    assert row.settings == {
        "productionBranch": "trunk",
        "pagesBuild.command": "make",
        "pagesBuild.rootDir": "",
        "pagesBuild.outputDir": "out",
        "pagesBuild.caching": False,
        "pagesBuild.imageVersion": 2,
        "pagesVariables.A": "007",
        "pagesVariables.GONE": None,
        "pagesPreviewVariables.PUBLIC_API_URL": "https://tune-api.fly.dev",
    }
    assert row.notes == ()


def patched(asked: Asked, patch: dict[str, Any]) -> Row:
    with asked.world.transaction() as tx:
        cloudflare.patch_pages(tx, ACCOUNT, "tune", patch)
    return only(asked.look("production", "frontend").rows)


def test_an_encrypted_variable_of_pages_keeps_it_from_being_proposed(asked: Asked) -> None:
    secret = {"env_vars": {"KEY": {"type": "secret_text", "value": "hidden"}}}
    row = patched(asked, {"deployment_configs": {"preview": secret}})
    assert (row.adopt, row.settings) == ({}, {})
    assert row.notes[0].startswith("KEY: encrypted.")
    assert "hidden" not in str(row)


@pytest.mark.parametrize(
    ("patch", "kept"),
    [
        (
            {"source": {"type": "github", "config": {**SOURCE, "pr_comments_enabled": False, "owner": "web"}}},
            {"source.config.prCommentsEnabled", "source.config.owner"},
        ),
        ({"source": None}, {"source"}),
        ({"deployment_configs": {"preview": {"fail_open": False}}}, {"deploymentConfigs.preview.failOpen"}),
        (
            {"deployment_configs": {"preview": {"build_image_major_version": 2}}},
            {"deploymentConfigs.preview.buildImageMajorVersion"},
        ),
        (
            {"deployment_configs": {"production": {"env_vars": {"ONLY": {"type": "plain_text", "value": "1"}}}}},
            {"deploymentConfigs.preview.envVars.ONLY"},
        ),
        (
            {
                "deployment_configs": {
                    "production": {"env_vars": {"PUBLIC_API_URL": {"type": "plain_text", "value": "x"}}}
                }
            },
            {"deploymentConfigs.production.envVars.PUBLIC_API_URL"},
        ),
    ],
)
def test_a_member_of_pages_that_no_setting_declares_is_kept(
    asked: Asked, patch: dict[str, Any], kept: set[str]
) -> None:
    assert kept <= {*patched(asked, patch).settings["pagesKeep"]}


def test_the_compute_of_a_project_and_the_plan_that_allows_it(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        tx.put("neon", "account", "account", {"plan": "scale"})
        compute = neon.project(tx, PROJECT)["endpoint"]["id"]
        size = {"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 8, "suspend_timeout_seconds": 900}
        neon_branches.update_endpoint(tx, PROJECT, compute, size)
    project, found = asked.look("production", "database").rows
    assert project.settings == {"neonPlan": "scale"}
    assert asked.look("production", "database", {"neonPlan": "scale"}).rows[0].settings == {}
    assert found.adopt == {"neonEndpoint": compute}
    assert found.settings == {"neonCompute.minCu": 1, "neonCompute.maxCu": 8, "neonCompute.suspendSeconds": 900}


@pytest.mark.parametrize(
    ("cloud", "part"),
    [
        *(("neon", "database"), ("cloudflare", "storage"), ("cloudflare", "frontend")),
        *(("fly", "backend"), ("github", "delivery")),
    ],
)
def test_a_cloud_that_does_not_answer_is_named(asked: Asked, cloud: str, part: str) -> None:
    operation, fault = ("status", "exit1") if cloud == "fly" else ("GET", "down")
    asked.world.inject(cloud, operation, fault, times=9)
    rows, unanswered = asked.look("production", part)
    assert rows == []
    assert re.search("answered 503|flyctl answered", unanswered[part])


def test_a_credential_that_is_missing_is_named(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEON_API_KEY")
    assert asked.look("production", "database").unanswered["database"].startswith("NEON_API_KEY is not set")


def test_only_reading_calls_are_made(asked: Asked) -> None:
    for part in ("database", "storage", "frontend", "backend", "delivery"):
        asked.look("production", part)
    reading = {"GET", "status", "secrets list", "orgs list", "version", "machine list", "volumes list"}
    assert {operation for _, operation, _ in asked.world.calls()} <= reading
