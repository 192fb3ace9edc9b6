"""Refuse the tests on real accounts in time, and destroy the resources that they made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.clouds.http import CloudError, RefusedError
from tests.unit.delivery.serving import serving
from tests.verified import accounts, scenario

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verified.accounts import Holdings

NAMED = "fly=throw-away neon=org-throw-away-1 github=throw-away/empty"
ENVIRONMENT = {
    "VERIFIED_ACCOUNTS": NAMED,
    "FLY_API_TOKEN": "CanaryFly",
    "NEON_API_KEY": "CanaryNeon",
    "GITHUB_TOKEN": "CanaryGitHub",
    "PULUMI_CONFIG_PASSPHRASE": "CanaryPassphrase",
}
ACCOUNTS = accounts.Accounts("throw-away", "org-throw-away-1", "throw-away/empty")
NOTHING: Holdings = {"Fly app": [], "Neon project": [], "GitHub environment": []}
NAME = "relay-verified-a1b2c3"


def test_they_run_only_when_asked_for(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getini("addopts")[-2:] == ["-m", "not verified"]


def test_three_accounts_with_credentials_are_taken() -> None:
    assert accounts.named(ENVIRONMENT) == ACCOUNTS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fly=throw-away",
        "fly=throw-away neon=org-1 github=throw-away",
        "fly= neon=org-1 github=a/b",
        f"{NAMED} cloudflare=mine",
        f"{NAMED} production",
    ],
)
def test_accounts_that_are_not_all_named_are_refused(text: str) -> None:
    with pytest.raises(accounts.NotAllowedError, match="VERIFIED_ACCOUNTS="):
        accounts.named(ENVIRONMENT | {"VERIFIED_ACCOUNTS": text})


@pytest.mark.parametrize("missing", sorted(ENVIRONMENT.keys() - {"VERIFIED_ACCOUNTS"}))
def test_a_missing_credential_is_named(missing: str) -> None:
    with pytest.raises(accounts.NotAllowedError, match=f": {missing}") as refused:
        accounts.named(ENVIRONMENT | {missing: ""})
    assert "Canary" not in str(refused.value)


@pytest.mark.parametrize("kind", NOTHING)
def test_an_account_that_holds_anything_else_is_refused(kind: str) -> None:
    accounts.allowed(ACCOUNTS, lambda: NOTHING | {kind: [NAME]})
    with pytest.raises(accounts.NotAllowedError, match=f"{kind} relay-api"):
        accounts.allowed(ACCOUNTS, lambda: NOTHING | {kind: [NAME, "relay-api"]})
    with pytest.raises(accounts.NotAllowedError, match=f"100 or more of {kind}"):
        accounts.allowed(ACCOUNTS, lambda: NOTHING | {kind: [NAME] * 100})


@pytest.mark.parametrize("error", [CloudError, RefusedError])
def test_an_account_that_cannot_be_looked_at_is_refused(error: type[Exception]) -> None:
    def look() -> Holdings:
        raise error("Neon answered 403")

    with pytest.raises(accounts.NotAllowedError, match="could not be looked at: Neon answered 403"):
        accounts.allowed(ACCOUNTS, look)


def flyctl(folder: Path, answer: str) -> None:
    program = folder / "flyctl"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'apps list --org throw-away --json' ] && echo '{answer}'\n")
    program.chmod(0o755)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_the_services_are_asked_for_all_they_hold(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(method: str, path: str, _: Any) -> tuple[int, Any]:
        return 200, {
            "/projects?org_id=org-throw-away-1&limit=400": {"projects": [{"id": "calm-1", "name": "a"}]},
            "/repos/throw-away/empty/environments?page=1&per_page=100": {
                "total_count": 1,
                "environments": [{"name": "b"}],
            },
        }.get(path, {})

    flyctl(asked, '[{"Name": "c"}]')
    with serving(answer) as address:
        monkeypatch.setenv("NEON_API_URL", address)
        monkeypatch.setenv("GITHUB_API_URL", address)
        found = accounts.holdings(ACCOUNTS)
        flyctl(asked, "Error: no such organization")
        with pytest.raises(CloudError, match="flyctl apps list --org throw-away"):
            accounts.holdings(ACCOUNTS)
    assert found == {"Fly app": ["c"], "Neon project": ["a"], "GitHub environment": ["b"]}


class Cli:
    """Stand in for `pulumi`: note each command, and fail at the chosen commands."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.ran: list[str] = []

    def __call__(self, *arguments: str) -> None:
        """Run a command."""
        self.ran.append(arguments[0])
        if arguments[0] in self.fails:
            raise RuntimeError("exit code 255")


@pytest.mark.parametrize("fails", ["up", "preview"])
def test_what_was_made_is_destroyed_also_after_a_failure(fails: str) -> None:
    cli = Cli(fails)
    with pytest.raises(RuntimeError, match="exit code 255"):
        scenario.replay(cli, lambda: NOTHING, NAME)
    assert cli.ran[-2:] == ["state", "destroy"]


def test_what_could_not_be_destroyed_is_told() -> None:
    cli = Cli("state", "destroy")
    with pytest.raises(
        scenario.LeftError, match=rf"Still there: Fly app {NAME}\. .*`pulumi destroy` failed: exit code"
    ):
        scenario.replay(cli, lambda: NOTHING | {"Fly app": [NAME, "relay-verified-of-another-run"]}, NAME)
    assert cli.ran == ["up", "preview", "preview", "config", "up", "state", "destroy"]


def test_a_look_that_fails_at_the_end_is_told() -> None:
    def look() -> Holdings:
        raise CloudError("Neon did not answer")

    with pytest.raises(scenario.LeftError, match=rf"Whether {NAME} is gone everywhere .*Neon did not answer"):
        scenario.replay(Cli(), look, NAME)
