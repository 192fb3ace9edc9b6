"""Old values of secrets: an older slot goes only once machines run with the present value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly.app_secrets import CHANGED
from infra.providers.fly.errors import RefusedError
from tests.unit.fly.secrets_inputs import APP, inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.fly.engine import Managed
    from tests.unit.fly.standin import StandIn


@pytest.fixture
def rotated(fly: StandIn, secrets: Managed) -> Managed:
    """Secrets of which A and B were rotated, and C was not."""
    secrets.up(**inputs(values={"A": "old", "B": "old", "C": "c"}, slots={"A": [0], "B": [0]}))
    fly.deploy(APP)
    secrets.up(**inputs(values={"A": "new", "B": "new", "C": "c"}, slots={"A": [0, 1], "B": [0, 1]}))
    fly.calls.clear()
    return secrets


RETIRED = inputs(values={"A": "new", "B": "new", "C": "c"}, slots={"A": [1], "B": [1]})


def test_an_old_slot_goes_once_its_names_are_deployed(fly: StandIn, rotated: Managed) -> None:
    fly.deploy(APP)
    fly.set_secrets(APP, C="c")  # staged again, and another name
    assert rotated.up(**RETIRED) == "update"
    assert fly.commands() == ["secrets list"]
    assert rotated.outs["slots"] == {"A": [1], "B": [1]}
    assert rotated.outs["staged"] == ["C"]
    assert rotated.up(**RETIRED) == "same"


def test_both_slots_stay_where_none_is_retired(fly: StandIn, rotated: Managed) -> None:
    values, slots = {"A": "new", "B": "new", "C": "changed"}, {"A": [0, 1], "B": [0, 1]}
    assert rotated.up(**inputs(values=values, slots=slots)) == "update"
    assert fly.values(APP)["C"] == "changed"


def staged(fly: StandIn) -> None:
    fly.set_secrets(APP, B="new")


def not_worked_out(fly: StandIn) -> None:
    fly.change_app(APP, machines=101 * fly.app(APP)["machines"])


def gone(fly: StandIn) -> None:
    fly.set_secrets(APP, B=None)


def set_by_hand(fly: StandIn) -> None:
    fly.set_secrets(APP, B="old")
    fly.deploy(APP)


@pytest.mark.parametrize("state", [staged, not_worked_out, gone, set_by_hand])
def test_an_old_slot_stays_while_one_name_is_not_deployed(
    fly: StandIn, rotated: Managed, state: Callable[[StandIn], None]
) -> None:
    fly.deploy(APP)
    state(fly)
    before = dict(rotated.outs)
    with pytest.raises(RefusedError) as caught:
        rotated.up(**RETIRED)
    assert "Fly app relay-api: retiring the old secrets failed: machines may still use old values" in str(caught.value)
    assert re.search(r"would stop working: (A, )?B\. ", str(caught.value))
    assert "`flyctl secrets deploy -a relay-api`" in str(caught.value)
    # Of 101 machines flyctl says nothing: it is asked again, since its look at them may have failed.
    assert fly.commands() == ["secrets list"] * (2 if state is not_worked_out else 1)
    assert rotated.outs == before


def test_a_name_that_is_made_no_longer_loses_its_only_slot_at_once(fly: StandIn, secrets: Managed) -> None:
    """The program leaves its token working, so that machines may use it until they have the next value."""
    secrets.up(**inputs(values={"A": "minted"}, slots={"A": [0]}))
    assert secrets.up(**inputs(values={"A": "given"}, slots={})) == "update"


SLOTS = {"A": [0, 1], "B": [0, 1]}


@pytest.mark.parametrize(
    ("values", "slots", "names"),
    [
        pytest.param({"A": "given", "B": "given"}, {}, r"A, B\.", id="made no longer"),
        pytest.param({"A": "third", "B": "new"}, {**SLOTS, "A": [2]}, r"A\..*undo that first", id="one comes"),
        pytest.param({"A": "old", "B": "old"}, {"A": [0], "B": [0]}, r"A, B\.", id="taken back"),
    ],
)
def test_an_old_slot_stays_while_a_value_changes(
    fly: StandIn, rotated: Managed, values: dict[str, str], slots: dict[str, list[int]], names: str
) -> None:
    fly.deploy(APP)
    with pytest.raises(RefusedError, match=f"would stop working: {names}"):
        rotated.up(**inputs(values={**values, "C": "c"}, slots=slots))
    assert not fly.writes()


def test_a_state_from_before_there_were_slots_gets_them_without_flyctl(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    for side in (secrets.outs, secrets.inputs):
        del side["slots"]
    fly.set_secrets(APP, A="changed by hand")
    secrets.refresh()
    assert secrets.inputs["digests"]["A"] == CHANGED
    fly.set_secrets(APP, A="one")
    secrets.refresh()
    fly.calls.clear()
    assert secrets.up(**inputs(slots={"A": [0]})) == "update"
    assert fly.commands() == []
