"""Which credentials a stack needs, and the words about one that is missing."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.checks import credentials
from infra.checks.credentials import CREDENTIALS
from tests.unit.checks.starting import start

NEON = (
    "NEON_API_KEY is not set (or `pulumi config set --secret neon:apiKey`)",
    "It takes an API key, of the organization where the projects belong to one. Make one at "
    "https://console.neon.tech/app/settings/api-keys",
)
BOTH = "Workers R2 Storage Write, Pages Write"
RECORDS = "Zone Read and DNS Write on the zone"
ZONED = {"zone": "tune.example"}
STORAGE_ONLY = {"manage": ["storage"], "previewStack": None}


def cloudflare(permissions: str) -> tuple[str, str]:
    return (
        "CLOUDFLARE_API_TOKEN is not set (or `pulumi config set --secret cloudflare:apiToken`)",
        f"It takes an API token for the one account with {permissions}. Make one at "
        "https://dash.cloudflare.com/profile/api-tokens",
    )


def github(permissions: str) -> tuple[str, str]:
    return (
        "GITHUB_TOKEN is not set (or `pulumi config set --secret github:token`)",
        f"It takes a fine-grained token for the one repository with {permissions}. Make one at "
        "https://github.com/settings/personal-access-tokens/new",
    )


def fly(more: str = "") -> tuple[str, str]:
    return (
        "FLY_API_TOKEN is not set",
        f"It takes a token for the one organization{more}. Make one with `flyctl tokens create org`",
    )


ENVIRONMENT = "Administration and Environments: Read and write, and for a private repository Actions: Read-only"


@pytest.mark.parametrize(
    ("stack", "changes", "service", "finding"),
    [
        ("dev", {}, "Neon", NEON),
        ("staging", {}, "Neon", NEON),
        ("staging", {}, "GitHub", github(ENVIRONMENT)),
        ("staging", {"githubScope": "repository"}, "GitHub", github("Secrets and Variables: Read and write")),
        ("staging", {}, "Fly.io", fly()),
        (
            "staging",
            {"mintDeployToken": "true"},
            "Fly.io",
            fly(" with the right to mint deploy tokens, which Fly.io may grant only to a person's own login"),
        ),
        ("production", {}, "Cloudflare", cloudflare(BOTH)),
        (
            "production",
            {"adopt": None},
            "Cloudflare",
            cloudflare(f"{BOTH}, Account API Tokens Write"),
        ),
        (
            "production",
            STORAGE_ONLY | {"adopt": {}, "storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64},
            "Cloudflare",
            cloudflare("Workers R2 Storage Write"),
        ),
        ("production", {"manage": ["frontend"], "adopt": {}}, "Cloudflare", cloudflare("Pages Write")),
        ("staging", {"domains": ZONED | {"api": "api.tune.example"}}, "Cloudflare", cloudflare(RECORDS)),
        (
            "staging",  # its frontend is a name of production's Pages project
            {"domains": ZONED | {"frontend": "app.tune.example"}},
            "Cloudflare",
            cloudflare(f"Pages Write, {RECORDS}"),
        ),
    ],
)
def test_a_missing_credential_is_named_with_its_permissions(
    stack: str, changes: dict[str, Any], service: str, finding: tuple[str, str]
) -> None:
    (found,) = credentials.missing(start(stack, changes, without=service))
    assert found == ("missing", *finding)


@pytest.mark.parametrize(
    ("stack", "services"),
    [("dev", ["Neon"]), ("staging", ["Neon", "GitHub"]), ("production", ["Neon", "Cloudflare", "GitHub"])],
)
def test_a_preview_needs_what_providers_ask_for_when_they_start(stack: str, services: list[str]) -> None:
    bare = start(stack, preview=True)._replace(credentials={})
    variables = [finding.what.split()[0] for finding in credentials.missing(bare)]
    assert variables == [CREDENTIALS[service].variables[-1] for service in services]


@pytest.mark.parametrize("setting", ["neon:apiKey", "cloudflare:apiToken", "github:token"])
def test_a_pulumi_setting_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    (credential,) = [found for found in CREDENTIALS.values() if found.config == setting]
    monkeypatch.setenv(credential.variables[0], "from the environment")
    pulumi.runtime.set_all_config({setting: "from the configuration"}, [setting])
    try:
        assert credential.value() == "from the configuration"
    finally:
        pulumi.runtime.set_all_config({}, [])
    assert credential.value() == "from the environment"


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_variable_counts_as_not_set(empty: str) -> None:
    fly = CREDENTIALS["Fly.io"]
    assert fly.in_environment({"FLY_API_TOKEN": empty}) == ""
    assert fly.in_environment({"FLY_ACCESS_TOKEN": empty, "FLY_API_TOKEN": "good"}) == "good"
