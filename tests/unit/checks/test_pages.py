"""A Pages project as Cloudflare has it, compared with the settings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from infra.checks import pages
from infra.checks.findings import Finding
from infra.clouds import cloudflare
from infra.clouds.http import Client
from tests.unit.checks.starting import start
from tests.unit.clouds.fake import Clouds
from tests.unit.program import run_program

SETTINGS = start("production").settings
API, PREVIEWS_API = "https://tune-api.fly.dev", "https://tune-api-staging.fly.dev"
PROJECT: dict[str, Any] = {
    "name": "tune",
    "production_branch": SETTINGS.production_branch,
    "build_config": {
        "build_caching": True,
        "build_command": SETTINGS.pages_build.command,
        "destination_dir": SETTINGS.pages_build.output_dir,
        "root_dir": SETTINGS.pages_build.root_dir,
        "web_analytics_tag": None,
    },
    "source": {
        "type": "github",
        "config": {
            "owner": "tune-works",
            "repo_name": "tune",
            "production_branch": SETTINGS.production_branch,
            "production_deployments_enabled": True,
            "preview_deployment_setting": "all",
            "preview_branch_includes": ["*"],
            "preview_branch_excludes": [],
            "path_includes": ["*"],
        },
    },
    "deployment_configs": {
        "preview": {"env_vars": {"PUBLIC_API_URL": {"type": "plain_text", "value": PREVIEWS_API}}},
        "production": {"env_vars": {"PUBLIC_API_URL": {"type": "plain_text", "value": API}}},
    },
}
REFRESH = "`pulumi up --refresh -s production`"


def checked(project: Any, *keep: str) -> list[Finding]:
    answer = {"result": project} if isinstance(project, dict) else project
    client = Client(cloudflare.SERVICE, "token", transport=Clouds(project=answer))
    return [*pages.check(SETTINGS.model_copy(update={"pages_keep": frozenset(keep)}), client)]


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the project with another value at a path."""
    project = copy.deepcopy(PROJECT)
    *parents, last = path.split(".")
    place = project
    for key in parents:
        place = place[key]
    place[last] = value
    return project


def test_a_project_as_configured() -> None:
    assert checked(PROJECT) == [Finding("ok", "Pages project tune is as configured")]


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        (
            "deployment_configs.preview.env_vars.PUBLIC_API_URL.value",
            API,
            f"variable PUBLIC_API_URL of previews is '{API}' instead of '{PREVIEWS_API}'",
        ),
        (
            "deployment_configs.production.env_vars.PUBLIC_API_URL",
            {"type": "secret_text", "value": ""},
            "variable PUBLIC_API_URL of production is a secret",
        ),
        (
            "deployment_configs.production.env_vars.TOKEN",
            {"type": "plain_text", "value": "canary"},
            "variable TOKEN of production is not configured",
        ),
        ("production_branch", "trunk", f"production_branch is 'trunk' instead of '{SETTINGS.production_branch}'"),
        ("build_config.build_command", None, "build_command is None instead of 'bun install && bun run build'"),
        ("source.config.owner", "rivals", "owner is 'rivals' instead of 'tune-works'"),
        ("source.config.path_excludes", ["docs/*"], "path_excludes is ['docs/*'] instead of []"),
        ("source.config.preview_branch_includes", [], "preview_branch_includes is [] instead of ['*']"),
        ("source", None, "it is connected to no repository"),
    ],
)
def test_a_difference_is_named(path: str, value: Any, difference: str) -> None:
    assert checked(changed(path, value)) == [
        Finding("wrong", f"Pages project tune is not as configured: {difference}", REFRESH)
    ]


@pytest.mark.parametrize(
    ("path", "value", "kept"),
    [
        ("source", None, "source"),
        ("source.config.repo_name", "web", "source.config.repoName"),
        ("deployment_configs.preview.env_vars", {}, "deploymentConfigs.preview.envVars.PUBLIC_API_URL"),
    ],
)
def test_what_the_settings_keep_is_no_difference(path: str, value: Any, kept: str) -> None:
    (found,) = checked(changed(path, value), kept)
    assert found.state == "ok"


@pytest.mark.parametrize("variables", [None, {}])
def test_variables_that_were_removed_as_a_whole(variables: Any) -> None:
    (found,) = checked(changed("deployment_configs.production.env_vars", variables))
    assert found.what.endswith("variable PUBLIC_API_URL of production is missing")
    # `up --refresh` alone sees nothing of it.
    assert found.fix.startswith("Set any variable for production and for previews in Cloudflare's dashboard, then: ")


def test_a_project_that_is_not_there_has_no_difference() -> None:
    assert checked((404, "Project not found")) == []


@pytest.mark.parametrize("answer", [(503, "Service Unavailable"), {"name": "tune"}])
def test_a_project_that_cannot_be_read_is_a_note(answer: Any) -> None:
    (found,) = checked(answer)
    assert found.state == "note"
    assert found.what.startswith("Not checked: whether Pages project tune is as configured: Cloudflare")


def test_an_up_reads_the_project_back(monkeypatch: pytest.MonkeyPatch) -> None:
    wiped = changed("deployment_configs.production.env_vars", {})
    monkeypatch.setattr("infra.checks.clients.send", Clouds(project={"result": wiped}))
    messages = run_program("production").messages
    assert any("variable PUBLIC_API_URL of production is missing" in message for message in messages)
