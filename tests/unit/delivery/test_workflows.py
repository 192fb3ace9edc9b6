"""What holds for every workflow here, and for those that are handed to the application."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.config.settings import Settings
from ops.drift.__main__ import STATE
from ops.handoff.facts import facts
from ops.handoff.files import files
from tests.unit.program import EXAMPLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class File:
    """A workflow that `bin/handoff` would write."""

    name: str
    text: str

    def read_text(self) -> str:
        """Return it."""
        return self.text


OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
HANDED_OVER = [File(Path(name).name, text) for name, text in files(facts(EXAMPLE)).items() if name.endswith(".yml")]
ALL: list[Path | File] = [*OWN, *HANDED_OVER]
ACTION = ROOT / ".github" / "actions" / "set-up" / "action.yml"
# Whose code runs there is not known before it is merged.
UNTRUSTED = {"check.yml": {"check", "unit"}, "preview.yml": {"sandbox"}}


def _load(path: Path | File) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(path.read_text())
    return document


def _jobs(path: Path | File) -> dict[str, Any]:
    jobs: dict[str, Any] = _load(path)["jobs"]
    return jobs


def _steps(path: Path | File) -> Iterator[dict[str, Any]]:
    for job in _jobs(path).values():
        yield from job["steps"]


def _ids(path: Path | File) -> str:
    return path.name


def test_they_are_all_there() -> None:
    names = {path.name for path in OWN}
    assert names == {"audit.yml", "check.yml", "deploy-infrastructure.yml", "drift.yml", "drill.yml", "preview.yml"}


@pytest.mark.parametrize("path", [*ALL, ACTION], ids=_ids)
def test_actions_are_pinned_by_commit_with_their_release(path: Path | File) -> None:
    for line in path.read_text().splitlines():
        if "uses:" in line:
            assert re.search(r"uses: (\./\.github/[\w/-]+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+)$", line), line


def test_an_action_has_one_pin_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in [*ALL, ACTION]:
        for action, pin in re.findall(r"uses: ([\w.-]+/[\w./-]+)@(.*)", path.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert {action: len(found) for action, found in pins.items()} == dict.fromkeys(pins, 1)


@pytest.mark.parametrize("path", ALL, ids=_ids)
def test_permissions_are_least(path: Path | File) -> None:
    assert _load(path)["permissions"] == {"contents": "read"}
    writes = {
        (name, scope)
        for name, job in _jobs(path).items()
        for scope, access in job.get("permissions", {}).items()
        if access != "read"
    }
    comments = {(job, "pull-requests") for job in ("preview", "open", "close")}
    assert writes <= comments | {("deploy", "contents"), ("compare", "issues")}


@pytest.mark.parametrize("path", ALL, ids=_ids)
def test_jobs_end_and_are_never_cut_off(path: Path | File) -> None:
    for name, job in _jobs(path).items():
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


@pytest.mark.parametrize("path", ALL, ids=_ids)
def test_checkouts_leave_no_credential_behind(path: Path | File) -> None:
    for step in _steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", ALL, ids=_ids)
def test_triggers_never_run_foreign_code_with_secrets(path: Path | File) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(_load(path)[True])
    for name, job in _jobs(path).items():
        if name in UNTRUSTED.get(path.name, set()):
            assert "environment" not in job
            assert "secrets." not in str(job)
            assert "github.token" not in str(job)
            assert job.get("permissions", _load(path)["permissions"]) == {"contents": "read"}


@pytest.mark.parametrize("path", OWN, ids=_ids)
def test_secrets_are_of_an_environment_of_their_own(path: Path | File) -> None:
    for name, job in _jobs(path).items():
        if "secrets." in str(job):
            assert re.findall(r"infra-\w+", str(job["environment"])), name


@pytest.mark.parametrize("path", ALL, ids=_ids)
def test_scripts_are_short_and_hold_no_expression(path: Path | File) -> None:
    for step in _steps(path):
        command = step.get("run", "")
        assert len(command.splitlines()) <= 2, command
        assert "${{" not in command, "an expression in a script is code that somebody else may write"


@pytest.mark.parametrize("path", [*OWN, *HANDED_OVER, ACTION], ids=_ids)
def test_scripts_that_are_called_exist(path: Path | File) -> None:
    for script in re.findall(r"run: (?:exec )?(?:python3 )?((?:bin|deploy|\.ci)/[\w.-]+)", path.read_text()):
        assert (ROOT / script).exists(), script


def test_every_step_that_reaches_the_clouds_gets_the_same_credentials_once_a_workflow() -> None:
    sets = {
        path.name: [env for step in _steps(path) if "FLY_API_TOKEN" in (env := step.get("env", {}))] for path in OWN
    }
    found = {name: envs for name, envs in sets.items() if envs}
    assert {name: len(envs) for name, envs in found.items()} == dict.fromkeys(
        ("deploy-infrastructure.yml", "drift.yml", "preview.yml"), 1
    )
    assert len({tuple(sorted(envs[0].items())) for envs in found.values()}) == 1
    assert {"NEON_API_KEY", "CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN"} <= found["drift.yml"][0].keys()


def test_an_up_is_redacted_and_gets_its_signals() -> None:
    job = _jobs(ROOT / ".github/workflows/deploy-infrastructure.yml")["up"]
    assert job["steps"][-1]["run"] == 'exec bin/up "$STACK"'
    assert not [step for step in job["steps"] if "continue-on-error" in step]


def test_drift_is_written_into_an_issue_without_the_clouds_credentials() -> None:
    steps = _jobs(ROOT / ".github/workflows/drift.yml")["compare"]["steps"]
    (issue,) = [step for step in steps if step.get("run", "").startswith("bin/comment --issue")]
    assert list(issue["env"]) == ["GITHUB_TOKEN"]
    assert "!cancelled()" in issue["if"]


@pytest.mark.parametrize(
    ("stack", "ends", "code"),
    [
        ("production", {"drift": 0, "strays": 0}, 0),
        ("production", {"drift": 1, "strays": 0}, 1),
        ("production", {"drift": 0, "strays": 3}, 3),
        ("staging", {"drift": 1}, 1),
    ],
)
def test_strays_are_listed_beside_productions_drift(
    tmp_path: Path, stack: str, ends: dict[str, int], code: int
) -> None:
    steps = _jobs(ROOT / ".github/workflows/drift.yml")["compare"]["steps"]
    (script,) = [step["run"] for step in steps if "bin/strays" in step.get("run", "")]
    (tmp_path / "bin").mkdir()
    for name in ("drift", "strays"):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\necho {name} >> ran\nexit {ends.get(name)}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = {"STACK": stack, "RUNNER_TEMP": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/bash", "-e", "-c", script], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code
    assert (tmp_path / "ran").read_text().split() == [*ends]


def test_the_state_is_kept() -> None:
    steps = _jobs(ROOT / ".github/workflows/drift.yml")["compare"]["steps"]
    (kept,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert kept["with"]["path"].endswith(f"/drift/{STATE}")


@pytest.mark.parametrize("path", [*ALL, ACTION], ids=_ids)
def test_what_pulumi_prints_goes_into_no_comment_and_no_summary(path: Path | File) -> None:
    """The action writes it as it is; `bin/comment` and `bin/drift` redact."""
    document = _load(path)
    for step in _steps(path) if "jobs" in document else document["runs"]["steps"]:
        if step.get("uses", "").startswith("pulumi/actions@"):
            assert step["with"].keys() == {"pulumi-version"}


def test_previews_and_the_sandbox_share_the_pull_requests_between_them() -> None:
    jobs = _jobs(ROOT / ".github/workflows/preview.yml")
    own, foreign = (" ".join(jobs[name]["if"].split()) for name in ("preview", "sandbox"))
    opposite = {"==": "!=", "!=": "==", "&&": "||"}
    assert foreign == re.sub(r"==|!=|&&", lambda match: opposite[match[0]], own)


@pytest.mark.parametrize("path", [*ALL, ACTION], ids=_ids)
def test_no_engine_log_is_asked_for_or_kept(path: Path | File) -> None:
    """They hold secrets in clear: docs/delivery.md."""
    document = _load(path)
    steps = list(_steps(path)) if "jobs" in document else document["runs"]["steps"]
    for step in steps:
        assert "upload" not in step.get("uses", "") or step["with"]["path"].endswith(f"/drift/{STATE}")
        said = f"{step.get('run', '')} {step.get('with', '')}"
        assert not re.search(
            r"(?<![\w-])-v\b|--(verbose|logtostderr|logflow|debug)|'(debug|log-)|pulumi .*--json", said
        )
    assert not re.search(r"ACTIONS_STEP_DEBUG|PULUMI_\w*(LOG|DEBUG|TRACE)", path.read_text())


def test_a_failed_preview_is_told_too() -> None:
    steps = _jobs(ROOT / ".github/workflows/preview.yml")["preview"]["steps"]
    assert steps[-1]["if"] == "!cancelled()"
    assert steps[-1]["run"].startswith("bin/comment ")
    assert list(steps[-1]["env"]) == ["GITHUB_TOKEN"]


@pytest.mark.parametrize("name", ["preview.yml", "drift.yml"])
@pytest.mark.parametrize(("answer", "written"), [("v1.2.3", "tag=v1.2.3\n"), ("", "tag=\n"), ("down", None)])
def test_a_repository_without_a_release_is_told_from_one_that_does_not_answer(
    tmp_path: Path, name: str, answer: str, written: str | None
) -> None:
    job = _jobs(ROOT / ".github" / "workflows" / name)["released"]
    step = job["steps"][-1]
    assert job["outputs"] == {"tag": f"${{{{ steps.{step['id']}.outputs.tag }}}}"}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/released").write_text('#!/bin/sh\n[ "$ANSWER" != down ] && echo "$ANSWER"\n')
    (tmp_path / "bin/released").chmod(0o755)
    output = tmp_path / "output"
    environment = {"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(output), "ANSWER": answer}
    # As a runner runs what names no shell.
    done = subprocess.run(["/bin/sh", "-e", "-c", step["run"]], env=environment, cwd=tmp_path, check=False)
    assert (done.returncode == 0) == (written is not None)
    assert (output.read_text() if output.exists() else None) == written


def test_a_release_that_is_compared_with_secrets_was_merged() -> None:
    """A tag is chosen by whoever may write; the job that checks it holds no secret."""
    job = _jobs(ROOT / ".github/workflows/drift.yml")["released"]
    assert "environment" not in job
    assert "secrets." not in str(job)
    assert job["steps"][0]["with"] == {"ref": "main", "fetch-depth": 0, "persist-credentials": False}
    assert "bin/released --on main" in job["steps"][-1]["run"]


@pytest.mark.parametrize(
    "path", [file for file in ALL if file.name in {"deploy-infrastructure.yml", "deploy-production.yml"}], ids=_ids
)
def test_a_pre_release_goes_nowhere(path: Path | File) -> None:
    assert _load(path)[True]["release"] == {"types": ["released"]}
    for name, job in _jobs(path).items():
        guard = "github.event_name != 'release' || !github.event.release.prerelease"
        assert job.get("if") == guard or job.get("needs"), name


def test_production_is_previewed_and_compared_once_it_was_released() -> None:
    """Before the first release there is no such stack, and every pull request would be red."""
    preview = _jobs(ROOT / ".github/workflows/preview.yml")["preview"]
    drift = _jobs(ROOT / ".github/workflows/drift.yml")["compare"]
    assert preview["needs"] == drift["needs"] == "released"
    chosen = re.fullmatch(
        r"\$\{\{ fromJSON\(needs\.released\.outputs\.tag == '' && '(.*)' \|\| '(.*)'\) \}\}",
        preview["strategy"]["matrix"]["stack"],
    )
    assert chosen is not None
    assert [yaml.safe_load(stacks) for stacks in chosen.groups()] == [["staging"], ["staging", "production"]]
    refs = {entry["stack"]: entry["ref"] for entry in drift["strategy"]["matrix"]["include"]}
    assert refs == {"staging": "main", "production": "${{ needs.released.outputs.tag }}"}
    assert all(step["if"].startswith("matrix.ref != ''") for step in drift["steps"])


def test_only_an_up_can_push_a_waiting_up_out() -> None:
    """GitHub keeps one job waiting in a group, the newest, and cancels what waited before."""
    groups = {
        (path.name, name): {job["concurrency"]["group"], *re.findall(r"'([\w-]+)'", job["concurrency"]["group"])}
        for path in OWN
        for name, job in _jobs(path).items()
        if "concurrency" in job
    }
    up = groups.pop(("deploy-infrastructure.yml", "up"))
    assert {"infra-staging", "infra-production"} <= up
    for group in groups.values():
        assert not any(name.startswith("infra") for name in group)
    drift = _jobs(ROOT / ".github/workflows/drift.yml")["compare"]
    assert drift["concurrency"]["group"] == "drift-${{ matrix.stack }}"
    job = _jobs(ROOT / ".github/workflows/deploy-infrastructure.yml")["up"]
    assert job["concurrency"]["group"] == job["environment"]


def test_versions_that_belong_together_are_together(tmp_path: Path) -> None:
    engine = (ROOT / "setup" / "engine" / "go.mod").read_text()
    (pinned,) = re.findall(r"pulumi/pkg/v3 v([\d.]+)", engine)
    # What the workflow installs, found as the workflow finds it.
    (command,) = [step["run"] for step in _load(ACTION)["runs"]["steps"] if step.get("id") == "version"]
    output = tmp_path / "output"
    subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, env=os.environ | {"GITHUB_OUTPUT": str(output)}, check=True)
    assert output.read_text() == f"pulumi={pinned}\n"


def test_dependabot_looks_after_everything_that_is_pinned() -> None:
    updates = {entry["package-ecosystem"]: entry for entry in _load(ROOT / ".github/dependabot.yml")["updates"]}
    assert updates.keys() == {"pip", "gomod", "github-actions"}
    modules = {
        "/" + str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/*/go.mod") if ".venv" not in path.parts
    }
    assert set(updates["gomod"]["directories"]) == modules


def test_the_bootstrap_names_every_secret_variable_and_environment() -> None:
    documented = (ROOT / "docs" / "delivery.md").read_text()
    text = "".join(path.read_text() for path in OWN)
    used = set(re.findall(r"(?:secrets|vars)\.(\w+)", text)) | set(
        re.findall(r"infra-(?:preview|drift|staging|production)", text)
    )
    assert len(used) == 14
    for name in used:
        assert name in documented, name
    for path in OWN:
        assert f"`{path.name}`" in documented


# Keeps what it is told; refuses what the page does not tell it.
GH = """\
#!/bin/sh
case "$1 $2" in
    "api --silent") case "$*" in *"--input -") set -- "$@" "$(cat)" ;; esac ;;
    "secret set" | "variable set" | "config set") ;;
    *) echo "the stand-in was not told of: gh $*" >&2; exit 99 ;;
esac
echo "$*" >> "$GH_TOLD"
"""


def test_the_page_is_followed_and_makes_each_environment_with_its_rule_and_its_secrets(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "delivery.md").read_text()
    script = "".join(re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "bin").mkdir()
    tools = set(re.findall(r"bin/[\w-]+", script))
    assert all((ROOT / tool).is_file() for tool in tools)
    for name in ("gh", "pulumi", *tools):
        (tmp_path / name).write_text(GH if name in {"gh", "pulumi"} else '#!/bin/sh\necho "$0 $*" >> "$GH_TOLD"\n')
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GH_TOLD": str(tmp_path / "told")}
    subprocess.run(["/bin/sh", "-eu", "-c", script], env=environment, check=True, cwd=tmp_path)
    told = (tmp_path / "told").read_text()
    keys = re.findall(r"^config set --secret (?:--path )?(\w+)\S* -s production$", told, re.MULTILINE)
    assert keys == ["neonRestoreKey", "githubSecrets"]
    assert {field.alias for field in Settings.model_fields.values()} >= set(keys)
    tried = re.findall(r"^(bin/\S+) (.*)$", told, re.MULTILINE)
    assert [tool for tool, _ in tried] == ["bin/sandbox"] * 3 + ["bin/preview-in-sandbox"]
    assert [words.split()[0] for tool, words in tried[:3]] == ["bin/preview", "bin/comment", "bin/drift"]

    path = "repos/{owner}/{repo}/environments/"
    made = dict(re.findall(rf"--method PUT {path}(\S+) --input - (.*)$", told, re.MULTILINE))
    used = {str(job["environment"]) for file in OWN for job in _jobs(file).values() if "environment" in job}
    assert made.keys() == set(re.findall(r"infra-\w+", " ".join(used)))
    one_ref = [name for name, rule in made.items() if '"custom_branch_policies": true' in rule]
    policies = re.findall(rf"--method POST {path}(\S+)/deployment-branch-policies -f name=(\S+) -f type=(\w+)", told)
    assert {name: (ref, kind) for name, ref, kind in policies} == {
        "infra-drift": ("main", "branch"),
        "infra-staging": ("main", "branch"),
        "infra-production": ("v*", "tag"),
    }
    assert sorted(one_ref) == sorted(name for name, _, _ in policies)
    text = "".join(file.read_text() for file in OWN)
    for kind, names in (
        ("secret", set(re.findall(r"secrets\.(\w+)", text)) - {"PULUMI_ACCESS_TOKEN"}),
        ("variable", set(re.findall(r"vars\.(\w+)", text)) - {"DRILL_TABLES"}),
    ):
        given = re.findall(rf"^{kind} set (\w+) --env (\S+)$", told, re.MULTILINE)
        assert sorted(given) == sorted((name, place) for name in names for place in made)


def test_unit_tests_run_on_every_python_that_is_supported() -> None:
    job = _jobs(ROOT / ".github/workflows/check.yml")["unit"]
    tried = job["strategy"]["matrix"]["python"]
    asked = re.search(r"for python in .*? python3((?: python3\.\d+)+);", (ROOT / "bin" / "setup").read_text())
    assert asked is not None
    assert [f"python{version}" for version in reversed(tried)] == asked[1].split()
    (set_up,) = [step for step in job["steps"] if "set-up" in step.get("uses", "")]
    assert set_up["with"]["python"] == "${{ matrix.python }}"
