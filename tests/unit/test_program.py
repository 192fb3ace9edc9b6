"""Run the whole program for each stack: URNs, imports, secrecy, addresses."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pulumi
import pytest

from tests.unit.program import ROOT, Run, State, ran, run_program

GOLDEN = Path(__file__).parent / "golden"
STACKS = ("dev", "pr-7", "staging", "production")
EMPTY: dict[str, object] = {"adopt": None, "extraSecrets": {"X": "CanaryExtra"}}


def urns(run: Run) -> str:
    """Return the part of each URN that the program decides: the types of its parents, its type, its name."""
    found = [resource.urn.split("::", 2)[2] for resource in run.resources if resource.type != "pulumi:pulumi:Stack"]
    return "".join(f"{urn}\n" for urn in sorted(urn.removeprefix("pulumi:pulumi:Stack$") for urn in found))


@pytest.mark.parametrize("stack", STACKS)
def test_urns_are_frozen(stack: str) -> None:
    """A changed line is a resource that the next `up` deletes and creates: give it an alias instead."""
    found = urns(ran(stack))
    assert found == (GOLDEN / f"urns.{stack}.txt").read_text(encoding="utf-8")


def test_urns_of_an_empty_world_are_frozen() -> None:
    """Production that adopts nothing makes a storage token and an OAuth key of its own."""
    found = urns(ran("production", {"adopt": None}))
    assert found == (GOLDEN / "urns.production-empty.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stack_files_are_good(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RELAY_SANDBOX", "x")  # which may use the example's accounts
    assert run_program(stack, root=ROOT).outputs["environment"]


@pytest.mark.parametrize("stack", STACKS)
def test_no_resource_whose_id_is_its_secret(stack: str) -> None:
    """Pulumi never encrypts an id, and `RandomBytes` has its value as id."""
    types = {resource.type for resource in ran(stack, EMPTY).resources}
    assert not {kind for kind in types if "RandomBytes" in kind or "RandomId" in kind}


def test_an_adopted_github_environment_is_imported_whole() -> None:
    adopt = {
        "githubEnvironment": "staging",
        "githubDeploymentPolicy": 42,
        "githubVariables": ["FLY_APP"],
    }
    run = ran("staging", {"adopt": adopt})
    assert {r.name: r.options.importId for r in run.resources if r.options.importId} == {
        "github-environment": "tune:staging",
        "deployment-policy": "tune:staging:42",
        "variable-FLY_APP": "tune:staging:FLY_APP",
    }


def test_no_token_of_the_environment_is_in_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview, whose own token can only read, can decrypt the state."""
    monkeypatch.setenv("GITHUB_TOKEN", "CanaryGitHub")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "CanaryCloudflare")
    monkeypatch.setenv("NEON_API_KEY", "CanaryNeon")
    run = run_program("production", {"flyDeployToken": "FlyV1 fm2_given"})
    assert "token" not in run.one("github").inputs
    for resource in run.resources:
        assert not re.search("Canary(GitHub|Cloudflare|Neon)", json.dumps(resource.inputs).replace("CanaryNeonP", ""))


def test_a_configured_token_reaches_githubs_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine gives `github:` settings to default providers alone."""
    monkeypatch.setenv("GITHUB_TOKEN", "CanaryGitHub")
    get = pulumi.Config.get_secret
    monkeypatch.setattr(
        pulumi.Config,
        "get_secret",
        lambda config, key, *_: pulumi.Output.secret("CanarySet") if config.name == "github" else get(config, key),
    )
    provider = run_program("staging").one("github")
    assert provider.inputs["token"] == "CanarySet"
    assert "token" in provider.secrets


def test_dev_outputs_two_dotenv_files() -> None:
    run = ran("dev")
    assert "dotenv" in run.secret_outputs
    lines = run.outputs["dotenv"].splitlines()
    assert "STORAGE_BACKEND=filesystem" in lines
    assert not [line for line in lines if line.startswith("AWS_")]
    assert run.outputs["frontendDotenv"] == "PUBLIC_API_URL=http://localhost:8000"


def test_dev_uses_the_bucket_when_given_keys() -> None:
    keys = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
    lines = ran("dev", keys).outputs["dotenv"].splitlines()
    assert {"STORAGE_BACKEND=r2", "R2_BUCKET=tune-audio", f"AWS_ACCESS_KEY_ID={'a' * 32}"} <= set(lines)


def test_no_secret_in_a_plain_output() -> None:
    for stack in STACKS:
        run = ran(stack, EMPTY)
        plain = {key: value for key, value in run.outputs.items() if key not in run.secret_outputs}
        assert "Canary" not in json.dumps(plain)


def test_parts_have_no_outputs_because_pulumis_events_show_them_in_clear() -> None:
    for stack in STACKS:
        components = ran(stack, EMPTY).components
        assert {name for name, outputs in components.items() if outputs} <= {"adopted"}


def test_the_official_language_host_hands_on_no_configuration_and_interrupts_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", '{"relay:logfireToken": "Canary"}')
    run = run_program("dev")
    assert "PULUMI_CONFIG" not in os.environ
    assert run.signals == [(signal.SIGINT, signal.SIG_DFL)]


def test_a_part_that_is_not_managed_is_not_touched() -> None:
    adopt = {"flyApp": "tune-api", "keep": ["DATABASE_URL", "OAUTH_ENCRYPTION_KEY"]}
    keys = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
    run = ran("production", {"manage": ["backend"], "adopt": adopt, "previewStack": None, **keys})
    assert {r.type.split(":")[0] for r in run.resources} == {"pulumi", "relay", "random", "pulumi-python"}


def test_wrong_configuration_registers_nothing() -> None:
    with pytest.raises(pulumi.RunError, match="nothing was touched"):
        run_program("staging", {"flyApp": None})


def test_repository_scope_names_secrets_after_the_stack() -> None:
    changes = {"githubScope": "repository", "flyDeployToken": "FlyV1 fm2_given"}
    run = ran("staging", changes | {"adopt": {"githubVariables": ["API_URL_STAGING"]}})
    assert not [r for r in run.resources if "nvironment" in r.type]
    assert run.one("secret-FLY_API_TOKEN").inputs["secretName"] == "FLY_API_TOKEN_STAGING"
    assert run.one("variable-FLY_APP").inputs["variableName"] == "FLY_APP_STAGING"
    assert run.one("variable-API_URL").options.importId == "tune:API_URL_STAGING"


def test_what_adoption_found_different_is_left_as_it_is() -> None:
    run = ran("production", {"pagesKeep": ["source.config.owner"]})
    assert [*run.one("pages-project").options.ignoreChanges] == ["source.config.owner"]
    assert "allowedIps" in run.one("neon-project").options.ignoreChanges


def test_an_existing_compute_is_imported_with_the_projects_id() -> None:
    size = {"neonPlan": "scale", "neonCompute": {"maxCu": 4, "suspendSeconds": 600}}
    made = {"adopt": {"neonEndpoint": "ep-cold-sky-1"}, **size}
    state: State = {"neon-project": ("neon:index/project:Project", {"id": "calm-hill-1"})}
    endpoint = run_program("staging", made, state=state).one("neon-endpoint")
    assert endpoint.options.importId == "calm-hill-1/ep-cold-sky-1"
    assert endpoint.options.retainOnDelete
    assert endpoint.inputs["autoscalingLimitMaxCu"] == 4
    assert endpoint.inputs["suspendTimeoutSeconds"] == 600
    assert "neon-endpoint" not in ran("staging", made).names()  # the project is not made yet


def test_custom_domains() -> None:
    run = ran("staging", {"apiUrl": "https://api.tune.example", "frontendUrl": "https://tune.example"})
    values = run.one("fly-secrets").inputs["values"]
    assert values["ATPROTO_CLIENT_ID"] == "https://api.tune.example/client-metadata.json"
    assert values["FRONTEND_URL"] == "https://tune.example"
    assert re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://tune.example")
    assert re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://fix-a-b-1.tune-8xz.pages.dev")
    assert not re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://evil-tune-8xz.pages.dev")


@pytest.mark.parametrize("preview", ["fix-a-b-1", "0a1b2c3d", "dependabot-npm-vite-7-1-2"])
def test_staging_answers_every_preview(preview: str) -> None:
    pattern = ran("staging").one("fly-secrets").inputs["values"]["FRONTEND_CORS_ORIGIN_REGEX"]
    assert re.fullmatch(pattern, f"https://{preview}.tune-8xz.pages.dev")
    for other in (f"http://{preview}.tune-8xz.pages.dev", f"https://{preview}.tune-8xz.pages.dev.evil.example"):
        assert not re.fullmatch(pattern, other)


def test_previews_do_not_reach_production() -> None:
    pattern = ran("production").one("fly-secrets").inputs["values"]["FRONTEND_CORS_ORIGIN_REGEX"]
    assert re.fullmatch(pattern, "https://tune-8xz.pages.dev")
    assert not re.fullmatch(pattern, "https://fix-a-b-1.tune-8xz.pages.dev")


def test_previews_use_the_api_of_staging() -> None:
    configs = ran("production").one("pages-project").inputs["deploymentConfigs"]
    assert configs["preview"]["envVars"]["PUBLIC_API_URL"]["value"] == "https://tune-api-staging.fly.dev"
    assert configs["production"]["envVars"]["PUBLIC_API_URL"]["value"] == "https://tune-api.fly.dev"
