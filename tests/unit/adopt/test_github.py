"""Findings of what GitHub deploys with: an environment, its rules, its policy, and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.world import github
from tests.unit.adopt.test_looks import CUSTOM, PLACE, only

if TYPE_CHECKING:
    from tests.unit.adopt.conftest import Asked


def test_an_environment_its_rules_its_policy_and_its_variables(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        github.put_environment(
            tx,
            *PLACE,
            "staging",
            wait_timer=5,
            can_admins_bypass=False,
            prevent_self_review=True,
            reviewers=[{"users": [9, 7], "teams": [8]}],
            deployment_branch_policy=CUSTOM,
        )
        policy = github.create_policy(tx, *PLACE, "staging", pattern="trunk", kind="branch")["id"]
        github.create_policy(tx, *PLACE, "staging", pattern="v*", kind="tag")
        github.put_item(tx, "variable", *PLACE, "staging", "FLY_APP", value="tune-api-staging")
        github.put_item(tx, "variable", *PLACE, "staging", "API_URL", value="https://old.example")
        github.put_item(tx, "variable", *PLACE, "staging", "ANOTHER", value="x")
    environment, rule, api_url, fly_app = asked.look("staging", "delivery").rows
    assert environment.settings == {
        "approval.users": [7, 9],
        "approval.teams": [8],
        "approval.waitMinutes": 5,
        "approval.selfReview": False,
        "approval.adminsBypass": False,
    }
    assert rule.adopt == {"githubEnvironment": "staging", "githubDeploymentPolicy": policy}
    assert rule.settings == {"mainBranch": "trunk"}
    assert fly_app.adopt == {"githubEnvironment": "staging", "githubVariables": ["FLY_APP"]}
    assert fly_app.notes == ()
    assert api_url.adopt["githubVariables"] == ["API_URL"]
    assert api_url.settings == {"githubVariables.API_URL": "https://old.example"}
    assert api_url.notes == ("remove githubVariables.API_URL later to let `up` set https://tune-api-staging.fly.dev",)


@pytest.mark.parametrize(
    ("policy", "refs"), [(None, "any"), ({"protected_branches": True, "custom_branch_policies": False}, "protected")]
)
def test_an_environment_without_a_policy_of_its_own(asked: Asked, policy: dict[str, bool] | None, refs: str) -> None:
    with asked.world.transaction() as tx:
        github.put_environment(tx, *PLACE, "staging", deployment_branch_policy=policy)
    assert only(asked.look("staging", "delivery").rows).settings == {"approval.deploysFrom": refs}


def test_variables_of_the_repository(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        github.put_item(tx, "variable", *PLACE, "FLY_APP_STAGING", value="tune-api-staging")
        github.put_item(tx, "variable", *PLACE, "FLY_APP", value="x")
    row = only(asked.look("staging", "delivery", {"githubScope": "repository"}).rows)
    assert row.adopt == {"githubVariables": ["FLY_APP_STAGING"]}
