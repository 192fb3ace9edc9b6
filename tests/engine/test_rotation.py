"""Rotate keys and tokens through the real engine: the bucket's old token works until every machine has the new one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world.fly import tick
from tests.engine.clouds import objects, up
from tests.engine.sandboxes import Sandbox, copied, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Once, Opened

APP = "tune-api"
COUNTERS = ("oauthKey", "storageToken", "deployToken")
BUCKET_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SECRETS = ("OAUTH_ENCRYPTION_KEY", *BUCKET_SECRETS)


def configure(sandbox: Sandbox, **changes: Any) -> None:
    with sandbox.settings("production") as settings:
        settings |= {f"relay:{key}": value for key, value in changes.items()}


def retire(sandbox: Sandbox) -> None:
    configure(sandbox, retire={"confirmed": {"staging": 1}, "storageToken": 1})


def first_deploy(sandbox: Sandbox, name: str = APP) -> None:
    """Give the app a machine that runs with its present secrets, as deploying the application would."""
    with sandbox.world.transaction() as tx:
        machine = {"id": "m1", "name": "machine-1", "state": "started", "region": "ams", "release": "1"}
        app = tx.get("fly", "app", name) or {}
        app |= {"deployed": True, "status": "deployed", "machines": [machine], "releases": {"1": tick(tx)}}
        tx.put("fly", "app", name, app)


def working(sandbox: Sandbox) -> tuple[set[str], set[str]]:
    """Return the names of the bucket's tokens and of the deploy tokens, these without their random part."""
    clouds = objects(sandbox)
    deploy = [token["name"] for token in clouds["fly token"].values() if not token["revoked"]]
    return {t["name"] for t in clouds["cloudflare token"].values()}, {name.rpartition("-")[0] for name in deploy}


BOTH = ({"tune-audio (pulumi)", "tune-audio (pulumi-1)"}, {"relay-production-r1"})
NEW = ({"tune-audio (pulumi-1)"}, {"relay-production-r1"})


@pytest.fixture(scope="session")
def before_and_rotated(once: Once, prepared: dict[bool, Sandbox]) -> tuple[dict[str, dict[str, Any]], Sandbox]:
    """Production of a world of its own, running; then all three rotated: the clouds before, and the sandbox."""

    def fill(folder: Path) -> None:
        with held(copied(prepared[True], folder / "world")) as sandbox:
            configure(sandbox, mintDeployToken=True)
            sandbox.up("production")
            first_deploy(sandbox)
            (folder / "before.json").write_text(json.dumps(objects(sandbox)))
            configure(sandbox, rotate=dict.fromkeys(COUNTERS, 1))
            counts = up(sandbox, "production")
            assert (counts["created"], counts["updated"], counts["replaced"]) == (1, 2, 2)

    folder = once("rotated", fill)
    return json.loads((folder / "before.json").read_text()), Sandbox(prepared[True].project, folder / "world")


@pytest.fixture
def rotated(before_and_rotated: tuple[Any, Sandbox], opened: Opened) -> Iterator[Sandbox]:
    """A copy of the rotated world."""
    with opened(before_and_rotated[1]) as world:
        yield world


def test_rotate_sets_the_new_and_leaves_the_buckets_old_token_working(
    before_and_rotated: tuple[Any, Sandbox], rotated: Sandbox
) -> None:
    before, sandbox = before_and_rotated[0], rotated
    after = objects(sandbox)
    assert working(sandbox) == BOTH
    assert before["cloudflare token"].items() <= after["cloudflare token"].items()
    changed = {
        key for key, secret in after["fly secret"].items() if secret["value"] != before["fly secret"][key]["value"]
    }
    assert changed == {f"{APP}/{name}" for name in SECRETS}
    listed = sandbox.run("flyctl", "secrets", "list", "-a", APP).stdout
    assert {line.split()[1] for line in listed.splitlines() if line.startswith("* ")} == set(SECRETS)
    (old,), (new,) = before["github secret"].values(), after["github secret"].values()
    assert old["value"] != new["value"]


def test_retire_before_the_deploy_revokes_nothing(rotated: Sandbox) -> None:
    before = objects(rotated)
    retire(rotated)
    said = rotated.refused("up", "production", "--continue-on-error")
    assert (
        f"Fly app {APP}: retiring the old secrets failed: machines may still use old values of these secrets, "
        f"which would stop working: {', '.join(BUCKET_SECRETS)}. "
    ) in said
    assert f"`bin/sandbox flyctl secrets deploy -a {APP}`" in said
    assert objects(rotated) == before


def test_retire_after_the_deploy_revokes_the_old(rotated: Sandbox) -> None:
    before = objects(rotated)
    rotated.run("flyctl", "secrets", "deploy", "-a", APP)
    retire(rotated)
    counts = up(rotated, "production")
    assert (counts["deleted"], counts["updated"]) == (1, 1)
    assert working(rotated) == NEW
    for kind in ("fly secret", "github secret"):
        assert objects(rotated)[kind] == before[kind]


def test_destroy_spares_the_old_slots_that_machines_may_use(rotated: Sandbox) -> None:
    """They are not protected themselves, or nobody could retire them."""
    before = objects(rotated)
    rotated.pulumi("destroy", "--stack", "production", "--yes", "--skip-preview", "--exclude-protected", check=False)
    assert objects(rotated) == before


def test_the_key_of_an_adopted_app_changes_by_rotation_alone(standing: Sandbox) -> None:
    before = objects(standing)["fly secret"]
    with standing.settings("production") as settings:
        settings["relay:adopt"]["keep"].remove("OAUTH_ENCRYPTION_KEY")
    assert "a new key would log everybody out" in standing.refused("preview", "production")
    configure(standing, rotate={"oauthKey": 1})
    assert up(standing, "production") | {"unchanged": 0} == {"created": 1, "updated": 1, "unchanged": 0}
    after = objects(standing)["fly secret"]
    assert {key for key in after if after[key] != before[key]} == {f"{APP}/OAUTH_ENCRYPTION_KEY"}
