"""Which creations were lost, and whose what stands in the clouds is, against their HTTP APIs in the sandbox."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ops.recovery import files as recover_files
from ops.recovery import lost as recover_lost
from ops.recovery.found import Lock, Operation, RecoveryError, State, Window
from ops.recovery.lost import Past, Search
from ops.recovery.stack import Stack
from sandbox.world import cloudflare, github, ids, neon
from tests.unit.recovery.test_looks import (
    ACCOUNT,
    BUCKET,
    POLICY,
    PROJECT,
    PROVIDER,
    STACK,
    TOKEN,
    VARIABLE,
    creating,
    world,
)

if TYPE_CHECKING:
    from sandbox.world.store import Transaction, World

__all__ = ["world"]

PAGES = "cloudflare:index/pagesProject:PagesProject"
REPOSITORY_VARIABLE = "github:index/actionsVariable:ActionsVariable"
ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
PARENT = "urn:pulumi:staging::relay::relay:infra:Storage::storage"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RAN = [Window(NOON, NOON + timedelta(minutes=1))]
PLACE = ("tune-works", "tune")

Make = Callable[["Transaction"], Any]


class Thing(NamedTuple):
    """Something planned; what makes it in its cloud and returns its import id; what to do where it is another's."""

    operation: Operation
    make: Make
    adopt: str


def planned(type_: str, **inputs: Any) -> Operation:
    operation = creating(type_, **inputs)
    return Operation("creating", operation.resource | {"parent": PARENT})


def state(*resources: dict[str, Any], without: str = "") -> State:
    """Return a state that has what the creations belong to, and more; or not one of these."""
    found: dict[str, dict[str, Any]] = {PROVIDER: {"inputs": {"owner": "tune-works"}}, PARENT: {}}
    found |= {f"urn:pulumi:staging::relay::x:x:x::{place}": one for place, one in enumerate(resources)}
    return State([], {urn: one for urn, one in found.items() if urn != without})


def environment(tx: Transaction) -> Any:
    policy = {"protected_branches": False, "custom_branch_policies": True}
    return github.put_environment(tx, *PLACE, "eu/staging", deployment_branch_policy=policy)


def token(tx: Transaction) -> Any:
    made = {"id": ids.hexes(tx, "token"), "account_id": ACCOUNT, "name": "audio (pulumi)", "issued_on": ids.now()}
    tx.put("cloudflare", "token", made["id"], made)
    return made["id"]


THINGS = {
    "project": Thing(
        planned(PROJECT, name="tune"),
        lambda tx: neon.create_project(tx, {"name": "tune"})["id"],
        "set adopt.neonProject to its id",
    ),
    "bucket": Thing(
        planned(BUCKET, accountId=ACCOUNT, name="audio"),
        lambda tx: cloudflare.create_bucket(tx, ACCOUNT, {"name": "audio"}) and f"{ACCOUNT}/audio/default",
        "set adopt.bucket, or adopt.extraBuckets",
    ),
    "pages": Thing(
        planned(PAGES, accountId=ACCOUNT, name="tune"),
        lambda tx: cloudflare.create_pages(tx, ACCOUNT, {"name": "tune"}) and f"{ACCOUNT}/tune",
        "set adopt.pagesProject",
    ),
    "repository-variable": Thing(
        planned(REPOSITORY_VARIABLE, repository="tune", variableName="API_URL"),
        lambda tx: github.put_item(tx, "variable", *PLACE, "API_URL", value="x") and "tune:API_URL",
        "adopt.githubVariables",
    ),
    "environment-variable": Thing(
        planned(VARIABLE, repository="tune", environment="eu/staging", variableName="API_URL"),
        lambda tx: (
            environment(tx)
            and github.put_item(tx, "variable", *PLACE, "eu/staging", "API_URL", value="x")
            and "tune:eu/staging:API_URL"
        ),
        "adopt.githubVariables, beside adopt.githubEnvironment",
    ),
    "token": Thing(planned(TOKEN, name="audio (pulumi)", accountId=ACCOUNT), token, "rename it, or revoke"),
}


def verdicts(operation: Operation, found: State | None = None) -> list[tuple[str, str]]:
    search = Search(STACK, found or state(), RAN, [operation])
    return [(one.action, one.identity) for one in search.verdicts(operation)]


def made_at(monkeypatch: pytest.MonkeyPatch, world: World, time: datetime, make: Make) -> Any:
    monkeypatch.setattr(ids, "now", lambda: f"{time:%Y-%m-%dT%H:%M:%SZ}")
    with world.transaction() as tx:
        return make(tx)


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
@pytest.mark.parametrize("seconds", [0, -10, 70])
def test_what_was_made_while_a_failed_update_ran(
    world: World, monkeypatch: pytest.MonkeyPatch, thing: Thing, seconds: int
) -> None:
    assert verdicts(thing.operation) == []
    identity = made_at(monkeypatch, world, NOON + timedelta(seconds=seconds), thing.make)
    assert verdicts(thing.operation) == [("revoke" if thing.operation.type == TOKEN else "import", identity)]


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
@pytest.mark.parametrize("seconds", [-86400, -11, 71])
def test_what_was_made_at_another_time(
    world: World, monkeypatch: pytest.MonkeyPatch, thing: Thing, seconds: int
) -> None:
    at = NOON + timedelta(seconds=seconds)
    made_at(monkeypatch, world, at, thing.make)
    (found,) = Search(STACK, state(), RAN, [thing.operation]).verdicts(thing.operation)
    assert found.action == "leave"
    assert f"made at {at:%Y-%m-%d %H:%M:%S} UTC, in no update of this stack that failed; left alone." in found.said
    assert thing.adopt in found.said


@pytest.mark.parametrize("without", [PARENT, PROVIDER])
def test_what_belongs_to_something_that_the_state_has_not_got(
    world: World, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    operation = planned(PROJECT, name="tune")
    made_at(monkeypatch, world, NOON, lambda tx: neon.create_project(tx, {"name": "tune"}))
    (found,) = Search(STACK, state(without=without), RAN, [operation]).verdicts(operation)
    assert found.action == "leave"
    assert "Pulumi cannot import it: set adopt.neonProject to its id" in found.said


def test_a_provider_that_is_still_to_be_made_says_whose_the_repository_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = THINGS["repository-variable"]
    made_at(monkeypatch, world, NOON, thing.make)
    provider = Operation("creating", {"urn": PROVIDER, "type": "x", "inputs": {"owner": "tune-works"}})
    search = Search(STACK, state(without=PROVIDER), RAN, [provider, thing.operation])
    (found,) = search.verdicts(thing.operation)
    assert found.action == "leave"
    assert "the state has not got what it belongs to" in found.said
    with pytest.raises(RecoveryError, match=r"^the state does not say its owner$"):
        search._replace(planned=[]).verdicts(thing.operation)


def test_every_token_of_such_an_update_is_revoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = planned(TOKEN, name="audio (pulumi)", accountId=ACCOUNT)
    lost = [made_at(monkeypatch, world, NOON, token) for _ in range(3)]
    made_at(monkeypatch, world, NOON - timedelta(days=1), token)
    found = verdicts(operation, state({"id": lost[1]}))
    assert sorted(found) == sorted([("revoke", lost[0]), ("revoke", lost[2]), ("leave", "")])


def test_two_projects_that_may_be_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        made_at(monkeypatch, world, NOON, lambda tx: neon.create_project(tx, {"name": "tune"}))
    with pytest.raises(RecoveryError, match=r"^2 are called so"):
        verdicts(planned(PROJECT, name="tune"))


def test_a_deployment_policy_is_taken_in_with_its_environment(world: World) -> None:
    place = {"repository": "tune", "environment": "eu/staging"}
    operation = planned(POLICY, **place, branchPattern="main")
    own = state({"type": ENVIRONMENT, "inputs": place})
    with world.transaction() as tx:
        environment(tx)
    assert verdicts(operation, own) == []
    with world.transaction() as tx:
        made = github.create_policy(tx, *PLACE, "eu/staging", pattern="main", kind="branch")["id"]
    assert verdicts(operation, own) == [("import", f"tune:eu/staging:{made}")]
    assert verdicts(operation, state({"type": ENVIRONMENT, "inputs": place | {"environment": "other"}})) == []


@pytest.mark.parametrize("type_", ["aws:s3/bucket:Bucket", ENVIRONMENT, "pulumi-python:dynamic/fly:App"])
def test_what_cannot_stand_in_the_way_is_not_looked_up(world: World, type_: str) -> None:
    assert verdicts(planned(type_)) == []
    assert world.calls() == []


def test_what_cannot_be_looked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.inject("cloudflare", "GET", "down")
    with pytest.raises(RecoveryError, match=r"^it could not be looked up: Cloudflare answered 503"):
        verdicts(planned(BUCKET, accountId=ACCOUNT, name="audio"))
    with pytest.raises(RecoveryError, match=r"^the state does not say its name$"):
        verdicts(planned(BUCKET, accountId=ACCOUNT))
    made_at(monkeypatch, world, NOON, lambda tx: cloudflare.create_bucket(tx, ACCOUNT, {"name": "audio"}))
    with world.transaction() as tx:
        cloudflare.update_bucket(tx, ACCOUNT, "default", "audio", creation_date="yesterday")
    with pytest.raises(RecoveryError, match="Cloudflare's answer is not in the documented form"):
        verdicts(planned(BUCKET, accountId=ACCOUNT, name="audio"))


def update(result: str, minute: int, kind: str = "update") -> dict[str, str]:
    times = {"startTime": f"2026-01-02T12:{minute:02}:00.000Z", "endTime": f"2026-01-02T12:{minute:02}:30.000Z"}
    return {"kind": kind, "result": result, **times}


@pytest.fixture
def past(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Past]:
    """Return a function that gives what recovery makes of a history, and of states that were cut short."""

    def get(*history: dict[str, str], cut: Sequence[Window] = ()) -> Past:
        done = subprocess.CompletedProcess[str]([], 0, json.dumps(history), "")
        monkeypatch.setattr(Stack, "pulumi", lambda *_: done)
        monkeypatch.setattr(recover_files, "cut_updates", lambda _: list(cut))
        return recover_lost.past(STACK)

    return get


@pytest.mark.parametrize(
    ("history", "minutes"),
    [
        ([], []),
        ([update("succeeded", 1)], []),
        ([update("failed", 2), update("succeeded", 1), update("failed", 0)], [2]),
        ([update("failed", 3), update("failed", 2)], [3, 2]),
        ([update("succeeded", 3, "resource-import"), update("succeeded", 3, "refresh"), update("failed", 2)], [2]),
        ([update("failed", 3, "destroy"), update("succeeded", 2)], []),
        ([{"kind": "update", "result": "in-progress", "startTime": "2026-01-02T12:00:00.000Z"}], []),
    ],
)
def test_when_updates_failed(past: Callable[..., Past], history: list[dict[str, str]], minutes: list[int]) -> None:
    ran = past(*history).ran([], state())
    assert [window.start.minute for window in ran] == minutes
    assert {window.end - window.start for window in ran} <= {timedelta(seconds=30)}


def test_a_killed_update_and_one_whose_state_was_cut_short_count_too(past: Callable[..., Past]) -> None:
    early, late = (Window(NOON, NOON + timedelta(minutes=minutes)) for minutes in (1, 2))
    killed = Lock("s3://state", since="2026-01-02T14:03:00+01:00")
    found = state()._replace(written="2026-01-02T13:04:00.123456789Z")
    cut, ran = past(update("succeeded", 1), cut=[early, late]).ran([killed, Lock()], found)
    assert cut == late
    assert ran.start == NOON + timedelta(minutes=63)
    assert ran.end - ran.start == timedelta(minutes=1, microseconds=123456)
    assert past().ran([killed], state()) == []


@pytest.mark.parametrize(
    ("history", "unread"),
    [
        ([], True),
        ([update("succeeded", 3, "refresh")], False),
        ([update("succeeded", 3, "resource-import"), update("failed", 3, "refresh")], True),
        ([update("succeeded", 1, "refresh")], True),
        ([update("succeeded", 3)], False),
    ],
)
def test_whether_the_clouds_were_read_since_a_state_was_cut_short(
    past: Callable[..., Past], history: list[dict[str, str]], *, unread: bool
) -> None:
    assert past(*history, cut=[Window(NOON, NOON + timedelta(minutes=2))]).unread is unread


@pytest.mark.parametrize("mended", [True, False])
def test_a_history_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, *, mended: bool) -> None:
    asked: list[str] = []

    def pulumi(_: Stack, *command: str) -> subprocess.CompletedProcess[str]:
        asked.append(command[1])
        return subprocess.CompletedProcess(command, 1, "", "error: the backend is down")

    monkeypatch.setattr(Stack, "pulumi", pulumi)
    monkeypatch.setattr(recover_files, "mend_history", lambda _: mended)
    with pytest.raises(RecoveryError, match=r"^Reading the history of stack staging: error: the backend is down$"):
        recover_lost.past(STACK)
    assert asked == ["history"] * (2 if mended else 1)
