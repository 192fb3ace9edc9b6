"""Add and remove a further Fly app of a stack through the real engine: it shares values, and stays when removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.clouds import objects, secrets, up

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox


def test_a_worker_comes_and_leaves(empty_standing: Sandbox) -> None:
    before = objects(empty_standing)
    with empty_standing.settings("staging") as settings:
        settings["relay:apps"] = {"tune-worker": {"secretAliases": {"DB_URL": "DATABASE_URL"}}}
        settings["relay:githubSecretAliases"] = {"DB_URL": "DATABASE_URL"}
    path = "apps.tune-worker.extraSecrets.OPENAI_KEY"
    empty_standing.config_set("staging", path, "CanaryWorker", secret=True, path=True)
    assert up(empty_standing, "staging")["created"] == 3
    made = objects(empty_standing)
    url = secrets(empty_standing, "tune-api-staging")["DATABASE_URL"]
    assert secrets(empty_standing, "tune-worker") == {"DB_URL": url, "OPENAI_KEY": "CanaryWorker"}
    assert [secret["value"] for secret in made["github secret"].values()] == [url]
    assert "CanaryWorker" not in str(empty_standing.state("staging"))
    assert set(up(empty_standing, "staging")) == {"unchanged"}

    # Its app stays when the setting goes, and `up` names it.
    with empty_standing.settings("staging") as settings:
        del settings["relay:apps"], settings["relay:githubSecretAliases"]
    said = empty_standing.up("staging")
    assert "No longer managed, and left in their clouds: fly-app-tune-worker, fly-secrets-tune-worker" in said
    after = objects(empty_standing)
    assert after.pop("fly app").keys() - before["fly app"].keys() == {"tune-worker"}
    assert secrets(empty_standing, "tune-worker")["DB_URL"] == url
    assert after["github secret"] == {}


def test_a_worker_that_exists_is_adopted(empty_standing: Sandbox) -> None:
    from sandbox.world.fly import put_app

    with empty_standing.world.transaction() as tx:
        put_app(tx, "tune-worker", "tune-works", {"BY_HAND": "x"})
    with empty_standing.settings("staging") as settings:
        settings["relay:apps"] = {"tune-worker": {"secretAliases": {"DB_URL": "DATABASE_URL"}}}
    assert "Fly app tune-worker: creating it failed: it exists already" in empty_standing.refused("up", "staging")
    assert "adopt.apps" in empty_standing.run("bin/adopt", "staging").stdout
    with empty_standing.settings("staging") as settings:
        settings["relay:adopt"] = {"apps": ["tune-worker"]}
    assert "left alone on Fly app tune-worker: BY_HAND" in empty_standing.up("staging")
    assert secrets(empty_standing, "tune-worker").keys() == {"BY_HAND", "DB_URL"}
