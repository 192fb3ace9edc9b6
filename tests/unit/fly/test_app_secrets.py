"""Secrets: which are written, removed, kept, reported, and how drift shows."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.output import UNKNOWN, Unknown

from infra.providers.fly.app_secrets import CHANGED, DELETED, digest
from infra.providers.fly.errors import AppNotFoundError, FlyError, RefusedError, UnexpectedAnswerError
from infra.providers.fly.process import Completed
from infra.providers.fly.resources import SecretsProvider
from tests.unit.fly.engine import KEY, CheckFailedError, Managed

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.providers.fly.flyctl import Flyctl
    from tests.unit.fly.conftest import Clock
    from tests.unit.fly.standin import StandIn

OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
APP = "relay-api"


@pytest.fixture
def secrets(fly: StandIn) -> Managed:
    fly.add_app(APP)
    return Managed(SecretsProvider())


def inputs(*, keep: list[str] | None = None, values: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    return {
        "app": APP,
        "values": {"A": "one", "B": "two"} if values is None else values,
        "keep": keep or [],
        "slots": {},
        "digest_key": KEY,
        "adopted": False,
        "rollout": False,
        **changes,
    }


def imported(fly: StandIn) -> bytes:
    return next(call.stdin for call in reversed(fly.calls) if call.command == "secrets import")


# Create.


def test_all_values_are_staged_in_one_write_and_read_back(fly: StandIn, secrets: Managed) -> None:
    assert secrets.up(**inputs()) == "create"
    assert fly.values(APP) == {"A": "one", "B": "two"}
    assert fly.commands() == ["version", "secrets import", "secrets list"]
    assert "--stage" in fly.calls[1].argv
    assert secrets.outs["staged"] == ["A", "B"]
    assert secrets.outs["foreign"] == []
    assert secrets.outs["digests"] == {"A": digest(KEY, "A", "one"), "B": digest(KEY, "B", "two")}


def test_fly_digests_are_not_in_the_state(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    for secret in fly.secrets(APP).values():
        assert secret["digest"] not in json.dumps(secrets.outs)


def test_a_rollout_is_not_staged(fly: StandIn, secrets: Managed) -> None:
    fly.deploy(APP)
    secrets.up(**inputs(rollout=True))
    assert "--stage" not in fly.calls[1].argv
    assert secrets.outs["staged"] == []


def test_no_values_are_no_write(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs(values={}))
    assert fly.commands() == ["version", "secrets list"]
    assert secrets.outs["foreign"] == ["HAND"]


def test_kept_names_must_exist_and_are_left_alone(fly: StandIn, secrets: Managed) -> None:
    with pytest.raises(RefusedError, match=r"does not have them: K, L\..*Nothing was written"):
        secrets.up(**inputs(keep=["K", "L"]))
    assert not fly.writes()
    fly.set_secrets(APP, K="precious")
    secrets.up(**inputs(keep=["K"]))
    assert fly.values(APP)["K"] == "precious"
    assert secrets.outs["foreign"] == []


def test_a_new_app_may_be_unknown_for_some_seconds(fly: StandIn, clock: Clock, flyctl: Flyctl) -> None:
    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.seconds >= 9 and not fly.apps():
            fly.add_app(APP)

    flyctl.sleep = sleep
    Managed(SecretsProvider()).up(**inputs())
    assert fly.values(APP) == {"A": "one", "B": "two"}


def test_an_app_that_stays_unknown_is_an_error(fly: StandIn, secrets: Managed, clock: Clock) -> None:
    fly.drop_apps()
    with pytest.raises(AppNotFoundError):
        secrets.up(**inputs())
    assert 30 <= clock.seconds < 60


def test_a_name_that_did_not_arrive_is_an_error(fly: StandIn, secrets: Managed) -> None:
    fly.replies["secrets import"] = Completed(0)
    fly.set_secrets(APP, A="one")
    with pytest.raises(UnexpectedAnswerError, match="did not arrive: B"):
        secrets.up(**inputs())


# Update.


def test_only_what_changed_is_written(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    count = len(fly.calls)
    assert secrets.up(**inputs(values={"A": "one", "B": "new", "C": "three"})) == "update"
    assert fly.commands(count) == ["secrets list", "secrets import", "secrets list"]
    assert imported(fly) == b"B='new'\nC='three'\n"


def test_what_is_managed_no_more_is_removed_in_one_write(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs(values={"A": "1", "B": "2", "C": "3"}))
    fly.calls.clear()
    secrets.up(**inputs(values={"A": "1"}))
    assert fly.values(APP) == {"HAND": "made", "A": "1"}
    assert fly.writes() == {"secrets unset": 1}
    assert fly.calls[1].argv[3:5] == ("B", "C")
    assert "--stage" in fly.calls[1].argv


def test_a_removal_that_did_not_happen_is_an_error(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.replies["secrets unset"] = Completed(0)
    with pytest.raises(UnexpectedAnswerError, match="were not removed: B"):
        secrets.up(**inputs(values={"A": "one"}))


def test_a_rollout_with_a_removal_restarts_once(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.calls.clear()
    secrets.up(**inputs(values={"A": "new"}, rollout=True))
    writes = [call.argv for call in fly.calls if call.command in {"secrets import", "secrets unset"}]
    assert ["--stage" in argv for argv in writes] == [True, False]


def test_names_wander_between_managed_and_kept(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.calls.clear()
    secrets.up(**inputs(values={"A": "one"}, keep=["B"]))
    assert not fly.writes()
    assert fly.values(APP)["B"] == "two"
    secrets.up(**inputs(values={"A": "one", "B": "given"}))
    assert fly.values(APP)["B"] == "given"
    secrets.up(**inputs(values={"A": "one"}, keep=["B"]))
    secrets.up(**inputs(values={"A": "one"}))
    assert fly.values(APP)["B"] == "given"
    assert secrets.outs["foreign"] == ["B"]


def test_a_foreign_secret_is_not_overwritten_before_it_was_kept(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs())
    assert secrets.outs["foreign"] == ["HAND"]
    more = {"A": "one", "B": "two", "HAND": "given"}
    with pytest.raises(RefusedError, match=r"not made by this stack: HAND\. Remove them: `flyctl secrets unset"):
        secrets.up(**inputs(values=more))
    with pytest.raises(RefusedError, match=r"HAND\. Put them under `adopt\.keep` first, or remove them: `flyctl"):
        secrets.up(**inputs(values=more, adopted=True))
    assert fly.values(APP)["HAND"] == "made"
    secrets.up(**inputs(keep=["HAND"]))
    secrets.up(**inputs(values=more))
    assert fly.values(APP)["HAND"] == "given"


def test_a_kept_name_that_is_gone_stops_an_update_before_it_writes(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, K="precious")
    secrets.up(**inputs(keep=["K"]))
    fly.set_secrets(APP, K=None)
    fly.calls.clear()
    with pytest.raises(RefusedError, match="does not have them: K"):
        secrets.up(**inputs(values={"A": "new"}, keep=["K"]))
    assert not fly.writes()


def test_another_digest_key_writes_no_secret_and_keeps_drift_visible(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.calls.clear()
    assert secrets.up(**inputs(digest_key=OTHER_KEY)) == "update"
    assert fly.commands() == ["secrets list"]
    secrets.refresh()
    assert secrets.plan(**inputs(digest_key=OTHER_KEY)) == "same"
    fly.set_secrets(APP, A="changed by hand")
    secrets.up(**inputs())
    assert fly.values(APP)["A"] == "one"


def test_a_foreign_change_is_mended_by_any_write(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.set_secrets(APP, A="changed by hand")
    secrets.up(**inputs(values={"A": "one", "B": "new"}))
    assert fly.values(APP) == {"A": "one", "B": "new"}


@pytest.mark.parametrize("change", [{"adopted": True}, {"__provider": "moved"}])
def test_settings_are_recorded_without_flyctl(fly: StandIn, secrets: Managed, change: dict[str, Any]) -> None:
    secrets.up(**inputs())
    count = len(fly.calls)
    assert secrets.up(**inputs(**change)) == "update"
    assert fly.commands(count) == []
    for key, value in change.items():
        assert secrets.outs[key] == value
    secrets.refresh()
    assert secrets.plan(**inputs(**change)) == "same"


# Retire: an older slot goes only once machines run with the present value.


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


def staged(fly: StandIn) -> None:
    fly.set_secrets(APP, B="new")


def partial(fly: StandIn) -> None:
    (machine,) = fly.app(APP)["machines"]
    fly.set_secrets(APP, B="new")
    fly.deploy(APP)
    fly.change_app(APP, machines=[machine, *fly.app(APP)["machines"]])


def not_worked_out(fly: StandIn) -> None:
    fly.change_app(APP, machines=101 * fly.app(APP)["machines"])


def gone(fly: StandIn) -> None:
    fly.set_secrets(APP, B=None)


def set_by_hand(fly: StandIn) -> None:
    fly.set_secrets(APP, B="old")
    fly.deploy(APP)


@pytest.mark.parametrize("state", [staged, partial, not_worked_out, gone, set_by_hand])
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
    assert set(fly.commands()) == {"secrets list"}
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


def test_another_app_is_another_resource(fly: StandIn, secrets: Managed) -> None:
    fly.add_app("relay-api-2")
    secrets.up(**inputs())
    assert secrets.up(**inputs(app="relay-api-2")) == "replace"
    assert fly.values("relay-api-2") == {"A": "one", "B": "two"}
    assert fly.values(APP) == {}


# Refresh.


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


def test_a_drifted_secret_that_is_managed_no_more_is_removed(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    fly.set_secrets(APP, A="changed by hand")
    secrets.refresh()
    secrets.up(**inputs(values={"B": "two"}))
    assert fly.values(APP) == {"B": "two"}


def test_a_kept_name_that_is_gone_shows(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, K="precious")
    secrets.up(**inputs(keep=["K"]))
    fly.set_secrets(APP, K=None)
    secrets.refresh()
    assert secrets.inputs["keep"] == []
    with pytest.raises(RefusedError, match="does not have them: K"):
        secrets.up(**inputs(keep=["K"]))


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
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs())
    secrets.refresh()
    if not recorded:  # as in the state of an older version
        del secrets.outs["not_ours"]
    with pytest.raises(RefusedError, match="not made by this stack: HAND"):
        secrets.up(**inputs(values={"HAND": "given"}))


def test_a_foreign_secret_that_was_removed_may_be_given(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs())
    fly.set_secrets(APP, HAND=None)
    secrets.up(**inputs(values={"HAND": "given"}))
    assert fly.values(APP) == {"HAND": "given"}


# Delete.


def test_delete_removes_exactly_the_managed_names(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, K="precious", HAND="precious")
    secrets.up(**inputs(keep=["K"], values={"B": "two", "A": "one"}))
    secrets.destroy()
    assert fly.calls[-1].argv[3:5] == ("A", "B")
    assert fly.values(APP) == {"K": "precious", "HAND": "precious"}


def test_delete_without_values_runs_nothing(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs(values={}))
    count = len(fly.calls)
    secrets.destroy()
    assert fly.commands(count) == []


def test_an_app_whose_name_somebody_else_has_by_now_is_gone(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs(organization="acme"))
    fly.change_app(APP, organization="rivals")
    secrets.refresh()
    assert secrets.id == ""


def test_the_secrets_of_an_adopted_app_stay(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs(adopted=True))
    with pytest.raises(RefusedError, match="removing its secrets failed: the app was adopted"):
        secrets.destroy()
    assert fly.values(APP) == {"A": "one", "B": "two"}


# Preview.


def test_a_preview_runs_nothing_and_shows_names_and_digests(fly: StandIn, secrets: Managed) -> None:
    result = secrets.provider.check({}, {"__provider": "p", **inputs()})
    assert result.inputs["digests"] == {"A": digest(KEY, "A", "one"), "B": digest(KEY, "B", "two")}
    secrets.plan(**inputs())
    assert fly.calls == []


def test_digests_depend_on_key_name_and_value() -> None:
    parts = [(KEY, "A", "x"), (OTHER_KEY, "A", "x"), (KEY, "B", "x"), (KEY, "A", "y"), (KEY, "Ax", "")]
    digests = {digest(*part) for part in parts}
    assert len(digests) == len(parts)
    assert all(len(text) == 12 for text in digests)


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({"digest_key": UNKNOWN}, ["A", "B"]),
        ({"values": {"A": "one", "B": UNKNOWN}}, ["B"]),
    ],
)
def test_what_is_unknown_has_an_unknown_digest(secrets: Managed, change: dict[str, Any], unknown: list[str]) -> None:
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
        ({"values": {"A": "\ud800hunter2"}}, "secret 'A': the value is not valid Unicode"),
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
