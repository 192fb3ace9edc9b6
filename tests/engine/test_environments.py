"""Bring up the three environments through the real engine: each adopts what exists and makes the rest, once."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import cloudflare
from tests.engine.clouds import assert_encrypted, objects, project_id, secret_values, secrets, summary, up
from tests.engine.sandboxes import STACKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.sandboxes import Sandbox


@pytest.mark.full
def test_staging_before_production(sandbox: Sandbox) -> None:
    for stack in ("staging", "production"):
        counts = up(sandbox, stack)
        assert not counts.keys() & {"replaced", "deleted"}, (stack, counts)
    assert_nothing_to_do(sandbox, "staging")


def test_staging_with_a_bucket_and_a_pages_project_of_its_own(empty_sandbox: Sandbox) -> None:
    with empty_sandbox.settings("staging") as settings:
        settings["relay:manage"] += ["storage", "frontend"]
        settings.update({"relay:bucket": "tune-audio-staging", "relay:pagesProject": "tune-staging"})
        for key in ("storageAccessKeyId", "storageSecretAccessKey"):
            del settings[f"relay:{key}"]
    for stack in ("staging", "production"):
        assert up(empty_sandbox, stack).keys() == {"created"}
    empty_sandbox.run("bin/adopt", "staging", "--write")
    empty_sandbox.up("staging")
    assert_nothing_to_do(empty_sandbox, "production")

    clouds = objects(empty_sandbox)
    pages = {project["name"]: f"https://{project['subdomain']}" for project in clouds["cloudflare pages"].values()}
    own = pages["tune-staging"]
    preview = own.replace("https://", "https://fix-1.")
    given = secrets(empty_sandbox, "tune-api-staging")
    assert given["FRONTEND_URL"] == own
    admitted = [
        url for url in (own, preview, *pages.values()) if re.fullmatch(given["FRONTEND_CORS_ORIGIN_REGEX"], url)
    ]
    assert admitted == [own, preview, own]
    origins = {
        bucket["name"]: set(bucket["cors"][0]["allowed"]["origins"]) for bucket in clouds["cloudflare bucket"].values()
    }
    local = "http://localhost:5173"
    assert origins["tune-audio-staging"] == {own}
    assert origins["tune-audio"] == {"https://tune-8xz.pages.dev", local}  # configured; an empty world gives another
    tokens = {token["id"]: str(token["policies"]) for token in clouds["cloudflare token"].values()}
    assert "tune-audio-staging" in tokens[given["AWS_ACCESS_KEY_ID"]]
    configs = {project["name"]: project["deployment_configs"] for project in clouds["cloudflare pages"].values()}
    for environment in ("preview", "production"):
        variables = configs["tune-staging"][environment]["env_vars"]
        assert variables["PUBLIC_API_URL"]["value"] == "https://tune-api-staging.fly.dev"


def test_production_first(standing: Sandbox, stood: Callable[[bool], Sandbox]) -> None:
    for stack in STACKS:
        counts = summary((stood(False).folder.parent / f"{stack}.txt").read_text())
        assert not counts.keys() & {"replaced", "deleted"}, (stack, counts)
    assert_nothing_to_do(standing, *STACKS)


def test_production_first_in_an_empty_world(empty_standing: Sandbox, stood: Callable[[bool], Sandbox]) -> None:
    for stack in STACKS:
        assert summary((stood(True).folder.parent / f"{stack}.txt").read_text()).keys() == {"created"}
    assert_nothing_to_do(empty_standing, "production")


def assert_nothing_to_do(sandbox: Sandbox, *stacks: str) -> None:
    before = objects(sandbox)
    for stack in stacks:
        assert set(up(sandbox, stack)) == {"unchanged"}
    assert objects(sandbox) == before


def test_adoption_creates_and_replaces_no_data(prepared: dict[bool, Sandbox], stood: Callable[[bool], Sandbox]) -> None:
    folder = stood(False).folder.parent
    before, after = objects(prepared[False]), objects(replace(stood(False), folder=folder / "after-production"))
    assert summary((folder / "production.txt").read_text())["imported"] == 3
    for kind in ("neon project", "cloudflare bucket", "cloudflare pages", "fly app"):
        assert after[kind].keys() == before[kind].keys()
    assert after["neon project"] == before["neon project"]
    assert after["cloudflare token"] == {}
    # Every secret that was set by hand is as it was; what is new is only what the app did not have.
    for key, secret in before["fly secret"].items():
        assert after["fly secret"][key] == secret
    new = {key.removeprefix("tune-api/") for key in after["fly secret"].keys() - before["fly secret"].keys()}
    assert new == {
        "ATPROTO_CLIENT_ID",
        "ATPROTO_REDIRECT_URI",
        "FRONTEND_CORS_ORIGIN_REGEX",
        "FRONTEND_URL",
        "LOGFIRE_ENABLED",
        "LOGFIRE_ENVIRONMENT",
    }


def test_adoption_changes_only_the_variable_of_previews(
    prepared: dict[bool, Sandbox], stood: Callable[[bool], Sandbox]
) -> None:
    project = "ffffffffffffffffffffffffffffff01/tune"
    before, after = (objects(world)["cloudflare pages"][project] for world in (prepared[False], stood(False)))
    variable = before["deployment_configs"]["preview"]["env_vars"]["PUBLIC_API_URL"]
    assert variable["value"] == "https://tune-api.fly.dev"
    variable["value"] = "https://tune-api-staging.fly.dev"
    assert after == before


def test_a_secret_set_by_hand_is_not_overwritten_at_adoption(sandbox: Sandbox) -> None:
    with sandbox.settings("production") as settings:
        settings["relay:adopt"]["keep"].remove("DATABASE_URL")
    before = objects(sandbox)["fly secret"]
    said = sandbox.refused("up", "production")
    assert "DATABASE_URL" in said
    assert "adopt.keep" in said
    assert objects(sandbox)["fly secret"] == before


def test_destroy_of_staging_leaves_everything_else(standing: Sandbox, stood: Callable[[bool], Sandbox]) -> None:
    assert "protected" in standing.refused("destroy", "staging")
    assert project_id(standing, "tune-staging")
    with standing.settings("staging") as settings:
        settings["relay:unprotect"] = True
    up(standing, "staging")
    standing.destroy("staging")
    assert objects(standing) == objects(replace(standing, folder=stood(False).folder.parent / "after-dev"))


def test_destroy_of_production_touches_nothing(standing: Sandbox) -> None:
    def everything() -> tuple[Any, ...]:
        managed = {
            resource["urn"]: (resource["id"], resource["inputs"].keys(), resource["outputs"].keys())
            for resource in standing.state("production")["deployment"]["resources"]
            if resource["custom"] and not resource["type"].startswith("pulumi:providers:")
        }
        return managed, objects(standing)

    before = everything()
    standing.pulumi("destroy", "--stack", "production", "--yes", "--skip-preview", check=False)
    assert everything() == before


def test_destroy_of_dev_leaves_the_adopted_database(standing: Sandbox) -> None:
    before = objects(standing)
    standing.destroy("dev")
    assert "urn:pulumi:dev::" not in json.dumps(standing.state("dev"))
    assert objects(standing) == before


def test_a_replace_of_data_is_refused_at_preview(standing: Sandbox) -> None:
    with standing.settings("staging") as settings:
        settings["relay:neonRegion"] = "aws-us-east-2"
    said = standing.refused("preview", "staging")
    assert "neon-project" in said
    assert "protect" in said


@pytest.mark.parametrize("adopted", [False, True])
def test_another_bucket_is_refused_at_preview(standing: Sandbox, adopted: bool) -> None:
    """Its objects would have to move first; where it exists already, its address and CORS rules stand in the way."""
    with standing.world.transaction() as tx:
        cloudflare.create_bucket(tx, "ffffffffffffffffffffffffffffff01", {"name": "tune-sounds"})
    with standing.settings("production") as settings:
        settings["relay:bucket"] = settings["relay:adopt"]["bucket"] = "tune-sounds"
        if not adopted:
            del settings["relay:adopt"]["bucket"]
    said = standing.refused("preview", "production")
    assert "bucket-public-domain" in said
    assert "marked for protection" in said


def test_urns_are_the_frozen_ones(stood: Callable[[bool], Sandbox]) -> None:
    from tests.unit.test_program import GOLDEN

    for stack in STACKS:
        resources = stood(False).state(stack)["deployment"]["resources"]
        urns = {resource["urn"].split("::", 2)[2] for resource in resources}
        golden = set((GOLDEN / f"urns.{stack}.txt").read_text(encoding="utf-8").splitlines())
        # Beside them: the stack, and default providers, which the engine makes.
        assert golden <= urns
        assert all(re.match(r"pulumi:(pulumi:Stack|providers:)", urn) for urn in urns - golden)


@pytest.mark.parametrize("world", ["standing", "empty_standing"])
def test_no_secret_is_plain_in_the_state(world: str, request: pytest.FixtureRequest) -> None:
    chosen: Sandbox = request.getfixturevalue(world)
    values = secret_values(chosen)
    for stack in STACKS:
        assert_encrypted(chosen, stack, values)


def test_each_environment_has_an_oauth_key_of_its_own(stood: Callable[[bool], Sandbox]) -> None:
    keys = [secrets(stood(True), app)["OAUTH_ENCRYPTION_KEY"] for app in ("tune-api", "tune-api-staging")]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys)
    assert len(set(keys)) == 2


def test_storage_keys_of_production_are_those_of_its_token(stood: Callable[[bool], Sandbox]) -> None:
    (token,) = objects(stood(True))["cloudflare token"].values()
    given = secrets(stood(True), "tune-api")
    assert given["AWS_ACCESS_KEY_ID"] == token["id"]
    assert given["AWS_SECRET_ACCESS_KEY"] == hashlib.sha256(token["value"].encode()).hexdigest()


def test_a_deploy_token_finishes_delivery(standing: Sandbox) -> None:
    assert not objects(standing)["github secret"]
    standing.config_set("staging", "flyDeployToken", "FlyV1 fm2_given,fm2_here", secret=True)
    standing.config_set("staging", "extraSecrets.CANARY", "CanaryExtra", secret=True, path=True)
    assert up(standing, "staging")["created"] == 1
    (secret,) = objects(standing)["github secret"].values()
    assert secret["value"] == "FlyV1 fm2_given,fm2_here"
    # The state encrypts a value that a person gave, as it does a value that a cloud made.
    for given in ("FlyV1 fm2_given,fm2_here", "CanaryExtra"):
        assert_encrypted(standing, "staging", {given})
