"""Test Neon's provider: its projects, its refusals, and its repetitions after a failed call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox import credentials
from sandbox.world import neon as cloud
from tests.unit.sandbox.face import Face, Refused

if TYPE_CHECKING:
    from sandbox.world.store import World

KIND = "neon:index/project:Project"
PROGRAM = {"name": "relay", "regionId": "aws-eu-central-1", "historyRetentionSeconds": 21_600}


def projects(world: World) -> list[str]:
    with world.transaction() as tx:
        return [project["name"] for project in tx.list("neon", "project").values()]


def test_a_project_has_the_hosts_and_the_uri_of_a_real_one(neon: Face) -> None:
    _, state = neon.create(KIND, PROGRAM)
    host, password = state["databaseHost"], state["databasePassword"]
    assert host.startswith("ep-")
    assert host.endswith(".eu-central-1.aws.neon.tech")
    assert state["databaseHostPooler"].split(".")[0] == f"{host.split('.')[0]}-pooler"
    assert state["connectionUri"] == f"postgres://neondb_owner:{password}@{host}/neondb?sslmode=require"
    assert re.fullmatch("npg_[a-zA-Z0-9]{12}", password)


@pytest.mark.parametrize(
    "extra",
    [
        {"defaultBranchProtected": True},
        {"historyRetentionSeconds": 86_400},
        {"regionId": "mars-north-1"},
    ],
)
def test_limits_of_plan_and_api(neon: Face, world: World, extra: dict[str, object]) -> None:
    with pytest.raises(Refused, match="HTTP Code: 400"):
        neon.create(KIND, {**PROGRAM, **extra})
    assert projects(world) == []


def test_adopting_a_project_and_updating_it_to_the_program(neon: Face, world: World) -> None:
    with world.transaction() as tx:
        tx.put("neon", "account", "account", {"plan": "launch"})
        made = cloud.create_project(tx, {"name": "relay", "default_branch_protected": True})
    state, inputs = neon.adopt(KIND, made["id"])
    assert {"name", "regionId", "pgVersion", "orgId", "branch", "historyRetentionSeconds"} <= inputs.keys()
    assert "connectionUri" not in inputs
    # The provider's defaults count as wishes: that is how an adopted project loses its protection.
    silent = neon.diff(KIND, state, {"name": "relay"})
    assert silent == {"historyRetentionSeconds": "UPDATE", "defaultBranchProtected": "UPDATE"}
    full = {"name": "relay", "historyRetentionSeconds": 21_600, "defaultBranchProtected": True}
    assert neon.diff(KIND, state, full) == {}


def test_a_project_deleted_outside_is_gone_on_refresh_and_its_deletion_succeeds(neon: Face, world: World) -> None:
    identity, state = neon.create(KIND, PROGRAM)
    with world.transaction() as tx:
        cloud.delete_project(tx, identity)
    assert neon.refresh(KIND, identity, state) is None
    neon.delete(KIND, identity, state)


def test_a_password_reset_outside_reaches_every_output_together(neon: Face, world: World) -> None:
    identity, state = neon.create(KIND, PROGRAM)
    with world.transaction() as tx:
        password = "npg_reset"
        tx.put("neon", "project", identity, {**cloud.project(tx, identity), "password": password})
    refreshed = neon.refresh(KIND, identity, state, neon.inputs(KIND, PROGRAM))
    assert refreshed is not None
    assert refreshed[0]["databasePassword"] == password != state["databasePassword"]
    assert f":{password}@" in refreshed[0]["connectionUri"]


def test_a_500_after_the_effect_leaves_a_second_project(neon: Face, world: World) -> None:
    world.inject("neon", "project.create", "500-after")
    identity, _ = neon.create(KIND, PROGRAM)
    assert projects(world) == ["relay", "relay"]
    with world.transaction() as tx:
        assert identity in tx.list("neon", "project")


@pytest.mark.parametrize(("fault", "left"), [("502", []), ("cut", []), ("502-after", ["relay"]), ("lost", ["relay"])])
def test_other_failures_are_not_repeated(neon: Face, world: World, fault: str, left: list[str]) -> None:
    world.inject("neon", "project.create", fault)
    with pytest.raises(Refused, match="create of neon:index/project:Project"):
        neon.create(KIND, PROGRAM)
    assert projects(world) == left


def test_a_full_account_and_one_with_organizations_refuse_a_project(neon: Face, world: World) -> None:
    with world.transaction() as tx:
        tx.put("neon", "account", "account", {"projects": 1, "organization_required": True})
    with pytest.raises(Refused, match=r"400.* org_id is required"):
        neon.create(KIND, PROGRAM)
    neon.create(KIND, {**PROGRAM, "orgId": "org-crew-1"})
    with pytest.raises(Refused, match=r"422.*PROJECTS_LIMIT_EXCEEDED. user projects limit of 1 exceeded, got 1"):
        neon.create(KIND, {**PROGRAM, "orgId": "org-crew-1"})
    with world.transaction() as tx:
        tx.put("neon", "account", "account", {"quota_used": True})
    with pytest.raises(Refused, match=r"402.* exceeded the compute time quota"):
        neon.create(KIND, PROGRAM)


def test_new_defaults_leave_the_existing_compute_as_it_is(neon: Face, world: World) -> None:
    identity, state = neon.create(KIND, PROGRAM)
    larger = {**PROGRAM, "defaultEndpointSettings": {"autoscalingLimitMaxCu": 1}}
    neon.update(KIND, identity, state, larger)
    with world.transaction() as tx:
        project = tx.get("neon", "project", identity) or {}
    assert project["default_endpoint_settings"]["autoscaling_limit_max_cu"] == 1
    assert project["endpoint"]["autoscaling_limit_max_cu"] == 2


def test_a_wrong_key_is_refused_at_configuration(world: World) -> None:
    with pytest.raises(Refused, match=r"configuring neon: .*401.* supplied credentials"):
        Face(world, "terraform-provider", apiKey="somebody-elses")
    assert Face(world, "terraform-provider", apiKey=credentials.NEON_KEY).create(KIND, PROGRAM)
