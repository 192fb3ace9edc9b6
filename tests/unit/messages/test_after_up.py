"""Name the work that an `up` leaves, with the commands that finish it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.program import ANSWERS, Run, State, ran, run_program

if TYPE_CHECKING:
    import pytest

ROTATED = {"rotate": {"storageToken": 1}, "adopt": None}
RETIRED = ROTATED | {"retire": {"storageToken": 1, "confirmed": {"staging": 1}}}


def test_an_up_says_how_the_rotation_of_the_buckets_token_ends() -> None:
    def said(run: Run) -> list[str]:
        return [text for text in run.messages if "still works" in text]

    assert not said(ran("production", RETIRED))
    assert not said(ran("production", ROTATED, preview=True))
    (message,) = said(ran("production", ROTATED))
    assert "Once Fly app tune-api is deployed" in message
    assert "pulumi config set --path retire.storageToken 1 -s production" in message


def test_without_a_deploy_token_two_commands_finish_it() -> None:
    run = ran("staging")
    assert "secret-FLY_API_TOKEN" not in run.names()
    (message,) = [text for text in run.messages if "FLY_API_TOKEN" in text]
    assert "in GitHub environment 'staging'" in message
    assert "flyctl tokens create deploy -a tune-api-staging" in message
    assert "pulumi up -s staging" in message
    assert not [text for text in ran("staging", preview=True).messages if "FLY_API_TOKEN" in text]
    for given in ({"flyDeployToken": "FlyV1 fm2_given"}, {"mintDeployToken": True}):
        assert not [text for text in ran("staging", given).messages if "FLY_API_TOKEN" in text]


def test_a_token_of_the_repository_names_no_environment() -> None:
    messages = ran("staging", {"githubScope": "repository"}).messages
    (message,) = [text for text in messages if "FLY_API_TOKEN" in text]
    assert message.startswith("FLY_API_TOKEN_STAGING is not set in GitHub repository tune-works/tune,")
    assert "environment" not in message


def test_a_pages_host_that_differs_is_said_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWERS, "cloudflare:index/pagesProject:PagesProject", {"subdomain": "tune.pages.dev"})
    (message,) = [text for text in run_program("production").messages if "pagesHost" in text]
    assert "tune.pages.dev. " in message
    assert message.endswith("\n  bin/adopt production --write")


def test_a_new_database_is_said_once() -> None:
    (message,) = [text for text in ran("staging").messages if "new and empty" in text]
    assert "tune-staging" in message
    assert "docs/operating.md" in message
    outputs = ran("staging").outputs
    for quiet in (
        run_program("staging", before=outputs),
        ran("staging", preview=True),
        ran("production"),  # adopts its database
        ran("pr-7"),  # has a copy of staging's
    ):
        assert not [text for text in quiet.messages if "new and empty" in text]


def test_a_size_that_reaches_no_existing_compute_is_warned_of() -> None:
    def warned(recorded: float, **changes: Any) -> bool:
        settings = {"defaultEndpointSettings": {"autoscalingLimitMinCu": 0.25, "autoscalingLimitMaxCu": recorded}}
        state: State = {"neon-project": ("neon:index/project:Project", settings)}
        run = run_program("staging", {"neonCompute": {"maxCu": 1}, **changes}, state=state, preview=True)
        return any("computes that Neon makes later" in text for text in run.messages)

    assert warned(2)
    assert not warned(1)
    assert not warned(4, neonCompute=None)  # sets no size
    assert not warned(2, adopt={"neonEndpoint": "ep-cold-sky-1"})  # sets that of the existing compute
    adopted = run_program("production", {"neonCompute": {"maxCu": 1}}, preview=True).messages
    assert any("computes that Neon makes later" in text for text in adopted)


def test_an_address_that_is_kept_beside_another_api_is_warned_of() -> None:
    """Fly shows no value: the kept client id may name the old address."""
    adopt = {"flyApp": "tune-api", "keep": ["ATPROTO_CLIENT_ID", "OAUTH_ENCRYPTION_KEY"]}
    messages = ran("production", {"adopt": adopt, "apiUrl": "https://api.tune.example"}).messages
    (warning,) = [text for text in messages if "keeps ATPROTO_CLIENT_ID" in text]
    assert warning.startswith("apiUrl is 'https://api.tune.example', and app tune-api keeps ATPROTO_CLIENT_ID")


def test_a_merge_that_ships_the_frontend_before_its_backend_is_warned_of_at_preview_too() -> None:
    def warned(stack: str, **changes: str) -> bool:
        messages = ran(stack, changes, preview=True).messages
        return any("a merge ships the frontend before the release ships the backend" in text for text in messages)

    assert warned("production")
    assert not warned("production", mainBranch="trunk")
    assert not warned("staging")  # manages no frontend


def test_a_name_that_is_not_served_yet_is_said_by_an_up() -> None:
    names = {"domains": {"zone": "tune.example", "api": "api.staging.tune.example"}}
    (said,) = [text for text in ran("staging", names).messages if " is not served yet: " in text]
    assert said.startswith("api.staging.tune.example is")
    assert "`flyctl certs check api.staging.tune.example -a tune-api-staging`" in said
    assert not [text for text in ran("staging", names, preview=True).messages if " is not served yet: " in text]
