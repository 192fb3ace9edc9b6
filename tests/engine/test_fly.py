"""Run the Fly resources through the real engine and the sandbox's flyctl: its commands, its writes, old states."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.clouds import objects, secrets, up
from tests.engine.sandboxes import ROOT, Sandbox, copied, held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.conftest import Once, Opened

# The Fly resources alone, with made-up values from the configuration: what is tested here is theirs.
PROGRAM = """\
import pulumi
from infra.providers.fly.resources import App, DeployToken, Secrets

config = pulumi.Config()
values = config.require_object("values")
app = App("app", name="tune-fly", organization="tune-works", adopt=config.get_bool("adopt") or False,
          managed_secrets=sorted(values))
secret = {name: pulumi.Output.secret(value) for name, value in values.items()}
secrets = Secrets("secrets", app=app.name, values=secret, keep=config.get_object("keep") or [],
                  digest_key="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", adopted=app.adopted,
                  organization="tune-works", slots={}, rollout=False)
if config.get_bool("mint"):
    token = DeployToken("token", app=app.name, prefix="tune-fly", rotation=0, expiry_hours=720,
                        organization="tune-works")
    pulumi.export("token", token.token)
pulumi.export("staged", secrets.staged)
pulumi.export("foreign", secrets.foreign)
"""
WRITES = {"apps create", "apps destroy", "secrets import", "secrets unset", "tokens create deploy", "tokens revoke"}
PEM = "-----BEGIN KEY-----\nabc=#\"'\n-----END KEY-----\n"
# References to the provider classes, as the first release stored them.
FIRST_RELEASE = {
    "App": "gASVNAAAAAAAAACMHWluZnJhLnByb3ZpZGVycy5mbHkucmVzb3VyY2VzlIwLQXBwUHJvdmlkZXKUk5QpgZQu",
    "Secrets": "gASVOAAAAAAAAACMHWluZnJhLnByb3ZpZGVycy5mbHkucmVzb3VyY2VzlIwPU2VjcmV0c1Byb3ZpZGVylJOUKYGULg==",
}
VALUES = {"PLAIN": "canary-plain", "ODD": " a=\"b\" # 'c' ü ", "PEM": PEM, "JSON": '{"a": "b#c"}'}


@pytest.fixture(scope="session")
def fly_world(once: Once) -> Sandbox:
    """A project of its own, and its world."""

    def fill(folder: Path) -> None:
        project = folder / "project"
        project.mkdir()
        for name in ("bin", "sandbox", "setup", "infra", "ops", "sdks", ".venv"):
            (project / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "tests" / "example" / "Pulumi.yaml", project)
        (project / "__main__.py").write_text(PROGRAM)
        (project / "Pulumi.test.yaml").write_text("config: {relay:values: {}, relay:flyOrganization: tune-works}\n")
        Sandbox(project, folder / "world").run("--reset")

    folder = once("fly", fill)
    return Sandbox(folder / "project", folder / "world")


@pytest.fixture
def fly(fly_world: Sandbox, opened: Opened) -> Iterator[Sandbox]:
    """A copy of that world with nothing in it yet."""
    with opened(fly_world) as world:
        yield world


@pytest.fixture(scope="session")
def fly_world_up(once: Once, fly_world: Sandbox) -> Sandbox:
    """That world with VALUES and a deploy token up."""

    def fill(folder: Path) -> None:
        with held(copied(fly_world, folder / "world")) as opened:
            configure(opened, VALUES, mint=True)
            opened.world.forget_calls()
            up(opened, "test")

    return Sandbox(fly_world.project, once("fly-up", fill) / "world")


@pytest.fixture
def fly_up(fly_world_up: Sandbox, opened: Opened) -> Iterator[Sandbox]:
    """A copy of the world with VALUES and a deploy token up; what flyctl was run for is on record."""
    with opened(fly_world_up) as world:
        yield world


def configure(fly: Sandbox, values: dict[str, str], **more: Any) -> None:
    """Write the configuration straight into the sandbox's copy: no value passes through an argv."""
    config = {f"relay:{key}": value for key, value in {"values": values, **more}.items()}
    path = fly.folder / "mirror" / "Pulumi.test.yaml"
    salt = [line for line in path.read_text().splitlines() if line.startswith("encryptionsalt")]
    path.write_text("\n".join([*salt, f"config: {json.dumps(config)}", ""]))


def runs(fly: Sandbox) -> list[str]:
    """Return the flyctl commands run since the last look, by their words."""
    found = [operation for _, operation, _ in fly.world.calls("fly")]
    fly.world.forget_calls()
    return found


def values(fly: Sandbox) -> dict[str, str]:
    return secrets(fly, "tune-fly")


def test_the_commands_of_flyctl_from_a_first_up_to_destroy(fly_up: Sandbox) -> None:
    found = runs(fly_up)
    assert len(found) <= 8, found
    first, *others = (command for command in found if command in WRITES)
    # The engine makes the others at the same time.
    assert (first, sorted(others)) == ("apps create", ["secrets import", "tokens create deploy"])
    assert values(fly_up) == VALUES
    assert up(fly_up, "test") == {"unchanged": 4}
    assert not WRITES & set(runs(fly_up))
    fly_up.pulumi("refresh", "--stack", "test", "--yes", "--skip-preview")
    assert sorted(set(runs(fly_up)) - {"version"}) == ["secrets list", "status", "tokens list"]
    fly_up.destroy("test")
    left = objects(fly_up)
    assert left["fly app"] == {}
    assert all(token["revoked"] for token in left["fly token"].values())


def test_adds_changes_and_removals(fly_up: Sandbox) -> None:
    wanted = {"ODD": VALUES["ODD"], "PEM": VALUES["PEM"], "PLAIN": "canary-two", "NEW": "4"}  # and JSON goes
    configure(fly_up, wanted, mint=True)
    runs(fly_up)
    plan = fly_up.pulumi("preview", "--stack", "test", "--diff").stdout
    for name in ("PLAIN", "JSON", "NEW"):
        assert name in plan
    assert "canary-" not in plan
    up(fly_up, "test")
    assert values(fly_up) == wanted
    assert [command for command in runs(fly_up) if command in WRITES] == ["secrets import", "secrets unset"]


def by_hand(fly: Sandbox, **changes: str | None) -> None:
    from sandbox.world.fly import put_secrets

    with fly.world.transaction() as tx:
        app = tx.get("fly", "app", "tune-fly")
        assert app is not None
        put_secrets(tx, app, changes)


def test_foreign_changes_show_as_drift_and_are_reverted(fly_up: Sandbox) -> None:
    by_hand(fly_up, PLAIN="another", JSON=None, MINE="by hand")
    plan = fly_up.pulumi("preview", "--stack", "test", "--refresh", "--diff").stdout
    assert "changed outside Pulumi" in plan
    assert "deleted outside Pulumi" in plan
    fly_up.up("test", "--refresh")
    assert values(fly_up) == {**VALUES, "MINE": "by hand"}
    foreign = fly_up.pulumi("stack", "output", "foreign", "--stack", "test").stdout
    assert "MINE" in foreign


def test_a_secret_made_by_hand_is_not_overwritten(fly_up: Sandbox) -> None:
    by_hand(fly_up, MINE="by hand")
    configure(fly_up, {"A": "2"}, mint=True)
    up(fly_up, "test")  # a write, from which on MINE is known to be somebody else's
    configure(fly_up, {"A": "2", "MINE": "other"}, mint=True)
    assert "`bin/sandbox flyctl secrets unset --stage MINE -a tune-fly`" in fly_up.refused("up", "test")
    assert values(fly_up) == {"A": "2", "MINE": "by hand"}


def test_an_app_of_ours_is_adopted_only_when_asked(fly: Sandbox) -> None:
    from sandbox.world.fly import put_app

    with fly.world.transaction() as tx:
        put_app(tx, "tune-fly", "tune-works", {"OLD": "by hand"})
    configure(fly, {"A": "1"})
    assert "adopt" in fly.refused("up", "test")
    assert values(fly) == {"OLD": "by hand"}
    configure(fly, {"A": "1"}, adopt=True, keep=["OLD"])
    up(fly, "test")
    assert values(fly) == {"OLD": "by hand", "A": "1"}
    # An adopted app is not destroyed, although this program has no policy of a stack.
    assert "adopted" in fly.refused("destroy", "test")
    assert values(fly) == {"OLD": "by hand", "A": "1"}


def test_no_secret_in_any_argv_environment_or_log(fly_up: Sandbox) -> None:
    minted = fly_up.pulumi("stack", "output", "token", "--show-secrets", "--stack", "test").stdout.strip()
    assert minted.startswith("FlyV1 fm2_")
    for _, _, detail in fly_up.world.calls("fly"):
        environment = {name: value for name, value in detail["environment"].items() if name != "FLY_API_TOKEN"}
        seen = json.dumps([detail["argv"], environment])
        assert not [value for value in [*VALUES.values(), minted] if value in seen]
        logs = Path(environment["FLY_CONFIG_DIR"]) / "logs"
        assert not logs.is_dir()


def test_a_state_of_the_first_release_still_loads(fly_up: Sandbox, tmp_path: Path) -> None:
    """The state was written by an older checkout elsewhere: it previews unchanged, refreshes and is destroyed."""
    fly = fly_up
    configure(fly, VALUES)
    state = fly.state("test", show_secrets=True)
    # That release had no deploy tokens.
    resources = [each for each in state["deployment"]["resources"] if not each["type"].endswith(":DeployToken")]
    assert len(resources) == len(state["deployment"]["resources"]) - 1
    state["deployment"]["resources"] = resources
    for resource in state["deployment"]["resources"]:
        for side in ("inputs", "outputs"):
            if "__provider" in resource.get(side, {}):
                resource[side]["__provider"] = FIRST_RELEASE[resource["type"].rsplit(":")[-1]]
    (tmp_path / "state.json").write_text(json.dumps(state))
    fly.pulumi("stack", "import", "--stack", "test", "--file", str(tmp_path / "state.json"))
    assert up(fly, "test") == {"unchanged": 3}
    fly.pulumi("refresh", "--stack", "test", "--yes", "--skip-preview", "--expect-no-changes")
    fly.destroy("test")
    assert objects(fly)["fly app"].keys() == set()


def test_a_refused_secret_is_named_where_there_is_no_preview(fly: Sandbox) -> None:
    configure(fly, {"GOOD": "1", "BAD": 'canary-one"""\ncanary-two'})
    said = fly.refused("up", "test")
    assert "secret 'BAD': the value has several lines, one of which ends with" in said
    assert "canary" not in said


def test_a_machine_made_by_hand_keeps_its_app(fly: Sandbox) -> None:
    from sandbox.world.fly import put_app

    loose = {"id": "e1", "name": "by-hand", "state": "started", "region": "iad", "release": None}
    with fly.world.transaction() as tx:
        put_app(tx, "tune-fly", "tune-works", {}, machines=0)
        tx.put("fly", "app", "tune-fly", {**tx.list("fly", "app")["tune-fly"], "machines": [loose]})
    configure(fly, {"A": "1"})
    assert "and is in use" in fly.refused("up", "test")
    fly.destroy("test")
    assert objects(fly)["fly app"]["tune-fly"]["machines"] == [loose]
