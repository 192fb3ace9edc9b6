"""Rules for every workflow here, and for those that are handed to the application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ops.drift.__main__ import STATE
from tests.unit.delivery.workflows import (
    ACTION,
    ALL,
    OWN,
    WORKFLOWS,
    File,
    jobs_of,
    loaded,
    name_of,
    steps_of,
)
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Whose code runs there is not known before it is merged.
UNTRUSTED = {"check.yml": {"check", "unit"}, "preview.yml": {"sandbox"}}


def test_actions_are_pinned_by_commit_with_their_release() -> None:
    for line in (line for path in [*ALL, ACTION] for line in path.read_text().splitlines()):
        if "uses:" in line:
            assert re.search(r"uses: (\./\.github/[\w/-]+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+)$", line), line


def test_an_action_has_one_pin_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in [*ALL, ACTION]:
        for action, pin in re.findall(r"uses: ([\w.-]+/[\w./-]+)@(.*)", path.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert {action: len(found) for action, found in pins.items()} == dict.fromkeys(pins, 1)


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_permissions_are_least(path: Path | File) -> None:
    assert loaded(path)["permissions"] == {"contents": "read"}
    writes = {
        (name, scope)
        for name, job in jobs_of(path).items()
        for scope, access in job.get("permissions", {}).items()
        if access != "read"
    }
    comments = {(job, "pull-requests") for job in ("preview", "open", "close")}
    assert writes <= comments | {("deploy", "contents"), ("compare", "issues")}


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_jobs_end_and_are_never_cut_off(path: Path | File) -> None:
    for name, job in jobs_of(path).items():
        assert 5 <= job["timeout-minutes"] <= 180, name
        if name != "released":  # it reads, and holds nothing
            assert job["concurrency"]["cancel-in-progress"] is False, name
            assert job["concurrency"]["group"], name
        systems = [job["runs-on"]]
        if systems == ["${{ matrix.system }}"]:
            matrix = job["strategy"]["matrix"]
            systems = [*matrix["system"], *(one["system"] for one in matrix["include"])]
        for system in systems:
            assert re.fullmatch(r"[a-z]+-[\d.]+", system), name


def test_checkouts_leave_no_credential_behind() -> None:
    for path in ALL:
        for step in steps_of(path):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, path.name


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_triggers_never_run_foreign_code_with_secrets(path: Path | File) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(loaded(path)[True])
    for name, job in jobs_of(path).items():
        if name in UNTRUSTED.get(path.name, set()):
            assert "environment" not in job
            assert "secrets." not in str(job)
            assert "github.token" not in str(job)
            assert job.get("permissions", loaded(path)["permissions"]) == {"contents": "read"}


def test_secrets_are_of_an_environment_of_their_own() -> None:
    for name, job in (job for path in OWN for job in jobs_of(path).items()):
        if "secrets." in str(job):
            assert re.findall(r"infra-\w+", str(job["environment"])), name


def test_scripts_are_short_and_hold_no_expression() -> None:
    for command in (step.get("run", "") for path in ALL for step in steps_of(path)):
        assert len(command.splitlines()) <= 2, command
        assert "${{" not in command, "an expression in a script is code that somebody else may write"


def test_scripts_that_are_called_exist() -> None:
    texts = "".join(path.read_text() for path in [*ALL, ACTION])
    for script in re.findall(r"run: (?:exec )?(?:python3 )?((?:bin|deploy|\.ci)/[\w.-]+)", texts):
        assert (ROOT / script).exists(), script


def test_every_step_that_reaches_the_clouds_gets_the_same_credentials_once_a_workflow() -> None:
    sets = {
        path.name: [env for step in steps_of(path) if "FLY_API_TOKEN" in (env := step.get("env", {}))] for path in OWN
    }
    found = {name: envs for name, envs in sets.items() if envs}
    assert {name: len(envs) for name, envs in found.items()} == dict.fromkeys(
        ("deploy-infrastructure.yml", "drift.yml", "preview.yml"), 1
    )
    assert len({tuple(sorted(envs[0].items())) for envs in found.values()}) == 1
    assert {"NEON_API_KEY", "CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN"} <= found["drift.yml"][0].keys()


def test_what_pulumi_prints_goes_into_no_comment_and_no_summary() -> None:
    """The action writes it as it is; `bin/comment` and `bin/drift` redact."""
    for step in (step for path in [*ALL, ACTION] for step in steps_of(path)):
        if step.get("uses", "").startswith("pulumi/actions@"):
            assert step["with"].keys() == {"pulumi-version"}


def test_no_engine_log_is_asked_for_or_kept() -> None:
    """They hold secrets in clear: docs/delivery.md."""
    for path in [*ALL, ACTION]:
        assert not re.search(r"ACTIONS_STEP_DEBUG|PULUMI_\w*(LOG|DEBUG|TRACE)", path.read_text()), path.name
        for step in steps_of(path):
            assert "upload" not in step.get("uses", "") or step["with"]["path"].endswith(f"/drift/{STATE}")
            said = f"{step.get('run', '')} {step.get('with', '')}"
            logs = r"(?<![\w-])-v\b|--(verbose|logtostderr|logflow|debug)|'(debug|log-)|pulumi .*--json"
            assert not re.search(logs, said), said


@pytest.mark.parametrize(
    "path", [file for file in ALL if file.name in {"deploy-infrastructure.yml", "deploy-production.yml"}], ids=name_of
)
def test_a_pre_release_goes_nowhere(path: Path | File) -> None:
    assert loaded(path)[True]["release"] == {"types": ["released"]}
    for name, job in jobs_of(path).items():
        guard = "github.event_name != 'release' || !github.event.release.prerelease"
        assert job.get("if") == guard or job.get("needs"), name


def test_dependabot_looks_after_everything_that_is_pinned() -> None:
    updates = {entry["package-ecosystem"]: entry for entry in loaded(ROOT / ".github/dependabot.yml")["updates"]}
    assert updates.keys() == {"pip", "gomod", "github-actions"}
    modules = {
        "/" + str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/*/go.mod") if ".venv" not in path.parts
    }
    assert set(updates["gomod"]["directories"]) == modules


def test_unit_tests_run_on_every_python_that_is_supported() -> None:
    job = jobs_of(WORKFLOWS / "check.yml")["unit"]
    tried = job["strategy"]["matrix"]["python"]
    asked = re.search(r"for python in .*? python3((?: python3\.\d+)+);", (ROOT / "bin" / "setup").read_text())
    assert asked is not None
    assert [f"python{version}" for version in reversed(tried)] == asked[1].split()
    (set_up,) = [step for step in job["steps"] if "set-up" in step.get("uses", "")]
    assert set_up["with"]["python"] == "${{ matrix.python }}"
