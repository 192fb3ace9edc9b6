"""The secrets of the Fly app after an `up`: staged, foreign, harmful."""

from __future__ import annotations

import re

import pulumi
import pytest

from infra.providers.fly.answers import Secret
from infra.providers.fly.errors import TransientError
from tests.unit.program import LOOKS, Run, run_program

APP = "tune-api-staging"


def up(monkeypatch: pytest.MonkeyPatch, deployed: dict[str, bool], *, preview: bool = False, of: str = APP) -> Run:
    """Run staging's program, with these secrets on one of its apps."""
    listed = {name: Secret(digest="d", deployed=live) for name, live in deployed.items()}
    monkeypatch.setattr(LOOKS["secrets"][0], lambda app: listed if app == of else {})
    return run_program("staging", {"apps": {"tune-worker": {}}}, preview=preview)


def test_an_up_names_the_staged_and_the_foreign_secrets_as_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = up(monkeypatch, {"DATABASE_URL": False, "FRONTEND_URL": True, "MINE": True, "HERS": False}).messages
    assert (
        f"Staged on Fly app {APP}: DATABASE_URL. Live from its next deploy, or now: `flyctl secrets deploy -a {APP}`"
    ) in messages
    assert f"Not managed here, left alone on Fly app {APP}: HERS, MINE" in messages


def test_an_app_that_was_never_deployed_cannot_deploy_its_secrets_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = up(monkeypatch, {"DATABASE_URL": False}).messages
    assert f"Staged on Fly app {APP}: DATABASE_URL. Live from its next deploy." in messages


def test_an_up_with_everything_live_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [text for text in up(monkeypatch, {"DATABASE_URL": True}).messages if "on Fly app" in text]


def test_a_preview_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [text for text in up(monkeypatch, {"MINE": True}, preview=True).messages if "on Fly app" in text]


def test_a_secret_that_harms_the_backend_fails_the_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        up(monkeypatch, {"MINE": True, "R2_BUCKET": True, "PORT": True, "STORAGE": True})
    said = str(caught.value)
    assert re.search("PORT: [^.]*a plain setting.* R2_BUCKET: [^.]*a plain setting of the fly file's", said)
    assert re.search("STORAGE: [^.]*a whole group of settings", said)
    assert said.endswith(f"\n  flyctl secrets unset PORT R2_BUCKET STORAGE -a {APP}")


def test_an_up_does_not_fail_where_fly_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(app: str) -> dict[str, Secret]:
        raise TransientError("listing its secrets", "flyctl answered: EOF", app=app)

    monkeypatch.setattr(LOOKS["secrets"][0], refuse)
    (text,) = [text for text in run_program("staging").messages if "were not checked" in text]
    assert text.startswith(f"The secrets on Fly app {APP} were not checked. Fly app {APP}: listing its secrets failed:")


def test_a_further_app_has_plain_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = up(monkeypatch, {"PORT": True}, of="tune-worker").messages
    assert "Not managed here, left alone on Fly app tune-worker: PORT" in messages
