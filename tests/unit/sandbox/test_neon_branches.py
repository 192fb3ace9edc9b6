"""Test Neon's branches: passwords, expiry, the plan's limit, deletion, restore."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import ids, neon
from sandbox.world import neon_branches as branches
from sandbox.world.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.world.store import Transaction, World
    from tests.unit.sandbox.face import Face

BRANCH = "neon:index/branch:Branch"
ENDPOINT = "neon:index/endpoint:Endpoint"


@pytest.fixture
def tx(world: World) -> Iterator[Transaction]:
    """A world on the launch plan, with one project."""
    with world.transaction() as tx:
        tx.put("neon", "account", "account", {"plan": "launch"})
        neon.create_project(tx, {"name": "relay"})
        yield tx


@pytest.fixture
def project(tx: Transaction) -> str:
    """The project's id."""
    return next(iter(tx.list("neon", "project")))


def later(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_below_a_protected_parent_the_password_is_new(tx: Transaction, project: str) -> None:
    neon.update_project(tx, project, {"default_branch_protected": True})
    made = branches.create_branch(tx, project, {"name": "pr-7"})
    assert made["password"] != neon.project(tx, project)["password"]
    assert re.fullmatch("npg_[a-zA-Z0-9]{12}", made["password"])


def test_the_free_plan_has_ten_branches(tx: Transaction, project: str) -> None:
    tx.put("neon", "account", "account", {"plan": "free"})
    for number in range(9):
        branches.create_branch(tx, project, {"name": f"pr-{number}"})
    with pytest.raises(CloudError) as refused:
        branches.create_branch(tx, project, {"name": "pr-9"})
    assert (refused.value.status, refused.value.code) == (422, "BRANCHES_LIMIT_EXCEEDED")


def test_a_name_is_unique(tx: Transaction, project: str) -> None:
    branches.create_branch(tx, project, {"name": "pr-7"})
    with pytest.raises(CloudError, match="already exists"):
        branches.create_branch(tx, project, {"name": "pr-7"})


def test_an_expired_branch_is_gone_with_its_compute(
    tx: Transaction, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = branches.create_branch(tx, project, {"name": "pr-7"})
    endpoint = branches.create_endpoint(tx, project, made["id"], {})
    branches.update_branch(tx, project, made["id"], {"expires_at": later(days=7)})
    assert branches.branch(tx, project, made["id"])["expires_at"]
    monkeypatch.setattr(ids, "now", lambda: later(days=8))
    for gone in (branches.branch, branches.endpoint):
        with pytest.raises(CloudError, match="not found"):
            gone(tx, project, made["id"] if gone is branches.branch else endpoint["id"])


@pytest.mark.parametrize(("days", "zone"), [(-1, "Z"), (31, "Z"), (7, "")])
def test_an_expiry_has_a_zone_and_is_in_the_next_thirty_days(
    tx: Transaction, project: str, days: int, zone: str
) -> None:
    made = branches.create_branch(tx, project, {"name": "pr-7"})
    expires_at = later(days=days).removesuffix("Z") + zone
    with pytest.raises(CloudError, match="at most 30 days away"):
        branches.update_branch(tx, project, made["id"], {"expires_at": expires_at})


def test_a_branch_that_expires_has_no_children_and_the_other_way_round(tx: Transaction, project: str) -> None:
    first = branches.create_branch(tx, project, {"name": "first"})
    branches.create_branch(tx, project, {"name": "child", "parent_id": first["id"]})
    with pytest.raises(CloudError, match="it cannot expire"):
        branches.update_branch(tx, project, first["id"], {"expires_at": later(days=1)})
    second = branches.create_branch(tx, project, {"name": "second"})
    branches.update_branch(tx, project, second["id"], {"expires_at": later(days=1)})
    with pytest.raises(CloudError, match="cannot have children"):
        branches.create_branch(tx, project, {"name": "other", "parent_id": second["id"]})


def test_neon_keeps_roots_parents_and_protected_branches(tx: Transaction, project: str) -> None:
    default = branches.branches(tx, project)[0]
    first = branches.create_branch(tx, project, {"name": "first"})
    child = branches.create_branch(tx, project, {"name": "child", "parent_id": first["id"], "protected": True})
    for branch, why in ((default, "is a root branch"), (first, "has children"), (child, "is protected")):
        with pytest.raises(CloudError, match=why):
            branches.delete_branch(tx, project, branch["id"])


def test_a_restore_keeps_the_data_until_now_under_a_name(tx: Transaction, project: str) -> None:
    default = branches.branches(tx, project)[0]["id"]
    point = branches.create_branch(tx, project, {"name": "restore-point-v1"})
    with pytest.raises(CloudError, match="preserve_under_name is required"):
        branches.restore_branch(tx, project, default, {"source_branch_id": point["id"]})
    branches.restore_branch(tx, project, default, {"source_branch_id": point["id"], "preserve_under_name": "replaced"})
    kept = next(branch for branch in branches.branches(tx, project) if branch["name"] == "replaced")
    assert branches.branch(tx, project, point["id"])["parent_id"] == kept["id"]
    assert kept["parent_id"] is None


def test_the_provider_shows_a_new_parent_and_does_not_send_it(neon: Face) -> None:
    project, _ = neon.create("neon:index/project:Project", {"name": "relay", "historyRetentionSeconds": 21_600})
    inputs: dict[str, Any] = {"projectId": project, "name": "pr-7"}
    identity, state = neon.create(BRANCH, inputs)
    moved = inputs | {"parentId": "br-other"}
    assert neon.diff(BRANCH, state, moved) == {"parentId": "UPDATE"}
    assert neon.update(BRANCH, identity, state, moved)["parentId"] == state["parentId"]
