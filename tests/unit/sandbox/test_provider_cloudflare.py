"""Test Cloudflare's provider: buckets and their settings, Pages projects, account tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.providers.cloudflare import PERMISSION_GROUPS
from sandbox.world import cloudflare as cloud
from tests.unit.sandbox.face import Face, Refused

if TYPE_CHECKING:
    from sandbox.world.store import World

BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
CORS = "cloudflare:index/r2BucketCors:R2BucketCors"
MANAGED = "cloudflare:index/r2ManagedDomain:R2ManagedDomain"
PAGES = "cloudflare:index/pagesProject:PagesProject"
TOKEN = "cloudflare:index/accountToken:AccountToken"
AUDIO = {"accountId": "acc", "name": "audio"}
ON_AUDIO = {"accountId": "acc", "bucketName": "audio"}
RULES = [{"allowed": {"methods": ["GET"], "origins": ["https://x"]}, "maxAgeSeconds": 300}]
POLICY = {"effect": "allow", "permissionGroups": [], "resources": "{}"}
SOURCE = {"type": "github", "config": {"owner": "crew", "repoName": "relay", "productionBranch": "main"}}


def environment(**variables: str) -> dict[str, Any]:
    values = {name: {"type": "plain_text", "value": value} for name, value in variables.items()}
    return {"envVars": values}


def pages_program(**production: str) -> dict[str, Any]:
    return {
        "accountId": "acc",
        "name": "relay",
        "productionBranch": "main",
        "source": SOURCE,
        "deploymentConfigs": {"preview": environment(URL="s"), "production": environment(**production)},
    }


def token_program(face: Face, spaces: str = ":") -> dict[str, Any]:
    groups = face.invoke(PERMISSION_GROUPS, {"accountId": "acc"})["results"]
    group = next(g["id"] for g in groups if g["name"] == "Workers R2 Storage Bucket Item Write")
    resources = json.dumps({"com.cloudflare.edge.r2.bucket.acc_default_audio": "*"}, separators=(",", spaces))
    policy = {"effect": "allow", "permissionGroups": [{"id": group}], "resources": resources}
    return {"accountId": "acc", "name": "audio", "policies": [policy]}


# Buckets


def test_a_bucket_with_objects_is_not_deleted(cloudflare: Face, world: World) -> None:
    identity, state = cloudflare.create(BUCKET, AUDIO)
    with world.transaction() as tx:
        cloud.update_bucket(tx, "acc", "default", "audio", objects=1)
    with pytest.raises(Refused, match=r"409 Conflict .*The bucket you tried to delete is not empty"):
        cloudflare.delete(BUCKET, identity, state)
    with world.transaction() as tx:
        cloud.update_bucket(tx, "acc", "default", "audio", objects=0)
    cloudflare.delete(BUCKET, identity, state)
    assert cloudflare.refresh(BUCKET, identity, state) is None


def test_the_storage_class_changes_in_place(cloudflare: Face) -> None:
    identity, state = cloudflare.create(BUCKET, AUDIO)
    rare = {**AUDIO, "storageClass": "InfrequentAccess"}
    assert cloudflare.diff(BUCKET, state, rare) == {"storageClass": "UPDATE"}
    assert cloudflare.update(BUCKET, identity, state, rare)["storageClass"] == "InfrequentAccess"


def test_rules_that_somebody_removed_are_gone_for_the_provider(cloudflare: Face, world: World) -> None:
    cloudflare.create(BUCKET, AUDIO)
    identity, state = cloudflare.create(CORS, {**ON_AUDIO, "rules": RULES})
    assert cloudflare.diff(CORS, state, {**ON_AUDIO, "rules": RULES}) == {}
    with world.transaction() as tx:
        cloud.update_bucket(tx, "acc", "default", "audio", cors=[])
    assert cloudflare.refresh(CORS, identity, state) is None
    cloudflare.update(CORS, identity, state, {**ON_AUDIO, "rules": RULES})
    cloudflare.delete(CORS, identity, state)
    with world.transaction() as tx:
        assert cloud.get(tx, "bucket", "acc", "default", "audio")["cors"] == []


def test_the_managed_domain_is_neither_read_nor_deleted(cloudflare: Face, world: World) -> None:
    cloudflare.create(BUCKET, AUDIO)
    identity, state = cloudflare.create(MANAGED, {**ON_AUDIO, "enabled": True})
    assert state["domain"].startswith("pub-")
    with world.transaction() as tx:
        cloud.set_managed_domain(tx, "acc", "default", "audio", enabled=False)
    refreshed = cloudflare.refresh(MANAGED, identity, state)
    assert refreshed is not None
    assert refreshed[0] == state
    cloudflare.update(MANAGED, identity, state, {**ON_AUDIO, "enabled": True})
    cloudflare.delete(MANAGED, identity, state)
    with world.transaction() as tx:
        assert cloud.get(tx, "bucket", "acc", "default", "audio")["managed_domain"]["enabled"] is True


@pytest.mark.parametrize(
    ("kind", "news", "path"),
    [
        (
            CORS,
            {**ON_AUDIO, "rules": [{"allowed": {"methods": ["get"], "origins": []}}]},
            "rules[0].allowed.methods[0]",
        ),
        (CORS, {**ON_AUDIO, "rules": [{"allowed": {"methods": []}}]}, "rules[0].allowed.origins"),
        (MANAGED, {**ON_AUDIO, "enabled": "true"}, "enabled"),
        (PAGES, {**pages_program(), "buildConfig": {"rootDirectory": "x"}}, "buildConfig.rootDirectory"),
        (
            PAGES,
            {**pages_program(), "deploymentConfigs": {"preview": {"r2Buckets": {"A": {"name": "audio"}}}}},
            "deploymentConfigs.preview.r2Buckets",
        ),
        (TOKEN, {"accountId": "acc", "name": "t", "policies": [{**POLICY, "resources": "x"}]}, "policies[0].resources"),
    ],
)
def test_check_refuses_at_every_depth(cloudflare: Face, kind: str, news: dict[str, Any], path: str) -> None:
    assert list(cloudflare.check(kind, news)[1]) == [path]


# Pages


def test_variables_are_patched_one_by_one(cloudflare: Face) -> None:
    identity, state = cloudflare.create(PAGES, pages_program(URL="p", EXTRA="1"))
    news = pages_program(URL="q")
    assert cloudflare.diff(PAGES, state, news) == {"deploymentConfigs": "unnamed"}
    changed = cloudflare.update(PAGES, identity, state, news)["deploymentConfigs"]
    assert changed["production"]["envVars"] == {"URL": {"type": "plain_text", "value": "q"}}
    assert changed["preview"] == state["deploymentConfigs"]["preview"]


def test_variables_changed_by_hand_are_a_difference_without_a_path_and_wiped_ones_are_none(
    cloudflare: Face, world: World
) -> None:
    program = pages_program(URL="p", EXTRA="1")
    identity, state = cloudflare.create(PAGES, program)

    def seen(**variables: Any) -> dict[str, str]:
        with world.transaction() as tx:
            production = {"env_vars": variables}
            cloud.patch_pages(tx, "acc", "relay", {"deployment_configs": {"production": production}})
        found = cloudflare.refresh(PAGES, identity, state)
        assert found is not None
        return cloudflare.diff(PAGES, found[0], program)

    assert seen(URL={"type": "plain_text", "value": "q"}) == {"deploymentConfigs": "unnamed"}
    mine = {"type": "plain_text", "value": "x"}
    assert seen(URL={"type": "plain_text", "value": "p"}, MINE=mine) == {"deploymentConfigs": "unnamed"}
    assert seen(URL=None, MINE=None) == {"deploymentConfigs.production.envVars.URL": "ADD"}
    assert seen(EXTRA=None) == {}


def test_what_an_account_has_no_room_for_is_refused(cloudflare: Face, world: World) -> None:
    with world.transaction() as tx:
        tx.put("cloudflare", "account", "acc", {"id": "acc", "r2": False, "tokens": 0})
    with pytest.raises(Refused, match=r"403 Forbidden .*10042.*Please enable R2"):
        cloudflare.create(BUCKET, {"accountId": "acc", "name": "audio"})
    with pytest.raises(Refused, match=r'400 Bad Request .*"code":1005,.*maximum number of API tokens'):
        cloudflare.create(TOKEN, token_program(cloudflare))


def test_git_needs_the_github_app(cloudflare: Face, world: World) -> None:
    with world.transaction() as tx:
        tx.put("cloudflare", "account", "acc", {"id": "acc", "github_app": False})
    with pytest.raises(Refused, match=r"400 Bad Request .*8000011.*GitHub App"):
        cloudflare.create(PAGES, pages_program(URL="p"))


def test_an_empty_list_is_kept_as_null_and_is_a_change_in_each_plan(cloudflare: Face) -> None:
    """Seen with terraform-provider-cloudflare 5.22.0; a list that is left out is no change."""
    config = {"owner": "o", "repoName": "r", "productionBranch": "main", "pathIncludes": ["*"]}
    declared = {**pages_program(), "source": {"type": "github", "config": {**config, "pathExcludes": []}}}
    _, state = cloudflare.create(PAGES, declared)
    assert cloudflare.diff(PAGES, state, declared) == {"source.config.pathExcludes": "ADD"}
    assert cloudflare.diff(PAGES, state, {**pages_program(), "source": {"type": "github", "config": config}}) == {}


# Tokens


def test_a_tokens_value_is_there_once(cloudflare: Face) -> None:
    program = token_program(cloudflare)
    identity, state = cloudflare.create(TOKEN, program)
    assert (len(identity), len(state["value"])) == (32, 40)
    refreshed = cloudflare.refresh(TOKEN, identity, state)
    assert refreshed is not None
    assert refreshed[0]["value"] == state["value"]
    assert "value" not in cloudflare.adopt(TOKEN, f"acc/{identity}")[0]
    assert cloudflare.secrets(TOKEN, program) == {"value"}


def test_a_token_keeps_id_and_value_through_an_update(cloudflare: Face) -> None:
    program = token_program(cloudflare)
    identity, state = cloudflare.create(TOKEN, program)
    news = {**program, "name": "renamed"}
    assert cloudflare.diff(TOKEN, state, news) == {"name": "UPDATE"}
    changed = cloudflare.update(TOKEN, identity, state, news)
    assert (changed["name"], changed["value"]) == ("renamed", state["value"])


def test_a_token_for_another_account_or_an_unknown_group_is_refused(cloudflare: Face) -> None:
    program = token_program(cloudflare)
    elsewhere = json.dumps({"com.cloudflare.edge.r2.bucket.other_default_audio": "*"})
    for change in ({"resources": elsewhere}, {"permissionGroups": [{"id": "0" * 32}]}):
        with pytest.raises(Refused, match="400 Bad Request"):
            cloudflare.create(TOKEN, {**program, "policies": [{**program["policies"][0], **change}]})


# The account and the network


def test_the_wrong_account_and_the_wrong_token(cloudflare: Face, world: World) -> None:
    with pytest.raises(Refused, match=r"403 Forbidden .*10000.*Authentication error"):
        cloudflare.create(BUCKET, {**AUDIO, "accountId": "other"})
    with pytest.raises(Refused, match="401"):
        Face(world, "cloudflare", apiToken="wrong").create(BUCKET, AUDIO)


def test_a_bucket_made_by_an_unheard_answer_is_refused_as_taken(cloudflare: Face, world: World) -> None:
    world.inject("cloudflare", "bucket.create", "lost")
    with pytest.raises(Refused, match="409"):
        cloudflare.create(BUCKET, AUDIO)


def test_a_token_made_by_an_unheard_answer_is_made_twice(cloudflare: Face, world: World) -> None:
    world.inject("cloudflare", "account-token.create", "502-after")
    cloudflare.create(TOKEN, token_program(cloudflare))
    with world.transaction() as tx:
        assert len(tx.list("cloudflare", "token")) == 2


def test_ten_repetitions_and_no_more(cloudflare: Face, world: World) -> None:
    world.inject("cloudflare", "bucket.create", "429", times=10)
    cloudflare.create(BUCKET, AUDIO)
    world.inject("cloudflare", "bucket.read", "429", times=11)
    with pytest.raises(Refused, match="429"):
        cloudflare.adopt(BUCKET, "acc/audio/default")
    assert len(world.calls("cloudflare")) == 22
