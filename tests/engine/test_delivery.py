"""Run what workflows run through the real engine: preview, comment, drift, and a fork's preview in the sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from setup.engine.locate import BUILT
from tests.engine.clouds import objects, project_id, put
from tests.engine.sandboxes import ROOT, TIMEOUT, own_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Once
    from tests.engine.sandboxes import Sandbox

PREVIEW, COMMENT, DRIFT = (str(ROOT / "bin" / name) for name in ("preview", "comment", "drift"))
CANARY = "Canary0123456789abcdefghijklmnop"


def _comment(sandbox: Sandbox, stack: str, folder: Path, *, code: int = 0) -> str:
    assert sandbox.run(PREVIEW, stack, str(folder), check=False).returncode == code
    return sandbox.run(COMMENT, stack, str(folder)).stdout


def _secrets(sandbox: Sandbox) -> set[str]:
    """Return every secret value there is: set by hand, made by a cloud, or made here and kept in a state."""
    found = {CANARY}
    with sandbox.world.transaction() as tx:
        found |= {secret["value"] for secret in tx.list("fly", "secret").values() if len(secret["value"]) > 20}
        found |= {project["password"] for project in tx.list("neon", "project").values()}
    return {value for value in found if not value.startswith(("http", "^http"))}


def test_a_previews_comment_holds_no_secret(sandbox: Sandbox, tmp_path: Path) -> None:
    given = ("logfireToken", "flyDeployToken", "extraSecrets.EXTRA")
    sandbox.pulumi("config", "set-all", "--stack", "staging", "--path", *(f"--secret={key}={CANARY}" for key in given))
    new = _comment(sandbox, "staging", tmp_path / "new")
    assert "to create" in new
    sandbox.up("staging")
    sandbox.config_set("staging", "logfireToken", CANARY[::-1], secret=True)
    with sandbox.settings("staging") as settings:
        settings["relay:manage"] = ["database", "backend"]
        del settings["relay:flyDeployToken"]
        settings |= {"relay:unprotect": True, "relay:neonRegion": "aws-us-east-1"}
    changed = _comment(sandbox, "staging", tmp_path / "changed")
    for words in ("**replace** Neon project", "**delete** GitHub environment", "update secrets of a Fly app"):
        assert words in changed
    for secret in _secrets(sandbox) | {CANARY[::-1]}:
        assert secret not in new + changed


def test_a_comment_holds_no_secret_that_the_program_prints(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.config_set("staging", "logfireToken", CANARY, secret=True)
    own_program(
        sandbox,
        "import sys, pulumi\n"
        "token = pulumi.Config('relay').require('logfireToken')\n"
        "print('Traceback: KeyboardInterrupt', token, file=sys.stderr)\n"
        "pulumi.log.warn(f'postgresql+psycopg://owner:npg_{token}@host/db')\n"
        "raise ValueError('FlyV1 fm2_abcdefghijklmnop,fm2_qrstuvwxyz ' + token)\n",
    )
    told = _comment(sandbox, "staging", tmp_path / "found", code=1)
    assert "ValueError" in told
    assert "preview failed" in told
    for given_away in (CANARY, "KeyboardInterrupt", "fm2_", "npg_"):
        assert given_away not in told


def test_drift_names_the_command_that_reverts_it_and_a_token_that_ends_soon(standing: Sandbox, tmp_path: Path) -> None:
    put(standing, "neon", "project", project_id(standing, "tune-staging"), history_retention_seconds=3600)
    before = standing.state("staging"), objects(standing)
    done = standing.run(DRIFT, "staging", check=False)
    assert done.returncode == 1
    assert "update Neon project `neon-project`: `historyRetentionSeconds` `3600` → `21600`" in done.stdout
    assert "pulumi up --refresh -s staging" in done.stdout
    # A look changes nothing, and the command mends it.
    assert (standing.state("staging"), objects(standing)) == before
    with standing.settings("staging") as settings:
        settings |= {"relay:mintDeployToken": True, "relay:deployTokenHours": 240}
    standing.up("staging", "--refresh")
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    printed = standing.run("env", f"GITHUB_STEP_SUMMARY={summary}", DRIFT, "staging").stdout
    assert printed.startswith("### `staging`: no changes")
    # A job's summary has what is printed.
    assert summary.read_text() == f"before\n{printed}"
    end = datetime.now(UTC) + timedelta(hours=240)
    assert "**Credentials that end soon**\n\n```text\ndeploy-token" in printed
    assert f"ends on {end:%Y-%m-%d}" in printed


def _repository(folder: Path) -> Path:
    """Make a clone of this tree, with the example's configuration, whose commit is the base of a pull request."""
    folder = folder / "repository"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for path in (ROOT / "tests" / "example").glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    _git(folder, "init", "--quiet")
    _commit(folder, "base")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / ".sandbox").mkdir()
    if BUILT.exists():  # with an official CLI there is none
        (folder / ".sandbox" / "engine").symlink_to(BUILT)
    return folder


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    done = subprocess.run(
        ["git", *identity, *arguments],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", message)


def _fork_preview(folder: Path, *stacks: str) -> subprocess.CompletedProcess[str]:
    summary = folder.parent / "summary.md"
    environment = {k: v for k, v in os.environ.items() if k != "RELAY_SANDBOX"}
    done = subprocess.run(
        [folder / "bin" / "preview-in-sandbox", _git(folder, "rev-list", "--max-parents=0", "HEAD"), *stacks],
        env=environment | {"GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(folder.parent)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, summary.read_text(), done.stderr)


@dataclass(frozen=True)
class Told:
    """The output of a preview of a fork's pull request that changes staging, adds `qa` and has a mistake in dev.

    Attributes:
        by_stack: The part of the job's summary about each stack.
        errors: What was written to the job's log.
        left: How many worktrees it left behind.
    """

    by_stack: dict[str, str]
    errors: str
    left: int


@pytest.fixture(scope="session")
def forks_preview(once: Once) -> Told:
    """Such a preview, run once."""

    def fill(folder: Path) -> None:
        repository = _repository(folder)
        path = repository / "Pulumi.staging.yaml"
        text = path.read_text()
        path.write_text(text + "  relay:historyRetentionSeconds: 3600\n")
        (repository / "Pulumi.qa.yaml").write_text(
            text.replace("tune-api-staging", "tune-api-qa").replace("tune-staging", "tune-qa")
        )
        with (repository / "Pulumi.dev.yaml").open("a") as file:
            file.write("  relay:flyRegoin: ams\n")
        _commit(repository, "head")
        done = _fork_preview(repository, "staging", "dev", "qa")
        assert done.returncode == 1, done.stderr
        parts = done.stdout.split("### ")[1:]
        told = {
            "by_stack": dict(zip(("staging", "dev", "qa"), parts, strict=True)),
            "errors": done.stderr,
            "left": _git(repository, "worktree", "list").count("\n"),
        }
        (folder / "told.json").write_text(json.dumps(told))

    return Told(**json.loads((once("forks-preview", fill) / "told.json").read_text()))


def test_a_forks_preview_shows_the_changes_of_the_pull_request_alone(forks_preview: Told) -> None:
    staging = forks_preview.by_stack["staging"]
    assert staging.startswith("`staging` in the sandbox: 1 to update")
    assert "`historyRetentionSeconds` `21600` → `3600`" in staging
    assert "cannot show the difference from the live state" in staging
    assert forks_preview.left == 0


def test_a_mistake_of_a_fork_fails_with_its_message(forks_preview: Told) -> None:
    expected = "flyRegoin is not a configuration key; did you mean flyRegion?"
    assert expected in forks_preview.by_stack["dev"]


def test_a_forks_new_stack_is_new_as_a_whole(forks_preview: Told) -> None:
    assert "qa: there is no such stack" in forks_preview.errors
    told = forks_preview.by_stack["qa"]
    assert "to create" in told
    assert not re.search("to (update|replace|delete|import)", told)
