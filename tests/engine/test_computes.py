"""Import and resize the compute of an existing database through the real engine, and put back a change by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.world import neon, neon_branches
from tests.engine.clouds import objects, project_id, up

if TYPE_CHECKING:
    from collections.abc import Callable

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
    is_seen_and_put_back(
        empty_standing, lambda tx: neon.update_project(tx, project, {"default_endpoint_settings": LARGER})
    )
    with empty_standing.settings("staging") as settings:
        settings["relay:adopt"] = {"neonEndpoint": before["id"]}
    assert up(empty_standing, "staging")["imported"] == 1
    assert compute() == before | {"autoscaling_limit_max_cu": 1}
    assert set(up(empty_standing, "staging")) == {"unchanged"}
    is_seen_and_put_back(empty_standing, lambda tx: neon_branches.update_endpoint(tx, project, before["id"], LARGER))


def is_seen_and_put_back(sandbox: Sandbox, change: Callable[[Any], object]) -> None:
    """Change a size by hand, and see that a refreshing preview tells of it and that `up` puts it back."""
    before = objects(sandbox)["neon project"]
    with sandbox.world.transaction() as tx:
        change(tx)
    assert objects(sandbox)["neon project"] != before
    sandbox.refused("preview", "staging", "--refresh", "--expect-no-changes")
    assert up(sandbox, "staging", "--refresh")["updated"] == 1
    assert objects(sandbox)["neon project"] == before
