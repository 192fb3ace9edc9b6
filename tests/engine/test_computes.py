"""The existing compute of a database through the real engine: taken over, and resized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
