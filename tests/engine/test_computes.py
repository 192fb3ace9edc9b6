"""The existing compute of a database through the real engine: imported, resized, put back after a change by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import neon, neon_branches
from tests.engine.test_environments import objects, up

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox


def test_an_existing_compute_is_taken_over_and_resized(empty_standing: Sandbox) -> None:
    """The provider's settings of a project do not reach it (0.15.0), so that its compute is imported."""

    def compute() -> dict[str, Any]:
        projects = objects(empty_standing)["neon project"].values()
        return next(dict(project["endpoint"]) for project in projects if project["name"] == "tune-staging")

    before = compute()
    with empty_standing.settings("staging") as settings:
        settings["relay:neonCompute"] = {"maxCu": 1}
    done = empty_standing.pulumi("up", "--stack", "staging", "--yes", "--skip-preview")
    assert "neonCompute reaches computes that Neon makes later" in done.stdout
    assert compute() == before
    with empty_standing.settings("staging") as settings:
        settings["relay:adopt"] = {"neonEndpoint": before["id"]}
    assert up(empty_standing, "staging")["imported"] == 1
    assert compute() == before | {"autoscaling_limit_max_cu": 1}
    assert set(up(empty_standing, "staging")) == {"unchanged"}


@pytest.mark.parametrize("adopted", [True, False])
def test_a_size_changed_by_hand_is_seen_and_put_back(empty_standing: Sandbox, adopted: bool) -> None:
    """The compute's own size, once it is adopted; otherwise the project's size of later computes."""
    projects = objects(empty_standing)["neon project"]
    (project,) = [project for project in projects.values() if project["name"] == "tune-staging"]
    identity, endpoint = project["id"], project["endpoint"]["id"]
    with empty_standing.settings("staging") as settings:
        settings["relay:neonCompute"] = {"maxCu": 1}
        settings.update({"relay:adopt": {"neonEndpoint": endpoint}} if adopted else {})
    up(empty_standing, "staging")
    before = objects(empty_standing)["neon project"][identity]
    by_hand = {"autoscaling_limit_max_cu": 2}
    with empty_standing.world.transaction() as tx:
        if adopted:
            neon_branches.update_endpoint(tx, identity, endpoint, by_hand)
        else:
            neon.update_project(tx, identity, {"default_endpoint_settings": by_hand})
    assert objects(empty_standing)["neon project"][identity] != before
    seen = empty_standing.pulumi("preview", "--refresh", "--stack", "staging", "--expect-no-changes", check=False)
    assert seen.returncode != 0
    assert up(empty_standing, "staging", "--refresh")["updated"] == 1
    assert objects(empty_standing)["neon project"][identity] == before
