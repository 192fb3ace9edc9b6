"""Secrets that somebody else touched: how drift shows, and what the next `up` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.providers.fly.app_secrets import CHANGED, DELETED, digest
from infra.providers.fly.errors import RefusedError
from tests.unit.fly.engine import KEY, Managed
from tests.unit.fly.secrets_inputs import APP, imported, inputs

if TYPE_CHECKING:
    from tests.unit.fly.standin import StandIn


def test_refresh_asks_again_where_no_secret_is_live(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    count = len(fly.calls)
    secrets.refresh()
    assert fly.commands(count) == ["secrets list", "secrets list"]


def test_refresh_leaves_settings_that_are_newer_than_the_outputs(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    assert secrets.up(**inputs(rollout=True)) == "same"
    secrets.refresh()
    assert secrets.inputs["rollout"] is True


def test_foreign_changes_show_and_are_mended_by_the_next_up(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs(values={"A": "1", "B": "2", "C": "3"}))
    fly.set_secrets(APP, A="changed by hand")
    fly.set_secrets(APP, B=None)
    secrets.refresh()
    for side in (secrets.outs, secrets.inputs):
        assert side["digests"] == {"A": CHANGED, "B": DELETED, "C": digest(KEY, "C", "3")}
    assert secrets.inputs.keys() == {"__provider", "digests", *inputs()}
    assert secrets.up(**inputs(values={"A": "1", "B": "2", "C": "3"})) == "update"
    assert imported(fly) == b"A='1'\nB='2'\n"
    assert fly.values(APP) == {"A": "1", "B": "2", "C": "3"}
    assert secrets.up(**inputs(values={"A": "1", "B": "2", "C": "3"})) == "same"


def test_a_change_that_was_undone_by_hand_is_no_drift_any_more(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.set_secrets(APP, A="changed by hand")
    secrets.refresh()
    fly.set_secrets(APP, A="one")
    secrets.refresh()
    assert secrets.inputs["digests"] == {"A": digest(KEY, "A", "one"), "B": digest(KEY, "B", "two")}
    assert secrets.plan(**inputs()) == "same"


def test_a_kept_name_that_is_gone_shows_and_stops_an_update_before_it_writes(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, K="precious")
    secrets.up(**inputs(keep=["K"]))
    fly.set_secrets(APP, K=None)
    secrets.refresh()
    assert secrets.inputs["keep"] == []
    fly.calls.clear()
    with pytest.raises(RefusedError, match="does not have them: K"):
        secrets.up(**inputs(values={"A": "new"}, keep=["K"]))
    assert not fly.writes()


def test_a_write_that_was_interrupted_is_repeated_though_a_look_came_between(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.set_secrets(APP, NEW="given")  # by an `up` that was killed before the state was written
    secrets.refresh()
    assert secrets.outs["foreign"] == ["NEW"]
    secrets.up(**inputs(values={"A": "one", "B": "two", "NEW": "given"}))
    assert fly.values(APP)["NEW"] == "given"
    assert secrets.outs["foreign"] == []


@pytest.mark.parametrize("recorded", [True, False])
def test_a_foreign_secret_stays_one_after_a_look(fly: StandIn, secrets: Managed, recorded: bool) -> None:
    fly.set_secrets(APP, HAND="made", HERS="made")
    secrets.up(**inputs())
    secrets.refresh()
    if not recorded:  # as in the state of an older version
        del secrets.outs["not_ours"]
    with pytest.raises(RefusedError, match=f"`flyctl secrets unset --stage HAND HERS -a {APP}`"):
        secrets.up(**inputs(values={"HAND": "given", "HERS": "given"}))


def test_a_foreign_secret_that_was_removed_may_be_given(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs())
    fly.set_secrets(APP, HAND=None)
    secrets.up(**inputs(values={"HAND": "given"}))
    assert fly.values(APP) == {"HAND": "given"}
