"""An app's secrets: which are written, removed, and kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly.app_secrets import digest
from infra.providers.fly.errors import AppNotFoundError, RefusedError, UnexpectedAnswerError
from infra.providers.fly.process import Completed
from infra.providers.fly.resources import SecretsProvider
from tests.unit.fly.engine import KEY, Managed
from tests.unit.fly.secrets_inputs import APP, OTHER_KEY, imported, inputs

if TYPE_CHECKING:
    from infra.providers.fly.flyctl import Flyctl
    from tests.unit.fly.conftest import Clock
    from tests.unit.fly.standin import StandIn


FAILED = "^Fly app relay-api: setting its secrets failed:"


def test_all_values_are_staged_in_one_write_and_read_back(fly: StandIn, secrets: Managed) -> None:
    assert secrets.up(**inputs()) == "create"
    assert fly.values(APP) == {"A": "one", "B": "two"}
    assert fly.commands() == ["version", "secrets import", "secrets list"]
    assert "--stage" in fly.calls[1].argv
    assert secrets.outs["staged"] == ["A", "B"]
    assert secrets.outs["foreign"] == []
    assert secrets.outs["digests"] == {"A": digest(KEY, "A", "one"), "B": digest(KEY, "B", "two")}
    for secret in fly.secrets(APP).values():
        assert secret["digest"] not in json.dumps(secrets.outs)


def test_a_rollout_is_not_staged(fly: StandIn, secrets: Managed) -> None:
    fly.deploy(APP)
    secrets.up(**inputs(rollout=True))
    secrets.up(**inputs(values={"A": "new", "B": "two"}, rollout=True))
    assert not [call for call in fly.calls if "--stage" in call.argv]
    assert secrets.outs["staged"] == []


def test_no_values_are_no_write(fly: StandIn, secrets: Managed) -> None:
    fly.set_secrets(APP, HAND="made")
    secrets.up(**inputs(values={}))
    assert fly.commands() == ["version", "secrets list"]
    assert secrets.outs["foreign"] == ["HAND"]


def test_kept_names_must_exist_and_are_left_alone(fly: StandIn, secrets: Managed) -> None:
    with pytest.raises(RefusedError, match=rf"{FAILED}.* not have them: K, L\..*Nothing was written\.$"):
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
    with pytest.raises(UnexpectedAnswerError, match=rf"{FAILED} these secrets did not arrive: A, B\. Run `pulumi up`"):
        secrets.up(**inputs())


def test_only_what_changed_is_written(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    count = len(fly.calls)
    assert secrets.up(**inputs(values={"A": "one", "B": "new", "C": "three"})) == "update"
    assert fly.commands(count) == ["secrets list", "secrets import", "secrets list"]
    assert imported(fly) == b"B='new'\nC='three'\n"


def test_names_that_are_no_longer_managed_are_removed_in_one_write(fly: StandIn, secrets: Managed) -> None:
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
    with pytest.raises(RefusedError, match=rf"{FAILED} .* not made by this stack: HAND\. Remove them: `flyctl"):
        secrets.up(**inputs(values=more))
    with pytest.raises(RefusedError, match=r"HAND\. Put them under `adopt\.keep` first, or remove them: `flyctl"):
        secrets.up(**inputs(values=more, adopted=True))
    assert fly.values(APP)["HAND"] == "made"
    secrets.up(**inputs(keep=["HAND"]))
    secrets.up(**inputs(values=more))
    assert fly.values(APP)["HAND"] == "given"


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


def test_a_setting_is_recorded_without_flyctl(fly: StandIn, secrets: Managed) -> None:
    secrets.up(**inputs())
    count = len(fly.calls)
    assert secrets.up(**inputs(adopted=True)) == "update"
    assert fly.commands(count) == []
    assert secrets.outs["adopted"] is True
    secrets.refresh()
    assert secrets.plan(**inputs(adopted=True)) == "same"


def test_another_app_is_another_resource(fly: StandIn, secrets: Managed) -> None:
    fly.add_app("relay-api-2")
    secrets.up(**inputs())
    assert secrets.up(**inputs(app="relay-api-2")) == "replace"
    assert fly.values("relay-api-2") == {"A": "one", "B": "two"}
    assert fly.values(APP) == {}


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
    with pytest.raises(RefusedError, match=r"^Fly app relay-api: removing its secrets failed: the app was adopted"):
        secrets.destroy()
    assert fly.values(APP) == {"A": "one", "B": "two"}
