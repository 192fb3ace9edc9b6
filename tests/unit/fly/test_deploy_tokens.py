"""Deploy tokens: minted once, revoked, and no strays; a rotation is another one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from pulumi.output import UNKNOWN

from infra.providers.fly.errors import AppNotFoundError, FlyctlFailedError, UnexpectedAnswerError
from infra.providers.fly.resources import DeployTokenProvider
from tests.unit.fly.fakes import NOW, CheckFailedError, Clock, FakeFly, Managed

APP = "relay-api"


@pytest.fixture
def token(fly: FakeFly) -> Managed:
    fly.add_app(APP)
    return Managed(DeployTokenProvider())


def inputs(**changes: object) -> dict[str, object]:
    return {"app": APP, "prefix": "relay-staging", "rotation": 0, "expiry_hours": 720, **changes}


def add_token(fly: FakeFly, id_: str, name: str, *, app: str = APP, revoked: bool = False, hours: int = 1) -> None:
    fly.tokens[id_] = {"app": app, "name": name, "expires": NOW + timedelta(hours=hours), "revoked": revoked}


def test_a_token_is_minted_and_its_id_found(fly: FakeFly, token: Managed) -> None:
    assert token.up(**inputs()) == "create"
    assert fly.commands() == ["version", "tokens list", "tokens create", "tokens list"]
    assert token.outs["token"] == "FlyV1 fm2_secrettok0,fm2_more"
    assert token.outs["token_id"] == "tok0"
    assert re.fullmatch(r"relay-staging-r0-[0-9a-f]{16}", token.outs["token_name"])
    assert token.outs["expires_at"] == "2026-10-01T00:00:00+00:00"


def test_an_unchanged_up_mints_nothing(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    count = len(fly.calls)
    assert token.up(**inputs()) == "same"
    assert len(fly.calls) == count


def test_strays_are_revoked_first_and_nobody_elses(fly: FakeFly, token: Managed) -> None:
    random = "0123456789abcdef"
    add_token(fly, "stray1", f"relay-staging-r0-{random}")
    add_token(fly, "stray2", f"relay-staging-r0-{random[::-1]}")
    add_token(fly, "expired", f"relay-staging-r0-{random}", hours=-1)
    add_token(fly, "revoked", f"relay-staging-r0-{random}", revoked=True)
    add_token(fly, "other-rotation", f"relay-staging-r1-{random}")
    add_token(fly, "other-stack", f"relay-staging-2-r0-{random}")
    add_token(fly, "by-hand", "relay-staging-r0-by-hand")
    add_token(fly, "other-app", f"relay-staging-r0-{random}", app="other")
    token.up(**inputs())
    revoking = [call.argv[3:] for call in fly.calls if call.command == "tokens revoke"]
    assert revoking == [("stray1", "stray2")]
    assert fly.working_tokens() == [
        *("expired", "other-rotation", "other-stack", "by-hand", "other-app"),
        token.outs["token_id"],
    ]


def test_another_rotation_is_another_resource_beside_the_old_one(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    newer = Managed(DeployTokenProvider())
    newer.up(**inputs(rotation=1))
    assert fly.working_tokens() == [token.outs["token_id"], newer.outs["token_id"]]
    assert newer.id != token.id
    assert "-r1-" in newer.outs["token_name"]
    token.destroy()
    assert fly.working_tokens() == [newer.outs["token_id"]]


def test_another_expiry_counts_for_the_next_token(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    assert token.up(**inputs(expiry_hours=24)) == "same"
    assert fly.working_tokens() == ["tok0"]


def test_moved_code_mints_nothing(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    outs, count = dict(token.outs), len(fly.calls)
    assert token.up(**inputs(), __provider="moved") == "update"
    assert token.outs == {**outs, "__provider": "moved"}
    assert len(fly.calls) == count


@pytest.mark.parametrize("change", [{"prefix": "relay-other"}, {"rotation": 1}, {"app": "relay-api-2"}])
def test_another_name_or_app_is_another_token(fly: FakeFly, token: Managed, change: dict[str, object]) -> None:
    fly.add_app("relay-api-2")
    token.up(**inputs())
    assert token.up(**inputs(**change)) == "replace"
    assert fly.working_tokens() == [token.outs["token_id"]] == ["tok1"]


def test_refresh_is_one_read_and_changes_nothing(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    outs, count = dict(token.outs), len(fly.calls)
    token.refresh()
    assert token.outs == outs
    assert [call.command for call in fly.calls[count:]] == ["tokens list"]


@pytest.mark.parametrize("fate", ["revoked", "expired", "unlisted", "app gone"])
def test_refresh_forgets_a_token_that_works_no_more(fly: FakeFly, token: Managed, fate: str) -> None:
    token.up(**inputs())
    if fate == "revoked":
        fly.tokens["tok0"]["revoked"] = True
    elif fate == "expired":
        fly.tokens["tok0"]["expires"] = NOW
    elif fate == "unlisted":
        fly.tokens.clear()
    else:
        fly.apps.clear()
    token.refresh()
    assert token.id == ""
    if fate != "app gone":
        assert token.up(**inputs()) == "create"


def test_delete_revokes(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    fly.calls.clear()
    token.destroy()
    assert fly.working_tokens() == []
    assert fly.commands() == ["tokens revoke"]


@pytest.mark.parametrize("fate", ["revoked", "unlisted", "app gone"])
def test_deleting_what_works_no_more_is_done(fly: FakeFly, token: Managed, fate: str) -> None:
    token.up(**inputs())
    fly.tokens["tok0"]["revoked"] = True
    if fate == "unlisted":
        fly.tokens.clear()
    if fate == "app gone":
        fly.apps.clear()
    token.destroy()


def test_a_revocation_flyctl_does_not_confirm_is_an_error(fly: FakeFly, token: Managed) -> None:
    token.up(**inputs())
    fly._tokens_revoke = lambda *_: fly._version()._replace(stdout="")  # type: ignore[method-assign]
    with pytest.raises(FlyctlFailedError, match="they still work: tok0"):
        token.destroy()


def test_a_token_that_is_not_listed_is_an_error_and_a_stray_of_the_next_run(
    fly: FakeFly, token: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = fly._tokens_list
    with monkeypatch.context() as patch:
        patch.setattr(fly, "_tokens_list", lambda *args: original(args[0], args[1], args[2], "another app"))
        with pytest.raises(UnexpectedAnswerError, match=r"relay-staging-r0-\w+ is not in the list"):
            token.up(**inputs())
    token.up(**inputs())
    assert fly.working_tokens() == [token.outs["token_id"]] == ["tok1"]


def test_an_app_that_stays_unknown_is_an_error(fly: FakeFly, token: Managed, clock: Clock) -> None:
    fly.apps.clear()
    with pytest.raises(AppNotFoundError):
        token.up(**inputs())
    assert clock.seconds >= 30


def test_a_preview_runs_nothing(fly: FakeFly, token: Managed) -> None:
    assert token.plan(**inputs()) == "create"
    assert token.plan(**inputs(app=UNKNOWN)) == "create"
    assert fly.calls == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prefix": "a b"}, "prefix 'a b'"),
        ({"prefix": "a│b"}, "prefix 'a│b'"),
        ({"prefix": "-x"}, "prefix '-x'"),
        ({"prefix": ""}, "prefix ''"),
        ({"rotation": -1}, "rotation is -1"),
        ({"rotation": 0.5}, "rotation is 0.5"),
        ({"expiry_hours": 0}, "expiry_hours is 0"),
        ({"expiry_hours": 1.5}, "expiry_hours is 1.5"),
        ({"app": "X"}, "'X': a Fly app name has 1 to 63"),
    ],
)
def test_bad_inputs_are_refused_at_preview(token: Managed, change: dict[str, object], reason: str) -> None:
    with pytest.raises(CheckFailedError, match=re.escape(reason)):
        token.plan(**inputs(**change))
