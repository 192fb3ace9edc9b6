"""Deploy tokens: minted once, revoked, and no strays; a rotation is another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly.errors import FlyctlFailedError, UnexpectedAnswerError
from infra.providers.fly.process import Completed
from infra.providers.fly.resources import DeployTokenProvider
from tests.unit.fly.engine import CheckFailedError, Managed
from tests.unit.fly.standin import NOW

if TYPE_CHECKING:
    from tests.unit.fly.standin import StandIn

APP = "relay-api"
MAKING, REVOKING = (f"^Fly app {APP}: {action} failed:" for action in ("making a deploy token", "revoking tokens"))


@pytest.fixture
def token(fly: StandIn) -> Managed:
    fly.add_app(APP)
    return Managed(DeployTokenProvider())


def inputs(**changes: object) -> dict[str, object]:
    return {"app": APP, "prefix": "relay-staging", "rotation": 0, "expiry_hours": 720, **changes}


def test_a_token_is_minted_and_its_id_found(fly: StandIn, token: Managed) -> None:
    assert token.up(**inputs()) == "create"
    assert fly.commands() == ["version", "tokens list", "tokens create deploy", "tokens list"]
    assert re.fullmatch(r"FlyV1 fm2_\w+,fm2_\w+", token.outs["token"])
    assert [token.outs["token_id"]] == fly.working_tokens()
    assert re.fullmatch(r"relay-staging-r0-[0-9a-f]{16}", token.outs["token_name"])
    assert token.outs["expires_at"] == "2026-10-01T00:00:00+00:00"


def test_strays_are_revoked_first_and_nobody_elses(fly: StandIn, token: Managed) -> None:
    random = "0123456789abcdef"
    fly.add_app("other")
    strays = [fly.add_token(f"relay-staging-r0-{hex_}", APP) for hex_ in (random, random[::-1])]
    fly.revoke(fly.add_token(f"relay-staging-r0-{random}", APP))
    others = [
        fly.add_token(f"relay-staging-r0-{random}", APP, hours=-1),
        fly.add_token(f"relay-staging-r1-{random}", APP),
        fly.add_token(f"relay-staging-2-r0-{random}", APP),
        fly.add_token("relay-staging-r0-by-hand", APP),
        fly.add_token(f"relay-staging-r0-{random}", "other"),
    ]
    token.up(**inputs())
    assert [call.argv[3:] for call in fly.calls if call.command == "tokens revoke"] == [tuple(strays)]
    assert fly.working_tokens() == [*others, token.outs["token_id"]]


def test_another_expiry_counts_for_the_next_token(fly: StandIn, token: Managed) -> None:
    token.up(**inputs())
    assert token.up(**inputs(expiry_hours=24)) == "same"
    assert fly.working_tokens() == [token.outs["token_id"]]


@pytest.mark.parametrize("change", [{"prefix": "relay-other"}, {"rotation": 1}, {"app": "relay-api-2"}])
def test_another_name_or_app_is_another_token(fly: StandIn, token: Managed, change: dict[str, object]) -> None:
    fly.add_app("relay-api-2")
    token.up(**inputs())
    old = token.outs["token_id"]
    assert token.up(**inputs(**change)) == "replace"
    assert fly.working_tokens() == [token.outs["token_id"]] != [old]


@pytest.mark.parametrize("fate", ["revoked", "expired", "unlisted"])
def test_refresh_forgets_a_token_that_works_no_more(fly: StandIn, token: Managed, fate: str) -> None:
    token.up(**inputs())
    if fate == "revoked":
        fly.revoke(token.outs["token_id"])
    elif fate == "expired":
        fly.change_token(token.outs["token_id"], expires=NOW.timestamp())
    else:
        fly.forget_token(token.outs["token_id"])
    token.refresh()
    assert token.id == ""
    assert token.up(**inputs()) == "create"


def test_delete_revokes(fly: StandIn, token: Managed) -> None:
    token.up(**inputs())
    fly.calls.clear()
    token.destroy()
    assert fly.working_tokens() == []
    assert fly.commands() == ["tokens revoke"]


@pytest.mark.parametrize("fate", ["revoked", "unlisted"])
def test_deleting_a_dead_token_is_no_error(fly: StandIn, token: Managed, fate: str) -> None:
    token.up(**inputs())
    fly.revoke(token.outs["token_id"])
    if fate == "unlisted":
        fly.forget_token(token.outs["token_id"])
    token.destroy()


def test_a_token_without_an_end_works_for_ever(fly: StandIn, token: Managed) -> None:
    token.up(**inputs())
    fly.change_token(token.outs["token_id"], expires=None)
    token.refresh()
    assert token.id


def test_a_revocation_flyctl_does_not_confirm_is_an_error(fly: StandIn, token: Managed) -> None:
    token.up(**inputs())
    fly.replies["tokens revoke"] = Completed(0)
    with pytest.raises(
        FlyctlFailedError, match=rf"{REVOKING} .*, and they still work: {token.outs['token_id']}\. Revoke them"
    ):
        token.destroy()


def test_a_token_that_is_not_listed_is_an_error_and_a_stray_of_the_next_run(fly: StandIn, token: Managed) -> None:
    fly.replies["tokens list"] = Completed(0, "ID │ NAME │ EXPIRES AT │ REVOKED AT\n")
    with pytest.raises(
        UnexpectedAnswerError, match=rf"{MAKING} the new token relay-staging-r0-\w+ is not in the list\. Run `pu"
    ):
        token.up(**inputs())
    (stray,) = fly.working_tokens()
    fly.replies.clear()
    token.up(**inputs())
    assert fly.working_tokens() == [token.outs["token_id"]] != [stray]


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
