"""Further Fly apps of a stack through the real engine: shared values, and the remains of a removed app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.clouds import objects, up

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox


def test_a_worker_comes_and_leaves(empty_standing: Sandbox) -> None:
    before = objects(empty_standing)
    with empty_standing.settings("staging") as settings:
        settings["relay:apps"] = {"tune-worker": {"secretAliases": {"DB_URL": "DATABASE_URL"}}}
        settings["relay:githubSecretAliases"] = {"DB_URL": "DATABASE_URL"}
    path = "apps.tune-worker.extraSecrets.OPENAI_KEY"
    empty_standing.config_set("staging", path, "CanaryWorker", secret=True, path=True)
    assert up(empty_standing, "staging")["created"] == 3
    made = objects(empty_standing)
    secrets = made["fly secret"]
    url = secrets["tune-api-staging/DATABASE_URL"]["value"]
    assert secrets["tune-worker/DB_URL"]["value"] == url
    assert secrets["tune-worker/OPENAI_KEY"]["value"] == "CanaryWorker"
    assert [secret["value"] for secret in made["github secret"].values()] == [url]
    assert "CanaryWorker" not in str(empty_standing.state("staging"))
    assert set(up(empty_standing, "staging")) == {"unchanged"}

    # Its app stays when the setting goes, and `up` names it.
    with empty_standing.settings("staging") as settings:
        del settings["relay:apps"], settings["relay:githubSecretAliases"]
    done = empty_standing.pulumi("up", "--stack", "staging", "--yes", "--skip-preview")
    assert "No longer managed, and left in their clouds: fly-app-tune-worker, fly-secrets-tune-worker" in done.stdout
    after = objects(empty_standing)
    assert after.pop("fly app").keys() - before["fly app"].keys() == {"tune-worker"}
    assert after["fly secret"]["tune-worker/DB_URL"] == secrets["tune-worker/DB_URL"]
    assert after["github secret"] == {}


def test_a_worker_that_exists_is_adopted(empty_standing: Sandbox) -> None:
    from sandbox.world.fly import put_app

    with empty_standing.world.transaction() as tx:
        put_app(tx, "tune-worker", "tune-works", {"BY_HAND": "x"})
    with empty_standing.settings("staging") as settings:
        settings["relay:apps"] = {"tune-worker": {"secretAliases": {"DB_URL": "DATABASE_URL"}}}
    refused = empty_standing.pulumi("up", "--stack", "staging", "--yes", "--skip-preview", check=False)
    assert "Fly app tune-worker: creating it failed: it exists already" in refused.stdout
    proposed = empty_standing.run("bin/adopt", "staging").stdout
    assert "adopt.apps" in proposed
    with empty_standing.settings("staging") as settings:
        settings["relay:adopt"] = {"apps": ["tune-worker"]}
    done = empty_standing.pulumi("up", "--stack", "staging", "--yes", "--skip-preview")
    assert "left alone on Fly app tune-worker: BY_HAND" in done.stdout
    secrets = objects(empty_standing)["fly secret"]
    assert {key for key in secrets if key.startswith("tune-worker/")} == {"tune-worker/BY_HAND", "tune-worker/DB_URL"}
