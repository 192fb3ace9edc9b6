"""The hand-off files hold the settings' names, addresses and rules; no secret shadows a plain setting."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ops.handoff import __main__ as bin_handoff
from ops.handoff.facts import HandoffError, facts
from ops.handoff.files import files, quoted, render
from release.commands import COMMANDS, WITH_ARGUMENT
from tests.unit.program import EXAMPLE, ROOT, ran

if TYPE_CHECKING:
    from pathlib import Path

FLY = {"production": "fly.toml", "staging": "fly.staging.toml"}
KINDS = {"vars": "variableName", "secrets": "secretName"}


def _workflow(stack: str) -> str:
    return f".github/workflows/deploy-{stack}.yml"


def _written(folder: Path, changes: dict[str, dict[str, Any]] | None = None) -> dict[str, str]:
    """Return the files for the example's configuration, with changes by stack."""
    for path in EXAMPLE.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    for stack, own in (changes or {}).items():
        path = folder / f"Pulumi.{stack}.yaml"
        document = yaml.safe_load(path.read_text())
        document["config"] |= {f"relay:{key}": value for key, value in own.items()}
        path.write_text(yaml.safe_dump(document))
    return files(facts(folder))


def _jobs(text: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return jobs


def _commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_a_team_writes_its_own_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, application = tmp_path / "project", tmp_path / "application"
    project.mkdir()
    # The committed stack files, whatever a team wrote into them.
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, project)
    assert bin_handoff.main(["--check"], project) == 0
    assert bin_handoff.main(["--check", str(application)], project) == 1
    assert capsys.readouterr().err.endswith(f"is out of date:\nbin/handoff {application}\n")
    assert bin_handoff.main([str(application)], project) == 0
    assert bin_handoff.main(["--check", str(application)], project) == 0
    assert "wrote" in capsys.readouterr().out
    assert bin_handoff.main([str(application)], project) == 0
    assert "wrote" not in capsys.readouterr().out
    path = project / "Pulumi.staging.yaml"
    path.write_text(re.sub(r"relay:flyApp: .*", "relay:flyApp: another-app", path.read_text()))
    assert bin_handoff.main(["--check", str(application)], project) == 1
    assert f"{application}/fly.staging.toml" in capsys.readouterr().err


def test_a_file_holds_the_settings_of_its_stack(tmp_path: Path) -> None:
    own = {"manage": ["database", "backend", "delivery", "frontend"], "pagesProject": "tune-staging"}
    domains = {"zone": "tune.example", "audio": "audio.tune.example"}
    written = _written(
        tmp_path,
        {
            "production": {"migrationCommand": "uv run alembic upgrade heads", "domains": domains},
            "staging": {**own, "productionBranch": "live", "mainBranch": "trunk"},
        },
    )
    assert 'FRONTEND_BRANCH: "live"' in written[_workflow("staging")]
    fly = {stack: tomllib.loads(written[name]) for stack, name in FLY.items()}
    assert fly["production"]["deploy"]["release_command"] == "uv run alembic upgrade heads"
    assert {one["env"]["R2_PUBLIC_BUCKET_URL"] for one in fly.values()} == {"https://audio.tune.example"}
    (job,) = _jobs(written[_workflow("production")]).values()
    asked = {"MIGRATION": "upgrade heads", "REVISION": "current", "HEADS": "heads"}
    for variable, command in asked.items():
        assert job["env"][variable].endswith(f" application uv run alembic {command}")
    staging, production = (yaml.safe_load(written[_workflow(stack)])[True] for stack in ("staging", "production"))
    assert staging["push"] == {"branches": ["trunk"]}
    assert production["release"] == {"types": ["released"]}
    assert "workflow_dispatch" in production


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
    text = _written(tmp_path, {stack: own})[_workflow(stack)]
    more: dict[str, Any] = {"flyDeployToken": "FlyV1 fm2_given", "neonRestoreKey": "napi_given"}
    more["githubSecrets"] = {"CLOUDFLARE_API_TOKEN": "cfut_given"}
    run = ran(stack, own | more)
    provisioned = {kind: {r.inputs[key] for r in run.resources if key in r.inputs} for kind, key in KINDS.items()}
    used = {kind: set(re.findall(rf"\b{kind}\.(\w+)", text)) for kind in KINDS}
    assert used["vars"] <= provisioned["vars"]
    assert used["secrets"] <= provisioned["secrets"]
    environments = {job.get("environment") for job in _jobs(text).values()} - {None}
    assert environments == ({run.one("github-environment").inputs["environment"]} if scope == "environment" else set())


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_a_deployment_waits_names_its_app_and_proves_itself(tmp_path: Path, stack: str) -> None:
    job = _jobs(_written(tmp_path)[_workflow(stack)])["deploy"]
    commands = _commands(job)
    workflow = commands[0].removeprefix("python3 deploy/release wait ")
    assert (ROOT / ".github" / "workflows" / workflow).is_file()
    assert (job["env"]["FLY_FILE"], job["env"]["HEALTH_PATH"]) == (FLY[stack], "/docs")
    assert "python3 deploy/release deploy" in commands
    assert commands[-1].removeprefix("exec ") == "python3 deploy/release prove"
    for command in commands:
        step = re.match(r"(?:exec )?python3 deploy/release (\S+)( \S+)?$", command)
        assert step is None or step[1] in (WITH_ARGUMENT if step[2] else COMMANDS), command


def test_a_release_is_rehearsed_and_kept_before_it_is_deployed(tmp_path: Path) -> None:
    steps = _jobs(_written(tmp_path)[_workflow("production")])["deploy"]["steps"]
    commands = [step.get("run", "") for step in steps]
    order = ["docker build", "release rehearse", "release restore-point", "release deploy", "release prove"]
    found = [next(n for n, command in enumerate(commands) if each in command) for each in order]
    assert found == sorted(found)
    assert steps[found[0]]["if"] == "env.NEON_PROJECT_ID != ''"
    assert steps[found[1]]["if"] == "github.event_name == 'release'"
    assert not [step for step in steps if "continue-on-error" in step]


@pytest.mark.parametrize(("stack", "key"), [("production", "productionBranch"), ("staging", "previewBranch")])
@pytest.mark.parametrize("branch", ["main", "elsewhere"])
def test_the_branch_that_pages_deploys_is_moved_unless_people_push_to_it(
    tmp_path: Path, stack: str, key: str, branch: str
) -> None:
    other = {"productionBranch": "release"} if key == "previewBranch" else {}
    written = _written(tmp_path, {name: {**other, key: branch} for name in ("production", "staging", "dev")})
    job = _jobs(written[_workflow(stack)])["deploy"]
    moves = 'python3 deploy/release move "$FRONTEND_BRANCH"' in _commands(job)
    assert moves == (branch != "main")
    assert job["env"]["FRONTEND_BRANCH"] == branch
    # Production's frontend that ships with a merge is not a release's.
    assert ("CLOUDFLARE_API_TOKEN" in job["steps"][-1]["env"]) == (moves or stack == "staging")


def test_a_further_stack_has_files_of_its_own(tmp_path: Path) -> None:
    _written(tmp_path)
    text = (tmp_path / "Pulumi.staging.yaml").read_text().replace("tune-api-staging", "tune-api-qa")
    (tmp_path / "Pulumi.qa.yaml").write_text(text)
    written = files(facts(tmp_path))
    assert tomllib.loads(written["fly.qa.toml"])["app"] == "tune-api-qa"
    assert _jobs(written[_workflow("qa")])["deploy"]["environment"] == "qa"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"staging": {"flyApp": "Not A Name"}}, "Pulumi.staging.yaml: wrong, missing or encrypted: flyApp"),
        ({"staging": {"tier": "development"}, "production": {"tier": "development"}}, "no Pulumi.*.yaml has `tier"),
        ({"production": {"flyApp": None}}, "flyApp is missing"),
        ({"production": {"bucketPublicHost": None}}, "bucketPublicHost is missing"),
        ({"staging": {"mainBranch": "${{ github.token }}"}}, "wrong, missing or encrypted: mainBranch"),
        ({"staging": {"mainBranch": "main]\n  pull_request_target:"}}, "wrong, missing or encrypted: mainBranch"),
    ],
)
def test_wrong_configuration_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(HandoffError, match=re.escape(said)):
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


# Characters that YAML, TOML, a shell or GitHub gives a meaning, and such as have to be escaped.
ODD = "a0.-_ :,#[]{}$\"'\\%&*!|>@`\n\r\t\0\x1b\x7f\x85\xa0\u2028\ufeffé☃𝄞"


@given(st.text(st.sampled_from(ODD)))
def test_yaml_and_toml_read_every_text_as_it_was_written(text: str) -> None:
    if "${{" in text:
        with pytest.raises(HandoffError, match="cannot stand"):
            quoted(text)
        return
    assert yaml.safe_load(f"branches: [{quoted(text)}]\non: push") == {"branches": [text], True: "push"}
    assert tomllib.loads(f"app = {quoted(text)}") == {"app": text}


@pytest.mark.parametrize("branch", ["", "a\n", "a\nb: c", "a: b", "a #b", "a # v1\n", "[a", "${{ a }}", "$(id)", "é"])
def test_a_crafted_branch_adds_nothing_to_a_workflow(branch: str) -> None:
    with pytest.raises(HandoffError, match="cannot stand in a workflow"):
        render("name: {{branch:bare}}", {"branch": branch})
    with pytest.raises(HandoffError, match="GitHub evaluates"):
        render("name: {{branch}}", {"branch": f"${{{{ {branch} }}}}"})


def test_a_template_names_only_facts() -> None:
    with pytest.raises(KeyError):
        render("{{missing}}", {})
    assert render("a\n#if x\nb\n#end\nc", {"x": ""}) == "a\nc\n"
    assert render("#if x\nb {{x}}\n#end", {"x": "y"}) == 'b "y"\n'


# Pull requests


def test_a_pull_request_s_machine_stops_and_its_file_names_no_app(tmp_path: Path) -> None:
    fly = tomllib.loads(_written(tmp_path)["fly.pr.toml"])
    assert "app" not in fly
    assert (fly["http_service"]["auto_stop_machines"], fly["http_service"]["min_machines_running"]) == ("stop", 0)
    assert fly["env"] == {"PORT": "8000", **ran("pr-1").outputs["flyEnv"]}


def test_without_a_template_pull_requests_have_no_workflow(tmp_path: Path) -> None:
    _written(tmp_path)
    (tmp_path / "Pulumi.pr.yaml").unlink()
    assert not [name for name in files(facts(tmp_path)) if "pull-request" in name or "pr.toml" in name]


def test_a_pull_request_s_environment_runs_the_infrastructure_of_main(tmp_path: Path) -> None:
    jobs = _jobs(_written(tmp_path, {"staging": {"mainBranch": "trunk"}})[_workflow("pull-request")])
    assert jobs.keys() == {"open", "close", "sweep"}
    for job in jobs.values():
        checkout = job["steps"][0]["with"]
        assert (checkout["ref"], "path" in checkout, checkout["persist-credentials"]) == ("trunk", False, False)
    assert jobs["open"]["steps"][1]["with"]["path"] == "application"
    (deploy,) = [step for step in jobs["open"]["steps"] if step.get("working-directory") == "application"]
    assert deploy["run"] == "python3 ../deploy/release deploy"
    assert deploy["env"].keys() == {"FLY_API_TOKEN", "FLY_FILE", "HEALTH_PATH"}
    assert deploy["env"]["FLY_FILE"] == "fly.pr.toml"


def test_a_fork_gets_no_environment_and_a_pull_request_s_runs_wait_for_each_other(tmp_path: Path) -> None:
    jobs = _jobs(_written(tmp_path)[_workflow("pull-request")])
    for name in ("open", "close"):
        assert "head.repo.full_name == github.repository" in jobs[name]["if"]
        assert jobs[name]["concurrency"] == {
            "group": "pull-request-${{ github.event.pull_request.number }}",
            "cancel-in-progress": False,
        }
    assert jobs["open"]["steps"][-1]["if"] == "!cancelled()"
    assert "--nothing-runs" not in _commands(jobs["sweep"])[0]


@pytest.mark.parametrize(("answer", "api"), [('[{"number": 7, "user": {}}]', "tune-api-staging-pr-7"), ("[]", "given")])
def test_a_build_on_pages_chooses_its_api_by_branch(tmp_path: Path, answer: str, api: str) -> None:
    script = tmp_path / "preview-api.sh"
    script.write_text(_written(tmp_path)["deploy/preview-api.sh"])
    (tmp_path / "curl").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{tmp_path}/asked'\necho '{answer}'\n")
    (tmp_path / "curl").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "CF_PAGES_BRANCH": "feature/x",
        "PUBLIC_API_URL": "https://given.fly.dev",
    }
    done = subprocess.run(["/bin/sh", str(script)], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"https://{api}.fly.dev\n"
    assert "head=tune-works:feature/x" in (tmp_path / "asked").read_text().splitlines()
