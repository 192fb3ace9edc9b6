"""Test the random provider: it makes a value once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.sandbox.face import Face

if TYPE_CHECKING:
    from sandbox.world.store import World

PASSWORD = "random:index/randomPassword:RandomPassword"


@pytest.fixture
def random(world: World) -> Face:
    return Face(world, "random")


def test_keepers_make_a_new_password(random: Face) -> None:
    _, state = random.create(PASSWORD, {"length": 8, "keepers": {"turn-1": "a"}})
    changed = random.diff(PASSWORD, state, {"length": 8, "keepers": {"turn-1": "b"}})
    assert changed == {'keepers["turn-1"]': "UPDATE_REPLACE"}


def test_a_password_has_no_telling_id(random: Face) -> None:
    identity, state = random.create(PASSWORD, {"length": 40})
    assert identity == "none"
    assert len(state["result"]) == 40
    assert random.secrets(PASSWORD, {"length": 40}) == {"result", "bcryptHash"}
    assert random.diff(PASSWORD, state, {"length": 40}) == {}
    assert random.refresh(PASSWORD, identity, state) == (state, {})
    assert random.diff(PASSWORD, state, {"length": 40, "special": False}) == {"special": "UPDATE_REPLACE"}
    random.delete(PASSWORD, identity, state)


def test_a_password_is_of_the_characters_asked_for(random: Face) -> None:
    only = {"upper": False, "numeric": False, "special": False}
    _, state = random.create(PASSWORD, {"length": 60, **only})
    assert state["result"].isalpha()
    assert state["result"].islower()


@pytest.mark.parametrize(
    ("news", "path"),
    [
        ({}, "length"),
        ({"length": 1, "minUpper": 2}, "minUpper"),
    ],
)
def test_what_check_refuses(random: Face, news: dict[str, Any], path: str) -> None:
    assert list(random.check(PASSWORD, news)[1]) == [path]
