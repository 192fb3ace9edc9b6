"""A preview of secrets: digests, values that are not known yet, inputs that are refused."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.output import UNKNOWN, Unknown

from infra.providers.fly.app_secrets import digest
from infra.providers.fly.errors import FlyError
from tests.unit.fly.engine import KEY, CheckFailedError, Managed
from tests.unit.fly.secrets_inputs import OTHER_KEY, inputs

if TYPE_CHECKING:
    from tests.unit.fly.standin import StandIn


def test_a_preview_runs_nothing(fly: StandIn, secrets: Managed) -> None:
    secrets.plan(**inputs())
    assert fly.calls == []


def test_digests_depend_on_key_name_and_value() -> None:
    parts = [(KEY, "A", "x"), (OTHER_KEY, "A", "x"), (KEY, "B", "x"), (KEY, "A", "y"), (KEY, "Ax", "")]
    digests = {digest(*part) for part in parts}
    assert len(digests) == len(parts)
    assert all(len(text) == 12 for text in digests)


@pytest.mark.parametrize(
    ("change", "unknown"), [({"digest_key": UNKNOWN}, ["A", "B"]), ({"values": {"A": "one", "B": UNKNOWN}}, ["B"])]
)
def test_an_unknown_value_has_an_unknown_digest(secrets: Managed, change: dict[str, Any], unknown: list[str]) -> None:
    result = secrets.provider.check({}, inputs(**change))
    assert result.failures == []
    assert [name for name, value in result.inputs["digests"].items() if isinstance(value, Unknown)] == unknown


def test_unknown_names_have_unknown_digests(secrets: Managed) -> None:
    result = secrets.provider.check({}, {**inputs(), "values": UNKNOWN, "app": UNKNOWN})
    assert result.failures == []
    assert isinstance(result.inputs["digests"], Unknown)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"values": {"1A": "hunter2"}}, "secret '1A': a secret's name has letters"),
        ({"values": {"A": 'hunter2"""\nx', "B": 5}}, "secret 'A': the value has several lines, one of which ends"),
        ({"values": {"A": "x", "B": 5}}, "secret 'B': a value is a string"),
        ({"values": {"A": "hunter2"}, "keep": ["A"]}, "secret 'A': it is both kept and given a value"),
        ({"values": {"A": UNKNOWN}, "keep": ["A"]}, "both kept and given"),
        ({"keep": ["-x"]}, "kept secret '-x': a secret's name has letters"),
        ({"digest_key": "hunter2"}, "digest_key is not the base64 form of 32 bytes"),
        ({"digest_key": base64.b64encode(b"hunter2").decode()}, "digest_key is not"),
        ({"app": "../x"}, "'../x': a Fly app name has 1 to 63"),
    ],
)
def test_bad_inputs_are_refused_at_preview_without_a_value(
    secrets: Managed, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CheckFailedError) as caught:
        secrets.plan(**inputs(**change))
    assert reason in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_error_hides_secrets_and_shows_plain_settings(fly: StandIn, secrets: Managed) -> None:
    fly.break_at(1, "exit1")
    with pytest.raises(FlyError, match=r"A='staging' B='\[secret\]'"):
        secrets.up(**inputs(values={"A": "staging", "B": "hunter2"}, plain=["A"]))
    fly.heal()
    secrets.up(**inputs(values={"A": "staging", "B": "hunter2"}, plain=["A"]))
    fly.break_at(len(fly.calls) + 1, "exit1")
    with pytest.raises(FlyError, match=r"A='production' B='\[secret\]'"):
        secrets.up(**inputs(values={"A": "production", "B": "hunter3"}, plain=["A"]))
