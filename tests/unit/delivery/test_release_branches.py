"""The steps of a release in the repository: waiting for the infrastructure, and moving a branch."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from release.commands import main
from sandbox import credentials
from sandbox.http import face
from sandbox.world import github_history
from tests.unit.delivery.serving import PASSING, opened

if TYPE_CHECKING:
    from sandbox.world.store import World


class _GitHub:
    """The stand-in's workflow and runs, and branches, whose commits are numbers that only grow."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.branches: dict[str, int] = {}
        self.failing: list[int] = []
        self.lost: list[int] = []
        self.calls = 0

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.calls += 1
        if self.failing:
            return self.failing.pop(0), {"message": "You have exceeded a secondary rate limit"}
        status, answer = self._answer(method, path, body)
        return (self.lost.pop(0), {}) if method != "GET" and self.lost else (status, answer)

    def workflow(self, state: str, *shown: str | None) -> None:
        """Have the workflow in a state, with one run that the next listings show so."""
        with self.world.transaction() as tx:
            tx.put("github", "workflow", "o/r/infra.yml", {"state": state})
            if shown:
                github_history.put_run(tx, "o", "r", "infra.yml", commit="7", event="release", shown=shown)

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return face.answer(self.world, path, credentials.GITHUB_TOKEN)
        if method == "POST":
            name = body["ref"].removeprefix("refs/heads/")
            if name in self.branches:
                return 422, {"message": "Reference already exists"}
            self.branches[name] = int(body["sha"])
            return 201, {}
        assert method == "PATCH"
        name = path.removeprefix("/repos/o/r/git/refs/heads/")
        if name not in self.branches:
            return 422, {"message": "Reference does not exist"}
        if int(body["sha"]) < self.branches[name] and not body["force"]:
            return 422, {"message": "Update is not a fast forward"}
        self.branches[name] = int(body["sha"])
        return 200, {}


@pytest.fixture
def github(world: World, monkeypatch: pytest.MonkeyPatch) -> _GitHub:
    """A repository, and the environment of a workflow that a release started."""
    repository = _GitHub(world)
    values = {"TOKEN": "job-token", "REPOSITORY": "o/r", "SHA": "7", "EVENT_NAME": "release"}
    for name, value in {"API_URL": "http://github.test", **values}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    monkeypatch.setattr(urllib.request, "urlopen", opened(repository.answer, "job-token"))
    return repository


@pytest.mark.parametrize(("shown", "code"), [(["queued", "in_progress", "success"], 0), ([*[None] * 15, "failure"], 1)])
def test_infrastructure_of_the_same_commit_is_waited_for(github: _GitHub, shown: list[str | None], code: int) -> None:
    """GitHub may list its run late."""
    github.workflow("active", *shown)
    assert main(["wait", "infra.yml"]) == code
    assert github.calls == len(shown) + 1


@pytest.mark.parametrize("failure", [*PASSING, 403])
def test_a_look_that_fails_is_repeated(github: _GitHub, failure: int) -> None:
    github.failing = [failure] * 3
    github.workflow("active", "success")
    assert main(["wait", "infra.yml"]) == 0


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out"])
def test_infrastructure_that_failed_stops_the_deployment(
    github: _GitHub, conclusion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    github.workflow("active", conclusion)
    assert main(["wait", "infra.yml"]) == 1
    assert f"{conclusion}, https://github.com/o/r/actions/runs/1" in capsys.readouterr().err


@pytest.mark.parametrize(("state", "code"), [(None, 0), ("disabled_manually", 1)])
def test_a_workflow_that_cannot_run_is_not_waited_for(github: _GitHub, state: str | None, code: int) -> None:
    if state:
        github.workflow(state)
    assert main(["wait", "infra.yml"]) == code
    assert github.calls == 1


def test_a_run_that_never_appears_cannot_be_told(github: _GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    github.workflow("active")
    assert main(["wait", "infra.yml"]) == 3
    assert capsys.readouterr().err.endswith("gh run list --workflow infra.yml --commit 7\n")


def test_a_run_without_end_is_given_up_within_a_tokens_budget(
    github: _GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    github.workflow("active", "in_progress")
    assert main(["wait", "infra.yml"]) == 1
    assert "still runs" in capsys.readouterr().err
    assert github.calls < 200


def test_what_a_person_starts_waits_for_nothing(github: _GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "workflow_dispatch")
    assert main(["wait", "infra.yml"]) == 0
    assert github.calls == 0


@pytest.mark.parametrize(("before", "code", "after"), [(None, 0, 7), (5, 0, 7), (7, 0, 7), (9, 1, 9)])
def test_a_release_moves_the_branch_forward_alone(github: _GitHub, before: int | None, code: int, after: int) -> None:
    if before is not None:
        github.branches["release"] = before
    assert main(["move", "release"]) == code
    assert github.branches == {"release": after}


def test_a_person_takes_a_release_back(github: _GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    github.branches["release"] = 9
    monkeypatch.setenv("GITHUB_EVENT_NAME", "workflow_dispatch")
    assert main(["move", "release"]) == 0
    assert github.branches == {"release": 7}


@pytest.mark.parametrize("before", [None, 5])
@pytest.mark.parametrize("failure", PASSING)
def test_a_lost_move_is_repeated(github: _GitHub, failure: int, before: int | None) -> None:
    github.branches = {"release": before} if before else {}
    github.lost = [failure, failure]
    assert main(["move", "release"]) == 0
    assert github.branches == {"release": 7}
