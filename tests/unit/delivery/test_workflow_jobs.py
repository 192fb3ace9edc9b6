"""The jobs of this repository's workflows, and the page that sets them up."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from infra.config.settings import Settings
from ops.drift.__main__ import STATE
from tests.unit.delivery.workflows import ACTION, OWN, WORKFLOWS, jobs_of, loaded
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_an_up_is_redacted_and_gets_its_signals() -> None:
    job = jobs_of(WORKFLOWS / "deploy-infrastructure.yml")["up"]
    assert job["steps"][-1]["run"] == 'exec bin/up "$STACK"'
    assert not [step for step in job["steps"] if "continue-on-error" in step]


@pytest.mark.parametrize(
    ("name", "job", "command"),
    [("preview.yml", "preview", "bin/comment "), ("drift.yml", "compare", "bin/comment --issue")],
)
def test_a_failure_is_reported_too_without_the_clouds_credentials(name: str, job: str, command: str) -> None:
    steps = jobs_of(WORKFLOWS / name)[job]["steps"]
    (report,) = [step for step in steps if step.get("run", "").startswith(command)]
    assert list(report["env"]) == ["GITHUB_TOKEN"]
    assert "!cancelled()" in report["if"]


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
    steps = jobs_of(WORKFLOWS / "drift.yml")["compare"]["steps"]
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
    steps = jobs_of(WORKFLOWS / "drift.yml")["compare"]["steps"]
    (kept,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert kept["with"]["path"].endswith(f"/drift/{STATE}")


def test_previews_and_the_sandbox_share_the_pull_requests_between_them() -> None:
    jobs = jobs_of(WORKFLOWS / "preview.yml")
    own, foreign = (" ".join(jobs[name]["if"].split()) for name in ("preview", "sandbox"))
    opposite = {"==": "!=", "!=": "==", "&&": "||"}
    assert foreign == re.sub(r"==|!=|&&", lambda match: opposite[match[0]], own)


@pytest.mark.parametrize("name", ["preview.yml", "drift.yml"])
@pytest.mark.parametrize(("answer", "written"), [("v1.2.3", "tag=v1.2.3\n"), ("", "tag=\n"), ("down", None)])
def test_a_repository_without_a_release_is_told_from_one_that_does_not_answer(
    tmp_path: Path, name: str, answer: str, written: str | None
) -> None:
    job = jobs_of(WORKFLOWS / name)["released"]
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
    job = jobs_of(WORKFLOWS / "drift.yml")["released"]
    assert "environment" not in job
    assert "secrets." not in str(job)
    assert job["steps"][0]["with"] == {"ref": "main", "fetch-depth": 0, "persist-credentials": False}
    assert "bin/released --on main" in job["steps"][-1]["run"]


def test_production_is_previewed_and_compared_once_it_was_released() -> None:
    """Before the first release there is no such stack, and every pull request would be red."""
    preview = jobs_of(WORKFLOWS / "preview.yml")["preview"]
    drift = jobs_of(WORKFLOWS / "drift.yml")["compare"]
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
        for name, job in jobs_of(path).items()
        if "concurrency" in job
    }
    up = groups.pop(("deploy-infrastructure.yml", "up"))
    assert {"infra-staging", "infra-production"} <= up
    for group in groups.values():
        assert not any(name.startswith("infra") for name in group)
    drift = jobs_of(WORKFLOWS / "drift.yml")["compare"]
    assert drift["concurrency"]["group"] == "drift-${{ matrix.stack }}"
    job = jobs_of(WORKFLOWS / "deploy-infrastructure.yml")["up"]
    assert job["concurrency"]["group"] == job["environment"]


def test_versions_that_belong_together_are_together(tmp_path: Path) -> None:
    engine = (ROOT / "setup" / "engine" / "go.mod").read_text()
    (pinned,) = re.findall(r"pulumi/pkg/v3 v([\d.]+)", engine)
    # What the workflow installs, found as the workflow finds it.
    (command,) = [step["run"] for step in loaded(ACTION)["runs"]["steps"] if step.get("id") == "version"]
    output = tmp_path / "output"
    subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, env=os.environ | {"GITHUB_OUTPUT": str(output)}, check=True)
    assert output.read_text() == f"pulumi={pinned}\n"


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
    assert [path.name for path in OWN if f"`{path.name}`" not in page] == []
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
    used = {str(job["environment"]) for file in OWN for job in jobs_of(file).values() if "environment" in job}
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
