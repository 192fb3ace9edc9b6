"""Names that a service accepts twice: a namesake is reported before an `up`, a twin after it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pulumi
import pytest

from infra.checks import access, duplicates
from infra.checks.findings import Finding
from infra.states import Recorded
from tests.unit.checks.starting import start
from tests.unit.clouds.fake import TOKEN_NAME, Clouds
from tests.unit.program import run_program

ADOPTED = "tall-oak-33334444"
RECOVER = "If an `up` was killed: `bin/recover {0}`; if it failed: `bin/adopt {0}`. "
PROJECT = RECOVER.format("staging") + (
    "To take it over set adopt.neonProject to its id. Otherwise choose another neonProject, or rename or delete it"
)
OTHER = "This stack's own is {}. Delete the other in Neon's console, or rename it"
TOKEN = RECOVER.format("production") + (
    "Rename it, or, if nothing uses it, revoke it under Manage Account → Account API Tokens"
)


def namesakes(monkeypatch: pytest.MonkeyPatch, stack: str, changes: Any, own: Any, **answers: Any) -> list[Finding]:
    monkeypatch.setattr("infra.checks.clients.send", Clouds(**answers))
    return [finding for finding in access.check(start(stack, changes, own=own)) if finding.state != "ok"]


@pytest.mark.parametrize(
    ("projects", "own", "others", "fix"),
    [
        ([], {}, "", ""),
        (["old-1"], {}, "old-1", PROJECT),
        (["old-2", "old-1"], {}, "old-1, old-2", PROJECT),
        (["mine"], {"neon-project": "mine"}, "", ""),
        (["mine", "old-1"], {"neon-project": "mine"}, "old-1", OTHER.format("mine")),
        (["old-1"], {"neon-project": "mine"}, "old-1", OTHER.format("mine")),
        # A state that has the project without its id.
        (["mine"], {"neon-project": ""}, "", ""),
        (["mine", "old-1"], {"neon-project": ""}, "mine, old-1", OTHER.format("one of them")),
    ],
)
def test_neon_projects_of_one_name(
    monkeypatch: pytest.MonkeyPatch, projects: list[str], own: dict[str, str], others: str, fix: str
) -> None:
    found = namesakes(monkeypatch, "staging", {}, own, neon=projects)
    what = f"Another Neon project is called 'tune-staging' already: {others}"
    assert found == ([Finding("wrong", what, fix)] if others else [])


@pytest.mark.parametrize("own", [{}, {"neon-project": ADOPTED}])
def test_an_adopted_project_is_no_namesake(monkeypatch: pytest.MonkeyPatch, own: dict[str, str]) -> None:
    assert namesakes(monkeypatch, "production", {}, own, neon=[ADOPTED]) == []
    (found,) = namesakes(monkeypatch, "production", {}, own, neon=[ADOPTED, "old-1"])
    assert found.fix == OTHER.format(ADOPTED)


@pytest.mark.parametrize(
    ("tokens", "own", "others", "fix"),
    [
        ([], {}, "", ""),
        (["mine"], {"storage-token": "mine"}, "", ""),
        (["old-1"], {"bucket": "tune-audio"}, "old-1", TOKEN),
        (
            ["any-2", "mine"],
            {"storage-token": "mine"},
            "any-2",
            "This stack's own is mine. Revoke the other under Manage Account → Account API Tokens, or rename it",
        ),
    ],
)
def test_account_tokens_of_one_name(
    monkeypatch: pytest.MonkeyPatch, tokens: list[str], own: dict[str, str], others: str, fix: str
) -> None:
    found = namesakes(monkeypatch, "production", {"adopt": None}, own, tokens=tokens)
    what = f"Another Cloudflare account token is called '{TOKEN_NAME}' already: {others}"
    assert found == ([Finding("wrong", what, fix)] if others else [])


def test_nothing_is_a_namesake_while_the_state_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert namesakes(monkeypatch, "staging", {}, None, neon=["old-1"]) == []


@pytest.mark.parametrize(
    ("stack", "topic", "what", "twins"),
    [
        (
            "staging",
            "neon",
            "Neon project is called 'tune-staging'",
            "This stack has neon-project-id, and nothing uses twin-1. Delete the other ",
        ),
        (
            "production",
            "tokens",
            f"Cloudflare account token is called '{TOKEN_NAME}'",
            "This stack has storage-token-id, and nothing uses twin-1. Revoke the other ",
        ),
    ],
)
def test_a_resource_that_a_provider_made_twice_fails_the_same_up(
    monkeypatch: pytest.MonkeyPatch, stack: str, topic: str, what: str, twins: str
) -> None:
    # Cloudflare's tokens are listed once more, to try the credential.
    before: list[Any] = [[]] if topic == "neon" else [[], []]
    made = twins.split()[3].strip(",")
    monkeypatch.setattr("infra.checks.clients.send", Clouds(**{topic: iter([*before, [made, "twin-1"]])}))
    with pytest.raises(pulumi.RunError) as caught:
        run_program(stack, {"adopt": None})
    said = str(caught.value)
    assert said.startswith(f"More than one {what}: its provider repeated a call after an error.")
    assert twins in said
    assert said.endswith(f"Then run:\n  pulumi up -s {stack}")


def test_a_service_that_does_not_tell_afterwards_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.checks.clients.send", Clouds(neon=(503, "Service Unavailable")))
    said = "Not checked: whether more than one Neon project is called 'tune-staging': Neon answered 503"
    assert any(message.startswith(said) for message in run_program("staging").messages)


def test_names_are_of_what_the_stack_makes() -> None:
    assert duplicates.names(start("dev").settings).keys() == {"neon-project"}
    assert duplicates.names(start("production").settings).keys() == {"neon-project"}  # it keeps its token
    assert duplicates.names(start("production", {"adopt": None}).settings).keys() == {"neon-project", "storage-token"}


@pytest.mark.parametrize(("there", "refused"), [(["old-1"], True), (["other"], False), ([], False)])
def test_a_second_database_is_refused_while_the_first_is_there(
    monkeypatch: pytest.MonkeyPatch, there: list[str], refused: bool
) -> None:
    """Somebody may have deleted the first; then it is made again."""
    monkeypatch.setattr("infra.checks.clients.send", Clouds(neon=there))
    recorded = Recorded("neon:index/project:Project", {"id": "old-1", "name": "tune-staging"})
    with pytest.raises(pulumi.RunError, match="Pulumi would replace database old-1") if refused else nullcontext():
        duplicates.refuse_second(start("staging").settings, recorded)
