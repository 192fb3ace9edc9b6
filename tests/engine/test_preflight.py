"""Run the checks before an `up` through the real engine: they name every obstacle at once and touch no cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import neon
from tests.engine.clouds import project_id
from tests.engine.sandboxes import STACKS, Sandbox, copied, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Once, Opened

FLAGS = "--color never --non-interactive"
READ = {(cloud, "GET") for cloud in ("cloudflare", "neon", "github")}
UP = f"pulumi up --stack {{}} --yes --skip-preview {FLAGS}"


def shell(sandbox: Sandbox, script: str) -> tuple[int, str]:
    """Run a shell script in the sandbox; return its exit code and all it said."""
    done = sandbox.run("sh", "-c", script, check=False)
    return done.returncode, done.stdout + done.stderr


def projects(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    with sandbox.world.transaction() as tx:
        return tx.list("neon", "project")


def obstacles(sandbox: Sandbox, script: str) -> list[str]:
    """Run a script that the preflight ends; return its lines, having seen that nothing else happened."""
    sandbox.world.forget_calls()
    code, said = shell(sandbox, script)
    assert code != 0, said
    assert "Traceback" not in said
    head, _, rest = said.partition(" Nothing was touched.\n")
    assert "cannot start" in head
    operations = {(cloud, operation) for cloud, operation, _ in sandbox.world.calls()}
    assert operations <= {("fly", "version"), ("fly", "orgs list"), *READ}
    return [line.strip().removeprefix("- ") for line in rest.splitlines() if line.strip().startswith("- ")]


def test_every_missing_credential_at_once(sandbox: Sandbox) -> None:
    lines = obstacles(sandbox, f"unset NEON_API_KEY GITHUB_TOKEN FLY_API_TOKEN; {UP.format('staging')}")
    assert [line.split()[0] for line in lines] == ["NEON_API_KEY", "GITHUB_TOKEN", "FLY_API_TOKEN"]


def test_a_later_preview_needs_no_fly_token_and_takes_no_look(standing: Sandbox) -> None:
    code, said = shell(standing, f"unset FLY_API_TOKEN CLOUDFLARE_API_TOKEN; pulumi preview --stack staging {FLAGS}")
    assert code == 0, said
    assert "GET" not in [operation for _, operation, _ in standing.world.calls()]
    assert standing.world.calls("fly") == []
    lines = obstacles(standing, f"unset NEON_API_KEY FLY_API_TOKEN; pulumi preview --stack staging {FLAGS}")
    assert [line.split()[0] for line in lines] == ["NEON_API_KEY"]


def test_a_first_preview_lists_each_credential_that_is_refused(empty_sandbox: Sandbox) -> None:
    wrong = "CLOUDFLARE_API_TOKEN=x NEON_API_KEY=x GITHUB_TOKEN=x"
    lines = obstacles(empty_sandbox, f"export {wrong}; pulumi preview --stack production {FLAGS}")
    assert [line.split()[0] for line in lines] == ["NEON_API_KEY", "CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN"]


def test_a_cloudflare_token_for_another_account(sandbox: Sandbox) -> None:
    for stack in STACKS:
        with sandbox.settings(stack) as settings:
            settings["relay:cloudflareAccountId"] = "e" * 32
    (line,) = obstacles(sandbox, UP.format("production"))
    assert line.startswith(f"CLOUDFLARE_API_TOKEN does not reach account {'e' * 32}")
    assert "Cloudflare answered 403" in line


def test_a_credential_that_no_service_takes_is_not_shown(sandbox: Sandbox) -> None:
    credentials = "CLOUDFLARE_API_TOKEN=canary-a NEON_API_KEY=canary-b GITHUB_TOKEN=canary-c FLY_API_TOKEN=canary-d"
    lines = obstacles(sandbox, f"export {credentials}; {UP.format('production')}")
    assert [line.split()[0] for line in lines] == [
        *("FLY_API_TOKEN", "NEON_API_KEY", "CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN")
    ]
    assert "canary" not in "".join(lines)


def test_a_neon_project_of_the_same_name(sandbox: Sandbox) -> None:
    with sandbox.world.transaction() as tx:
        taken = neon.create_project(tx, {"name": "tune-staging", "region_id": "aws-eu-central-1"})["id"]
    before = projects(sandbox)
    (line,) = obstacles(sandbox, UP.format("staging"))
    assert line.startswith(f"Another Neon project is called 'tune-staging' already: {taken}")
    assert projects(sandbox) == before
    # Follow the message.
    with sandbox.settings("staging") as settings:
        settings["relay:adopt"] = {"neonProject": taken}
    sandbox.up("staging")
    assert projects(sandbox).keys() == before.keys()


@pytest.fixture(scope="session")
def halfway_world(once: Once, prepared: dict[bool, Sandbox]) -> Sandbox:
    """A world in which an `up` of staging failed after it had made its Neon project."""

    def fill(folder: Path) -> None:
        with held(copied(prepared[False], folder / "world")) as sandbox:
            sandbox.world.inject("fly", "apps create", "exit1")
            sandbox.refused("up", "staging")

    return Sandbox(prepared[False].project, once("halfway", fill) / "world")


@pytest.fixture
def halfway(halfway_world: Sandbox, opened: Opened) -> Iterator[Sandbox]:
    """A copy of that world."""
    with opened(halfway_world) as world:
        yield world


@pytest.mark.parametrize("ended", ["by an error", "killed"])
def test_the_project_of_an_up_that_ended_halfway(halfway: Sandbox, ended: str) -> None:
    sandbox = halfway
    made = project_id(sandbox, "tune-staging")
    # The outputs it left, in its file: whether the engine still takes them from a program that fails is a race, and a
    # killed one left none.
    with sandbox.edited_state("staging") as latest:
        (stack,) = [resource for resource in latest["resources"] if resource["type"] == "pulumi:pulumi:Stack"]
        stack["outputs"] = {} if ended == "killed" else {"neonProjectId": made}
    with sandbox.world.transaction() as tx:
        second = neon.create_project(tx, {"name": "tune-staging"})["id"]
    (line,) = obstacles(sandbox, UP.format("staging"))
    assert line.endswith(f"already: {second}")
    with sandbox.world.transaction() as tx:
        neon.delete_project(tx, second)
    sandbox.up("staging")
    assert project_id(sandbox, "tune-staging") == made


def test_the_doctor_finds_a_sandbox_in_order(empty_standing: Sandbox) -> None:
    for wanted in ("sandbox", "production"):
        assert "Not yet" not in empty_standing.run("bin/doctor", "--for", wanted).stdout
    with_none = empty_standing.run("env", "-u", "NEON_API_KEY", "bin/doctor", "--for", "dev", check=False)
    assert (with_none.returncode, "MISSING  NEON_API_KEY is not set" in with_none.stdout) == (1, True)


def test_pages_variables_that_were_wiped_by_hand_are_named_by_up_and_doctor(standing: Sandbox) -> None:
    with standing.world.transaction() as tx:
        ((key, project),) = tx.list("cloudflare", "pages").items()
        wiped = {context: {**config, "env_vars": None} for context, config in project["deployment_configs"].items()}
        tx.put("cloudflare", "pages", key, {**project, "deployment_configs": wiped})
    said = standing.up("production")
    assert "variable PUBLIC_API_URL of previews is missing; variable PUBLIC_API_URL of production is missing" in said
    done = standing.run("bin/doctor", "--for", "production", check=False)
    assert done.returncode == 1
    assert "WRONG    Pages project tune is not as configured: variable PUBLIC_API_URL" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "file://" not in line) <= 80  # a folder's is any
