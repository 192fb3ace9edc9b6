"""Import and resize the compute of an existing database through the real engine, and put back a change by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.world import neon, neon_branches
from tests.engine.clouds import objects, project_id, up

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox

LARGER = {"autoscaling_limit_max_cu": 2}


def test_an_existing_compute_is_imported_and_resized(empty_standing: Sandbox) -> None:
    """The provider's settings of a project do not reach it (0.15.0)."""
    project = project_id(empty_standing, "tune-staging")

    def compute() -> dict[str, Any]:
        return dict(objects(empty_standing)["neon project"][project]["endpoint"])

    before = compute()
    with empty_standing.settings("staging") as settings:
        settings["relay:neonCompute"] = {"maxCu": 1}
    assert "neonCompute reaches computes that Neon makes later" in empty_standing.up("staging")
    assert compute() == before
    # The project's own setting, which later computes get, is compared too.
    with empty_standing.world.transaction() as tx:
        neon.update_project(tx, project, {"default_endpoint_settings": LARGER})
    with empty_standing.settings("staging") as settings:
        settings["relay:adopt"] = {"neonEndpoint": before["id"]}
    counts = up(empty_standing, "staging", "--refresh")
    assert (counts["imported"], counts["updated"]) == (1, 2)
    assert compute() == before | {"autoscaling_limit_max_cu": 1}
    resized = objects(empty_standing)["neon project"]
    assert resized[project]["default_endpoint_settings"]["autoscaling_limit_max_cu"] == 1

    with empty_standing.world.transaction() as tx:
        neon_branches.update_endpoint(tx, project, before["id"], LARGER)
    empty_standing.refused("preview", "staging", "--refresh", "--expect-no-changes")
    counts = up(empty_standing, "staging", "--refresh")
    assert counts.pop("updated") == 1
    assert counts.keys() == {"unchanged"}
    assert objects(empty_standing)["neon project"] == resized
