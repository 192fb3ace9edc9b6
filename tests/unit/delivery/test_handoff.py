"""deploy/ says what the settings say: names, addresses, rules; and nothing in it is shadowed by a secret."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from ops.handoff import __main__ as handoff
from tests.unit import quick_yaml
from tests.unit.program import EXAMPLE, ROOT, ran

if TYPE_CHECKING:
    from pathlib import Path

FLY = {"production": "fly.toml", "staging": "fly.staging.toml"}
WORKFLOWS = {"production": "deploy-production.yml", "staging": "deploy-backend.yml"}


def _written(folder: Path, changes: dict[str, dict[str, Any]] | None = None) -> dict[str, str]:
    """Return what is written for the example's configuration, with changes by stack."""
    for path in EXAMPLE.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    for stack, own in (changes or {}).items():
        path = folder / f"Pulumi.{stack}.yaml"
        document = quick_yaml.load(path.read_text())
        document["config"] |= {f"relay:{key}": value for key, value in own.items()}
        path.write_text(quick_yaml.dump(document))
    return handoff.files(handoff.facts(folder))


def _jobs(text: str) -> dict[str, Any]:
    jobs: dict[str, Any] = quick_yaml.load(text)["jobs"]
    return jobs


def _commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_committed_files_are_what_their_facts_say() -> None:
    facts = json.loads((ROOT / "deploy" / handoff.FACTS_FILE).read_text())
    for name, text in handoff.files(facts).items():
        assert (ROOT / "deploy" / name).read_text() == text, f"deploy/{name} was edited by hand: run `bin/handoff`"
    own = {path.name for path in (ROOT / "deploy").iterdir() if path.is_file()}
    assert own == {*handoff.files(facts), "release.py"}


def test_a_team_writes_its_own_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The stack files as they are committed, whatever a team wrote into them.
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    assert handoff.main(["--check"], tmp_path) == 1
    assert "run `bin/handoff`" in capsys.readouterr().err
    assert handoff.main([], tmp_path) == 0
    assert handoff.main(["--check"], tmp_path) == 0
    assert "wrote" in capsys.readouterr().out
    assert handoff.main([], tmp_path) == 0
    assert "wrote" not in capsys.readouterr().out
    path = tmp_path / "Pulumi.staging.yaml"
    path.write_text(re.sub(r"relay:flyApp: .*", "relay:flyApp: another-app", path.read_text()))
    assert handoff.main(["--check"], tmp_path) == 1
    assert "deploy/fly.staging.toml" in capsys.readouterr().err


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_fly_files(tmp_path: Path, stack: str) -> None:
    fly = tomllib.loads(_written(tmp_path)[FLY[stack]])
    outputs = ran(stack).outputs
    assert fly["app"] == outputs["flyApp"]
    assert outputs["apiUrl"] == f"https://{fly['app']}.fly.dev"
    assert fly["primary_region"] == outputs["flyRegion"] == "ams"
    assert fly["env"] == {"PORT": "8000", **outputs["flyEnv"]}
    assert fly["deploy"] == {"release_command": "uv run alembic upgrade head"}
    assert (fly["http_service"]["internal_port"], fly["http_service"]["force_https"]) == (8000, True)
    assert fly["vm"] == [{"size": "shared-cpu-1x", "memory": "1gb"}]


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_no_env_key_is_shadowed_by_a_secret(tmp_path: Path, stack: str) -> None:
    env = tomllib.loads(_written(tmp_path)[FLY[stack]])["env"]
    secrets = ran(stack, {"adopt": None, "logfireToken": "pylf_x"}).one("fly-secrets").inputs["values"]
    assert not env.keys() & secrets.keys()


@pytest.mark.parametrize("stack", ["production", "staging"])
@pytest.mark.parametrize("scope", ["environment", "repository"])
def test_workflows_use_what_is_provisioned(tmp_path: Path, stack: str, scope: str) -> None:
    own = {"githubScope": scope}
    text = _written(tmp_path, {stack: own})[WORKFLOWS[stack]]
    more = {"flyDeployToken": "FlyV1 fm2_given", "neonRestoreKey": "napi_given"}
    run = ran(stack, own | more)
    provisioned = {kind: {r.inputs[key] for r in run.resources if key in r.inputs} for kind, key in KINDS.items()}
    used = {kind: set(re.findall(rf"\b{kind}\.(\w+)", text)) for kind in KINDS}
    assert used["vars"] <= provisioned["vars"]
    assert used["secrets"] <= provisioned["secrets"]
    environments = {job.get("environment") for job in _jobs(text).values()} - {None}
    assert environments == ({run.one("github-environment").inputs["environment"]} if scope == "environment" else set())


KINDS = {"vars": "variableName", "secrets": "secretName"}


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_a_deployment_waits_names_its_app_and_looks_at_the_api(tmp_path: Path, stack: str) -> None:
    job = _jobs(_written(tmp_path)[WORKFLOWS[stack]])["backend"]
    commands = _commands(job)
    wait, deploy = commands[0], next(c for c in commands if c.startswith("flyctl deploy"))
    workflow = wait.removeprefix("python3 deploy/release.py wait ")
    assert (ROOT / ".github" / "workflows" / workflow).is_file()
    assert f"--config {FLY[stack]} " in deploy
    assert '-a "${FLY_APP' in deploy
    assert commands[-1] == 'python3 deploy/release.py answers "${API_URL:?is not provisioned}/docs"'
    for command, name in ((deploy, "FLY_APP"), (commands[-1], "API_URL")):
        done = subprocess.run(["/bin/sh", "-c", command], env={}, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert f"{name}: is not provisioned" in done.stderr


def test_triggers(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"staging": {"mainBranch": "trunk"}, "production": {"pagesBuild": {"rootDir": "web"}}}
    files = _written(tmp_path, changes)
    staging, production = (quick_yaml.load(files[WORKFLOWS[stack]])[True] for stack in ("staging", "production"))
    assert staging["push"] == {"branches": ["trunk"], "paths-ignore": ["web/**", "**.md"]}
    assert production["release"] == {"types": ["released"]}
    assert "workflow_dispatch" in production


def test_a_restore_point_comes_before_the_deployment_and_only_with_a_key(tmp_path: Path) -> None:
    steps = _jobs(_written(tmp_path)[WORKFLOWS["production"]])["backend"]["steps"]
    commands = [step.get("run", "") for step in steps]
    point = next(n for n, command in enumerate(commands) if "restore-point" in command)
    assert point < next(n for n, command in enumerate(commands) if command.startswith("flyctl deploy"))
    assert steps[point]["if"] == "env.NEON_PROJECT_ID != ''"
    assert list(steps[point]["env"]) == ["NEON_API_KEY"]


def test_a_release_branch_is_moved_forward_only_where_there_is_one(tmp_path: Path) -> None:
    assert "frontend" not in _jobs(_written(tmp_path)[WORKFLOWS["production"]])
    jobs = _jobs(_written(tmp_path, {"production": {"productionBranch": "release"}})[WORKFLOWS["production"]])
    assert jobs["frontend"]["needs"] == "backend"
    assert jobs["frontend"]["permissions"] == {"contents": "write"}
    assert _commands(jobs["frontend"]) == ["python3 deploy/release.py fast-forward release"]


def test_a_custom_address_is_used(tmp_path: Path) -> None:
    files = _written(tmp_path, {"production": {"apiUrl": "https://api.example.com"}})
    assert "| https://api.example.com |" in files["README.md"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"staging": {"flyApp": "Not A Name"}}, "Pulumi.staging.yaml: wrong or missing: flyApp"),
        ({"staging": {"tier": "production"}}, "tier: staging"),
        ({"production": {"flyApp": None}}, "flyApp is missing"),
    ],
)
def test_wrong_configuration_is_told(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(handoff.HandoffError, match=re.escape(said)):
        _written(tmp_path, changes)


def test_encrypted_values_and_lists_as_json_are_read(tmp_path: Path) -> None:
    changes = {
        "staging": {
            "logfireToken": {"secure": "v1:AAAA:BBBB"},
            "extraSecrets": {"X": {"secure": "v1:AAAA:BBBB"}},
            "manage": '["database", "backend"]',
        }
    }
    assert "tune-api-staging" in _written(tmp_path, changes)["fly.staging.toml"]


def test_a_template_names_only_facts() -> None:
    with pytest.raises(KeyError):
        handoff.render("{{missing}}", {})
    assert handoff.render("a\n%if x\nb\n%end\nc", {"x": False}) == "a\nc\n"
    assert handoff.render("%if x.y\nb {{x.y}}\n%end", {"x": {"y": 1}}) == "b 1\n"
