"""What a workflow runs, through the real engine: preview, comment, drift, and a fork's preview in the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sandbox.engine.locate import BUILT
from tests.engine.conftest import ROOT, TIMEOUT
from tests.engine.test_environments import up

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Sandbox

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


def test_a_preview_is_told_without_one_secret(sandbox: Sandbox, tmp_path: Path) -> None:
    for key in ("logfireToken", "flyDeployToken"):
        sandbox.config_set("staging", key, CANARY, secret=True)
    sandbox.config_set("staging", "extraSecrets.EXTRA", CANARY, secret=True, path=True)
    assert "to create" in _comment(sandbox, "staging", tmp_path / "new")
    up(sandbox, "staging")
    assert "no changes" in _comment(sandbox, "staging", tmp_path / "same")
    sandbox.config_set("staging", "logfireToken", CANARY[::-1], secret=True)
    sandbox.config_set("staging", "manage", '["database", "backend"]')
    sandbox.config_set("staging", "unprotect", "true")
    sandbox.config_set("staging", "neonRegion", "aws-us-east-1")
    changed = _comment(sandbox, "staging", tmp_path / "changed")
    for words in ("**replace** Neon project", "**delete** GitHub", "update Fly secrets"):
        assert words in changed
    told = "".join(_comment(sandbox, "staging", tmp_path / name) for name in ("changed", "again"))
    for secret in _secrets(sandbox) | {CANARY[::-1]}:
        assert secret not in told


def test_a_program_that_gives_a_secret_away_is_told_without_it(checkout: Sandbox, tmp_path: Path) -> None:
    checkout.config_set("staging", "logfireToken", CANARY, secret=True)
    (checkout.project / "__main__.py").unlink()
    (checkout.project / "__main__.py").write_text(
        "import sys, pulumi\n"
        "token = pulumi.Config('relay').require('logfireToken')\n"
        "print('Traceback: KeyboardInterrupt', token, file=sys.stderr)\n"
        "pulumi.log.warn(f'postgresql+psycopg://owner:npg_{token}@host/db')\n"
        "raise ValueError('FlyV1 fm2_abcdefghijklmnop,fm2_qrstuvwxyz ' + token)\n"
    )
    told = _comment(checkout, "staging", tmp_path / "found", code=1)
    assert "ValueError" in told
    assert "preview failed" in told
    for given_away in (CANARY, "KeyboardInterrupt", "fm2_", "npg_"):
        assert given_away not in told


def test_drift_is_told_with_the_command_that_mends_it(standing: Sandbox) -> None:
    assert "no changes" in standing.run(DRIFT, "staging").stdout
    with standing.world.transaction() as tx:
        (key,) = [key for key, project in tx.list("neon", "project").items() if project["name"] == "tune-staging"]
        project = tx.get("neon", "project", key) or {}
        tx.put("neon", "project", key, project | {"history_retention_seconds": 3600})
    done = standing.run(DRIFT, "staging", check=False)
    assert done.returncode == 1
    assert "update Neon project `neon-project`: `historyRetentionSeconds` `3600` → `21600`" in done.stdout
    assert "pulumi up --refresh -s staging" in done.stdout
    # A look changes nothing, and the command mends it.
    assert standing.run(DRIFT, "staging", check=False).returncode == 1
    standing.pulumi("up", "--refresh", "--stack", "staging", "--yes", "--skip-preview")
    assert standing.run(DRIFT, "staging").returncode == 0


def test_a_token_that_ends_soon_is_told(standing: Sandbox) -> None:
    standing.config_set("staging", "mintDeployToken", "true")
    standing.config_set("staging", "deployTokenHours", "240")
    up(standing, "staging")
    done = standing.run(DRIFT, "staging")
    end = datetime.now(UTC) + timedelta(hours=240)
    assert "::warning title=A credential of staging ends soon::deploy-token" in done.stdout
    assert f"ends on {end:%Y-%m-%d}" in done.stdout


def test_drift_of_a_stack_that_cannot_be_looked_at_fails(sandbox: Sandbox) -> None:
    done = sandbox.run(DRIFT, "nowhere", check=False)
    assert done.returncode == 1
    assert "no stack named" in done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of this tree, with the example's configuration, whose commit is the base of a pull request."""
    folder = tmp_path / "repository"
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


def test_a_forks_preview_shows_what_the_pull_request_changes_and_no_more(repository: Path) -> None:
    path = repository / "Pulumi.staging.yaml"
    path.write_text(path.read_text() + "  relay:historyRetentionSeconds: 3600\n")
    _commit(repository, "head")
    done = _fork_preview(repository, "staging", "production")
    assert done.returncode == 0, done.stderr
    staging, production = done.stdout.split("### ")[1:]
    assert staging.startswith("`staging` in the sandbox: 1 to update")
    assert "`historyRetentionSeconds` `21600` → `3600`" in staging
    assert "cannot show how that differs from the live state" in staging
    assert production.startswith("`production` in the sandbox: no changes")
    assert _git(repository, "worktree", "list").count("\n") == 0


def test_a_forks_mistake_fails_and_is_told(repository: Path) -> None:
    path = repository / "Pulumi.staging.yaml"
    path.write_text(path.read_text() + "  relay:flyRegoin: ams\n")
    _commit(repository, "head")
    done = _fork_preview(repository, "staging")
    assert done.returncode == 1
    assert "flyRegoin is not a configuration key; did you mean flyRegion?" in done.stdout


def test_a_forks_new_stack_is_new_as_a_whole(repository: Path) -> None:
    text = (repository / "Pulumi.staging.yaml").read_text()
    (repository / "Pulumi.qa.yaml").write_text(
        text.replace("tune-api-staging", "tune-api-qa").replace("tune-staging", "tune-qa")
    )
    _commit(repository, "head")
    done = _fork_preview(repository, "qa")
    assert done.returncode == 0, done.stderr
    assert "no such stack" in done.stderr
    assert "to create" in done.stdout


def test_drift_is_told_in_the_jobs_summary_too(standing: Sandbox, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    printed = standing.run("env", f"GITHUB_STEP_SUMMARY={summary}", DRIFT, "staging").stdout
    assert summary.read_text() == f"before\n{printed}"
    assert printed.startswith("### `staging`: no changes")
