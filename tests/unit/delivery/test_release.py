"""deploy/release.py: restore points, the way back, waiting for infrastructure, moving the release branch."""

from __future__ import annotations

from typing import Any

import pytest

from deploy import release
from tests.unit.delivery.serving import serving


class _Neon:
    """One Neon project's branches. Refuses what Neon refuses."""

    def __init__(self) -> None:
        self.branches = [self._branch("main", 0) | {"default": True}]
        self.busy = 0
        self.with_children: set[str] = set()
        self.restored: list[Any] = []

    def _branch(self, name: str, number: int) -> dict[str, Any]:
        return {"id": f"br-{name}-{number}", "name": name, "created_at": f"2026-11-{number + 1:02}T00:00:00Z"}

    @property
    def names(self) -> list[str]:
        return [branch["name"] for branch in self.branches]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.busy and method != "GET":
            self.busy -= 1
            return 423, {"message": "project already has running operations"}
        steps = path.removeprefix("/projects/p-1/branches").strip("/").split("/")
        if method == "GET" and steps == [""]:
            return 200, {"branches": self.branches}
        if method == "POST" and steps == [""]:
            return self._create(body)
        if method == "POST" and steps[1:] == ["restore"]:
            self._restore(steps[0], body)
            return 200, {}
        (found,) = [branch for branch in self.branches if branch["id"] == steps[0]]
        children = [branch for branch in self.branches if branch.get("parent_id") == found["id"]]
        if method == "DELETE" and (children or found["name"] in self.with_children):
            return 422, {"message": "cannot delete branch that has children"}
        assert method == "DELETE"
        assert not found.get("default")
        self.branches.remove(found)
        return 200, {}

    def _restore(self, target: str, body: Any) -> None:
        """Keep the target under another name; all its children move below that, which is a root."""
        name = body["preserve_under_name"]  # required of a branch that has children
        kept = self._branch(name, len(self.branches))
        for branch in self.branches:
            if branch.get("parent_id") == target:
                branch["parent_id"] = kept["id"]
        self.branches.append(kept)
        self.restored.append((target, body["source_branch_id"]))

    def _create(self, body: Any) -> tuple[int, Any]:
        assert "endpoints" not in body
        assert body["branch"]["parent_id"] == self.branches[0]["id"]
        if body["branch"]["name"] in self.names:
            return 409, {"message": "branch name already exists"}
        made = self._branch(body["branch"]["name"], len(self.branches)) | {"parent_id": body["branch"]["parent_id"]}
        self.branches.append(made)
        return 201, {"branch": made, "operations": []}


class _GitHub:
    """Runs of one workflow, and branches, whose commits are numbers that only grow."""

    def __init__(self) -> None:
        self.runs: list[Any] | None = []
        self.then: list[Any] = []
        self.branches: dict[str, int] = {}

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        assert path.startswith("/repos/o/r/")
        if "/actions/workflows/infra.yml/runs" in path:
            assert "head_sha=7" in path
            assert "event=release" in path
            if self.runs is None:
                return 404, {"message": "Not Found"}
            answer = {"workflow_runs": self.runs}
            if self.then:
                self.runs = self.then.pop(0)
            return 200, answer
        if method == "POST":
            self.branches[body["ref"].removeprefix("refs/heads/")] = int(body["sha"])
            return 201, {}
        assert (method, body["force"]) == ("PATCH", False)
        name = path.rsplit("/", maxsplit=1)[1]
        if name not in self.branches:
            return 422, {"message": "Reference does not exist"}
        if int(body["sha"]) < self.branches[name]:
            return 422, {"message": "Update is not a fast forward"}
        self.branches[name] = int(body["sha"])
        return 200, {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "POLL", 0.01)


@pytest.fixture
def neon(monkeypatch: pytest.MonkeyPatch) -> Any:
    project = _Neon()
    with serving(project.answer, token="napi_canary") as url:
        for name, value in {"API_URL": url, "API_KEY": "napi_canary", "PROJECT_ID": "p-1"}.items():
            monkeypatch.setenv(f"NEON_{name}", value)
        yield project


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Any:
    repository = _GitHub()
    with serving(repository.answer, token="job-token") as url:
        values = {"API_URL": url, "TOKEN": "job-token", "REPOSITORY": "o/r", "SHA": "7", "EVENT_NAME": "release"}
        for name, value in values.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        yield repository


def test_the_newest_three_restore_points_are_kept(neon: _Neon) -> None:
    neon.branches.append(neon._branch("somebodys", 1))
    for number in range(1, 6):
        assert release.main(["restore-point", f"v1.{number}"]) == 0
    assert neon.names == ["main", "somebodys", "before-v1.3", "before-v1.4", "before-v1.5"]


def test_a_release_that_is_deployed_again_keeps_both_points(neon: _Neon) -> None:
    for _ in range(3):
        assert release.main(["restore-point", "v1.0"]) == 0
    assert neon.names == ["main", "before-v1.0", "before-v1.0-2", "before-v1.0-3"]


def test_a_point_that_cannot_be_deleted_does_not_stop_a_release(
    neon: _Neon, capsys: pytest.CaptureFixture[str]
) -> None:
    neon.with_children = {"before-v1"}
    for number in range(1, 5):
        assert release.main(["restore-point", f"v{number}"]) == 0
    assert "before-v1" in neon.names
    assert "before-v1 stays" in capsys.readouterr().out


def test_a_busy_project_is_waited_for(neon: _Neon) -> None:
    neon.busy = 3
    assert release.main(["restore-point", "v1"]) == 0
    assert "before-v1" in neon.names


def test_the_database_is_restored_from_a_point(neon: _Neon, capsys: pytest.CaptureFixture[str]) -> None:
    release.main(["restore-point", "v1"])
    assert release.main(["restore", "before-v1"]) == 0
    assert neon.restored == [("br-main-0", "br-before-v1-1")]
    kept = next(name for name in neon.names if name.startswith("replaced-"))
    said = capsys.readouterr().out
    assert f"is branch {kept}. Neon does not let it be deleted" in said
    assert "delete it" not in said


def test_releases_after_a_restore_go_on(neon: _Neon, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, 4):
        release.main(["restore-point", f"v{number}"])
    release.main(["restore", "before-v2"])
    for number in range(4, 7):
        assert release.main(["restore-point", f"v{number}"]) == 0
    (kept,) = [name for name in neon.names if name.startswith("replaced-")]
    assert sorted(neon.names) == ["before-v4", "before-v5", "before-v6", "main", kept]
    assert "stays:" not in capsys.readouterr().out


def test_a_point_that_is_not_there_is_told_with_those_that_are(neon: _Neon, capsys: pytest.CaptureFixture[str]) -> None:
    release.main(["restore-point", "v1"])
    assert release.main(["restore", "before-v2"]) == 1
    assert "restore points: before-v1" in capsys.readouterr().err
    assert neon.restored == []


def test_a_refused_key_is_told_without_it(
    neon: _Neon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(neon, "answer", None)
    with serving(lambda *_: (401, {"message": "authorization failed"})) as url:
        monkeypatch.setenv("NEON_API_URL", url)
        assert release.main(["restore-point", "v1"]) == 1
    said = capsys.readouterr().err
    assert "HTTP 401" in said
    assert "canary" not in said


@pytest.mark.parametrize("missing", ["NEON_API_KEY", "NEON_PROJECT_ID"])
def test_what_is_missing_is_named(
    neon: _Neon, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(missing, "")
    assert release.main(["restore-point", "v1"]) == 1
    assert f"{missing} is not set" in capsys.readouterr().err


def _run(status: str, conclusion: str | None = None) -> list[Any]:
    return [{"status": status, "conclusion": conclusion, "html_url": "https://github/run"}]


def test_infrastructure_of_the_same_commit_is_waited_for(github: _GitHub) -> None:
    github.then = [_run("queued"), _run("in_progress"), _run("completed", "success")]
    assert release.main(["wait", "infra.yml"]) == 0
    assert github.then == []


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out"])
def test_infrastructure_that_failed_stops_the_deployment(
    github: _GitHub, conclusion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    github.runs = _run("completed", conclusion)
    assert release.main(["wait", "infra.yml"]) == 1
    assert f"{conclusion}, https://github/run" in capsys.readouterr().err


def test_there_is_nothing_to_wait_for_in_a_repository_of_its_own(github: _GitHub) -> None:
    github.runs = None
    assert release.main(["wait", "infra.yml"]) == 0


def test_a_commit_without_a_run_is_not_waited_for_for_long(github: _GitHub) -> None:
    release.wait("infra.yml", appear=0.1)


def test_a_run_without_end_is_given_up(github: _GitHub) -> None:
    github.runs = _run("in_progress")
    with pytest.raises(release.ReleaseError, match="still runs"):
        release.wait("infra.yml", seconds=0.1)


def test_what_a_person_starts_waits_for_nothing(github: _GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    github.runs = _run("in_progress")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "workflow_dispatch")
    assert release.main(["wait", "infra.yml"]) == 0


@pytest.mark.parametrize(("before", "code", "after"), [(None, 0, 7), (5, 0, 7), (7, 0, 7), (9, 1, 9)])
def test_the_release_branch_moves_forward_and_never_back(
    github: _GitHub, before: int | None, code: int, after: int
) -> None:
    if before is not None:
        github.branches["release"] = before
    assert release.main(["fast-forward", "release"]) == code
    assert github.branches == {"release": after}


def test_an_api_that_comes_up_late_answers() -> None:
    statuses = [503, 502, 200]
    with serving(lambda *_: (statuses.pop(0), {})) as url:
        assert release.main(["answers", f"{url}/docs"]) == 0


def test_an_api_that_does_not_answer_fails_the_deployment() -> None:
    with serving(lambda *_: (500, {})) as url, pytest.raises(release.ReleaseError, match="does not answer"):
        release.answers(url, seconds=0.05)


@pytest.mark.parametrize("url", ["/docs", "relay-api.fly.dev/docs"])
def test_an_address_that_is_none_is_told_at_once(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["answers", url]) == 1
    assert f"{url} is no address: is API_URL provisioned?" in capsys.readouterr().err


def test_calls_have_a_name_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    with serving(lambda *_: (200, {}), named=seen.append) as url:
        release.answers(f"{url}/docs")
        release.call("GET", url, "token")
    assert seen == ["relay-infrastructure"] * 2


@pytest.mark.parametrize("arguments", [[], ["restore"], ["unknown", "x"], ["restore", "a b"], ["restore", "$(id)"]])
def test_anything_else_is_a_usage_error(arguments: list[str]) -> None:
    assert release.main(arguments) == 2
