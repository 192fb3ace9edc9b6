"""The random provider: values made once."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.sandbox.face import Face, Refused

if TYPE_CHECKING:
    from sandbox.world import World

BYTES = "random:index/randomBytes:RandomBytes"
PASSWORD = "random:index/randomPassword:RandomPassword"


@pytest.fixture
def random(world: World) -> Face:
    return Face(world, "random")


def test_bytes_are_made_once_and_their_id_gives_them_away(random: Face) -> None:
    identity, state = random.create(BYTES, {"length": 32})
    assert len(base64.b64decode(state["base64"])) == 32
    assert state["hex"] == base64.b64decode(state["base64"]).hex()
    # Not a slip: the real provider's id is the value, and ids are never encrypted.
    assert identity == state["base64"]
    assert random.secrets(BYTES, {"length": 32}) == {"base64", "hex"}
    assert random.refresh(BYTES, identity, state) == (state, {})
    assert random.diff(BYTES, state, {"length": 32}) == {}
    assert random.diff(BYTES, state, {"length": 33}) == {"length": "UPDATE_REPLACE"}
    assert random.create(BYTES, {"length": 32})[0] != identity
    random.delete(BYTES, identity, state)


def test_bytes_are_adopted_by_their_value(random: Face) -> None:
    value = base64.b64encode(bytes(range(200, 232))).decode()
    state, _ = random.adopt(BYTES, value)
    assert (state["base64"], state["length"]) == (value, 32)
    assert random.diff(BYTES, state, {"length": 32}) == {}
    with pytest.raises(Refused, match="base64"):
        random.adopt(BYTES, "not base64!")


def test_keepers_make_new_bytes(random: Face) -> None:
    _, state = random.create(BYTES, {"length": 8, "keepers": {"turn-1": "a"}})
    changed = random.diff(BYTES, state, {"length": 8, "keepers": {"turn-1": "b"}})
    assert changed == {'keepers["turn-1"]': "UPDATE_REPLACE"}


def test_a_password_has_no_telling_id(random: Face) -> None:
    identity, state = random.create(PASSWORD, {"length": 40})
    assert identity == "none"
    assert len(state["result"]) == 40
    assert random.secrets(PASSWORD, {"length": 40}) == {"result", "bcryptHash"}
    assert random.diff(PASSWORD, state, {"length": 40}) == {}
    assert random.diff(PASSWORD, state, {"length": 40, "special": False}) == {"special": "UPDATE_REPLACE"}
    adopted, _ = random.adopt(PASSWORD, state["result"])
    assert random.diff(PASSWORD, adopted, {"length": 40}) == {}


def test_a_password_is_of_the_characters_asked_for(random: Face) -> None:
    only = {"upper": False, "numeric": False, "special": False}
    _, state = random.create(PASSWORD, {"length": 60, **only})
    assert state["result"].isalpha()
    assert state["result"].islower()
    _, state = random.create(PASSWORD, {"length": 3, **only, "minNumeric": 2, "minSpecial": 1, "overrideSpecial": "."})
    assert sorted(c.isdigit() for c in state["result"]) == [False, True, True]
    assert "." in state["result"]


@pytest.mark.parametrize(
    ("kind", "news", "path"),
    [
        (BYTES, {"length": 0}, "length"),
        (BYTES, {}, "length"),
        (PASSWORD, {"length": 1, "minUpper": 2}, "length"),
        (PASSWORD, {"length": 1, "lower": False, "upper": False, "numeric": False, "special": False}, "lower"),
    ],
)
def test_what_check_refuses(random: Face, kind: str, news: dict[str, Any], path: str) -> None:
    assert list(random.check(kind, news)[1]) == [path]
