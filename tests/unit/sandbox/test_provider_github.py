"""Test GitHub's provider: writes that wipe, names that are taken, values that nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import github as cloud
from tests.unit.sandbox.face import Face, Refused

if TYPE_CHECKING:
    from sandbox.world.store import World

ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
REPOSITORY_SECRET = "github:index/actionsSecret:ActionsSecret"
VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
WHERE = {"repository": "relay", "environment": "staging"}
CUSTOM = {"deploymentBranchPolicy": {"protectedBranches": False, "customBranchPolicies": True}}
VALUES = {"secretName": "DB", "value": "hunter2"}
VARIABLE_VALUES = {"variableName": "API", "value": "https://x"}


@pytest.fixture
def staging(github: Face) -> Face:
    """GitHub's provider, with an environment `staging` that has custom branch policies."""
    github.create(ENVIRONMENT, {**WHERE, **CUSTOM})
    return github


def test_reviewers_removed_outside_go_unnoticed(github: Face, world: World) -> None:
    program = {**WHERE, "reviewers": [{"users": [1]}], "preventSelfReview": True}
    identity, state = github.create(ENVIRONMENT, program)
    with world.transaction() as tx:
        cloud.put_environment(tx, "crew", "relay", "staging", wait_timer=9)
    refreshed = github.refresh(ENVIRONMENT, identity, state)
    assert refreshed is not None
    assert refreshed[0]["reviewers"] == [{"users": [1]}]
    assert github.diff(ENVIRONMENT, refreshed[0], program) == {"waitTimer": "DELETE"}


def test_deleting_an_environment_takes_what_is_in_it(staging: Face, world: World) -> None:
    staging.create(POLICY, {**WHERE, "branchPattern": "main"})
    staging.create(SECRET, {**WHERE, **VALUES})
    staging.create(VARIABLE, {**WHERE, **VARIABLE_VALUES})
    staging.create(REPOSITORY_SECRET, {"repository": "relay", **VALUES})
    staging.delete(ENVIRONMENT, "relay:staging", dict(WHERE))
    with world.transaction() as tx:
        left = [key for kind in ("deployment-policy", "secret", "variable") for key in tx.list("github", kind)]
    assert left == ["crew/relay/DB"]


def test_a_pattern_of_another_kind_is_another_policy(staging: Face) -> None:
    _, state = staging.create(POLICY, {**WHERE, "branchPattern": "main"})
    assert staging.diff(POLICY, state, {**WHERE, "branchPattern": "release"}) == {"branchPattern": "UPDATE"}
    assert staging.diff(POLICY, state, {**WHERE, "tagPattern": "v*"}) == {
        "branchPattern": "DELETE_REPLACE",
        "tagPattern": "ADD_REPLACE",
    }


def test_an_adopted_secret_is_written_again(staging: Face) -> None:
    staging.create(SECRET, {**WHERE, **VALUES})
    state, inputs = staging.adopt(SECRET, "relay:staging:DB")
    assert "value" not in inputs
    assert staging.diff(SECRET, state, {**WHERE, **VALUES}) == {"value": "ADD"}


def test_a_secret_changed_outside_goes_unnoticed_and_a_deleted_one_does_not(staging: Face, world: World) -> None:
    identity, state = staging.create(SECRET, {**WHERE, **VALUES})
    with world.transaction() as tx:
        cloud.put_item(tx, "secret", "crew", "relay", "staging", "DB", value="changed-by-hand")
    refreshed = staging.refresh(SECRET, identity, state)
    assert refreshed is not None
    assert staging.diff(SECRET, refreshed[0], {**WHERE, **VALUES}) == {}
    with world.transaction() as tx:
        cloud.delete(tx, "secret", "crew", "relay", "staging", "DB")
    assert staging.refresh(SECRET, identity, state) is None
    with pytest.raises(Refused, match=r"delete of .*: 404 Not Found"):
        staging.delete(SECRET, identity, state)


def test_a_variable_is_refused_where_it_exists_and_can_be_adopted(staging: Face) -> None:
    program = {**WHERE, **VARIABLE_VALUES}
    staging.create(VARIABLE, program)
    with pytest.raises(Refused, match=": 409 Already exists"):
        staging.create(VARIABLE, program)
    state, _ = staging.adopt(VARIABLE, "relay:staging:API")
    assert staging.diff(VARIABLE, state, program) == {}
    changed = staging.update(VARIABLE, "relay:staging:API", state, {**program, "value": "https://y"})
    assert changed["value"] == "https://y"
    staging.delete(VARIABLE, "relay:staging:API", changed)
    assert staging.refresh(VARIABLE, "relay:staging:API", changed) is None


def test_github_upper_cases_a_variables_name_and_the_provider_does_not_mind(staging: Face, world: World) -> None:
    program = {**WHERE, "variableName": "api", "value": "x"}
    identity, state = staging.create(VARIABLE, program)
    with world.transaction() as tx:
        assert list(tx.list("github", "variable")) == ["crew/relay/staging/API"]
    refreshed = staging.refresh(VARIABLE, identity, state)
    assert refreshed is not None
    assert staging.diff(VARIABLE, refreshed[0], program) == {}
    with pytest.raises(Refused, match="409"):
        staging.create(VARIABLE, {**program, "variableName": "API"})


def test_a_variable_and_a_policy_deleted_outside_cannot_be_deleted_again(staging: Face) -> None:
    for kind, program in ((VARIABLE, VARIABLE_VALUES), (POLICY, {"branchPattern": "main"})):
        identity, state = staging.create(kind, {**WHERE, **program})
        staging.delete(kind, identity, state)
        with pytest.raises(Refused, match=": 404"):
            staging.delete(kind, identity, state)
    staging.delete(ENVIRONMENT, "relay:staging", dict(WHERE))
    staging.delete(ENVIRONMENT, "relay:staging", dict(WHERE))


def test_nothing_is_found_outside_the_tokens_reach(world: World, staging: Face) -> None:
    with pytest.raises(Refused, match=": 404"):
        Face(world, "github", owner="strangers").create(ENVIRONMENT, WHERE)
    with pytest.raises(Refused, match=": 401 Bad credentials"):
        Face(world, "github", owner="crew", token="expired").create(ENVIRONMENT, WHERE)
    with pytest.raises(Refused, match=": 404"):
        staging.create(SECRET, {**WHERE, **VALUES, "environment": "nowhere"})


@pytest.mark.parametrize(
    ("repository", "refusal"),
    [
        ({"archived": True}, "403 Repository was archived so is read-only"),
        ({"saml": True}, "403 Resource protected by organization SAML enforcement"),
        ({"busy": True}, "403 You have exceeded a secondary rate limit"),
        ({"billing": "free"}, "422 .*Please ensure the billing plan supports the reviewers protection rule"),
    ],
)
def test_a_repository_refuses_what_it_is_not_for(
    github: Face, world: World, repository: dict[str, Any], refusal: str
) -> None:
    with world.transaction() as tx:
        tx.put("github", "repository", "crew/relay", {"id": 7, "name": "relay", "owner": "crew", **repository})
    with pytest.raises(Refused, match=refusal):
        github.create(ENVIRONMENT, {**WHERE, "reviewers": [{"users": [1]}]})


@pytest.mark.parametrize(
    ("fault", "said"),
    [("500", ": 500 "), ("502", ": 502 "), ("503-after", ": 503 "), ("cut", ": connection reset by peer")],
)
def test_a_call_is_made_four_times(staging: Face, world: World, fault: str, said: str) -> None:
    world.inject("github", "environment-secret.create", fault, times=3)
    staging.create(SECRET, {**WHERE, **VALUES})
    world.inject("github", "environment-secret.create", fault, times=4)
    with pytest.raises(Refused, match=said):
        staging.create(SECRET, {**WHERE, **VALUES})


def test_a_variable_made_by_an_unheard_answer_is_refused_as_taken(staging: Face, world: World) -> None:
    world.inject("github", "environment-variable.create", "502-after")
    with pytest.raises(Refused, match=": 409"):
        staging.create(VARIABLE, {**WHERE, **VARIABLE_VALUES})
