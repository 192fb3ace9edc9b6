"""The steps of a release: restore points, waiting, moving branches, and the proof of what answers."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from release import calls, points
from release.commands import main
from sandbox import credentials
from sandbox.http import face
from sandbox.world import cloudflare as cloudflare_world
from sandbox.world import github_history, pages_builds
from sandbox.world.store import World
from tests.unit.delivery.neon import Neon
from tests.unit.delivery.serving import CUT, HTML, SHORT, serving
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSING = [502, 503, 504, 429, CUT, HTML, SHORT]
COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"


class Clock:
    """A time in which every pause ends at once."""

    def __init__(self) -> None:
        self.time = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all steps."""
    found = Clock()
    monkeypatch.setattr(calls, "sleep", found.sleep)
    monkeypatch.setattr(calls, "now", lambda: found.time)
    return found


@pytest.fixture
def neon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neon]:
    """A project, and the environment that reaches it."""
    project = Neon()
    with _reached(project.answer, monkeypatch):
        yield project


@contextmanager
def _reached(answer: Callable[[str, str, Any], tuple[int, Any]], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with serving(answer, token="napi_canary") as url:
        for name, value in {"API_URL": url, "API_KEY": "napi_canary", "PROJECT_ID": "p-1"}.items():
            monkeypatch.setenv(f"NEON_{name}", value)
        yield


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands of an application whose database is at its head, and a psql that says so."""
    for name, value in {"MIGRATION": "true", "REVISION": "echo one", "HEADS": "echo one"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "psql").write_text("#!/bin/sh\necho 1\n")
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


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
def world(tmp_path: Path) -> World:
    """Clouds with a repository, and a Pages project that main builds previews of."""
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as tx:
        tx.put("github", "repository", "o/r", {"id": 1, "name": "r", "owner": "o"})
        tx.put("cloudflare", "account", "a1", {"id": "a1"})
        cloudflare_world.create_pages(tx, "a1", {"name": "relay", "production_branch": "release"})
    return world


@pytest.fixture
def github(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[_GitHub]:
    """A repository, and the environment of a workflow that a release started."""
    repository = _GitHub(world)
    with serving(repository.answer, token="job-token") as url:
        values = {"API_URL": url, "TOKEN": "job-token", "REPOSITORY": "o/r", "SHA": "7", "EVENT_NAME": "release"}
        for name, value in values.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        yield repository


# --- restore points


def test_the_newest_three_restore_points_stay_and_all_of_seven_days(neon: Neon) -> None:
    for number, days in enumerate((30, 20, 6, 5, 4, 3)):
        neon.add(f"restore-point-v{number}", days)
    assert main(["restore-point", "v6"]) == 0
    assert neon.deleted == ["restore-point-v0", "restore-point-v1"]
    assert neon.names[-1] == "restore-point-v6"


def test_the_newest_three_stay_whatever_their_age(neon: Neon) -> None:
    for number, days in enumerate((30, 20, 10)):
        neon.add(f"restore-point-v{number}", days)
    assert main(["restore-point", "v3"]) == 0
    assert neon.deleted == ["restore-point-v0"]


def test_the_plans_limit_takes_the_oldest_of_the_young_and_says_so(
    neon: Neon, capsys: pytest.CaptureFixture[str]
) -> None:
    neon.limit = 6
    for number in range(5):
        neon.add(f"restore-point-v{number}", 5 - number)
    assert main(["restore-point", "v5"]) == 0
    assert neon.deleted == ["restore-point-v0", "restore-point-v1"]
    assert "restore-point-v0: the plan allows 6 branches" in capsys.readouterr().out


def test_a_branch_made_by_hand_stays(neon: Neon) -> None:
    for number in range(4):
        neon.add(f"before-v{number}", 100)
        neon.add(f"restore-point-v{number}", 90)
    neon.limit = None
    assert main(["restore-point", "v9"]) == 0
    assert [name for name in neon.names if name.startswith("before-")] == [f"before-v{number}" for number in range(4)]


def test_a_release_that_is_deployed_again_keeps_both_points(neon: Neon) -> None:
    for _ in range(3):
        assert main(["restore-point", "v1.0"]) == 0
    assert neon.names == ["main", "restore-point-v1.0", "restore-point-v1.0-2", "restore-point-v1.0-3"]


def test_a_point_with_children_stays_and_a_release_goes_on(neon: Neon, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        neon.add(f"restore-point-v{number}", 30 - number)
    neon.add("somebodys", 1, "br-restore-point-v0")
    assert main(["restore-point", "v4"]) == 0
    assert "restore-point-v0 stays" in capsys.readouterr().out
    assert neon.deleted == ["restore-point-v1"]


def test_every_page_of_branches_is_read(neon: Neon) -> None:
    neon.limit, neon.page = None, 25
    for number in range(130):
        neon.add(f"pull-{number}", number / 24)
    assert main(["restore-point", "v1"]) == 0
    assert main(["restore", "restore-point-v1"]) == 0
    assert neon.restored == [("br-main", "br-restore-point-v1")]


@pytest.mark.parametrize("confirms", [True, False])
@pytest.mark.parametrize("failure", [*PASSING, 423])
@pytest.mark.usefixtures("application")
def test_every_call_may_fail_once_and_a_made_branch_may_be_listed_late(
    neon: Neon, failure: int, *, confirms: bool
) -> None:
    neon.add("restore-point-v0", 20)
    neon.add("restore-point-v1", 10)
    neon.add("restore-point-v2", 1)
    for step in (["restore-point", "v3"], ["rehearse"], ["drill"]):
        neon.flaky, neon.confirms, neon.late = failure, confirms, 2
        neon.seen.clear()
        assert main(step) == 0
    assert neon.names == ["main", "restore-point-v1", "restore-point-v2", "restore-point-v3"]


def _refused(
    step: str, number: int, refusal: tuple[int, Any], monkeypatch: pytest.MonkeyPatch, *, onwards: bool
) -> tuple[int, int]:
    """Run a step of which Neon refuses a kind of call for good, and perhaps all later kinds. Check the branches.

    Returns:
        The exit code, and how many kinds of calls there were.
    """
    neon = Neon()
    neon.add("restore-point-v0", 20)
    neon.add("restore-point-v1", 1)
    kinds: dict[tuple[str, str], int] = {}

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        assert method == "GET" or "br-main" not in path
        kind = kinds.setdefault((method, re.sub(r"\?.*|(?<=/)br-[^/]*", "", path)), len(kinds) + 1)
        return refusal if kind == number or (onwards and kind > number) else neon.answer(method, path, body)

    with _reached(answer, monkeypatch):
        code = main(step.split())
    copies = [branch for branch in neon.branches[1:] if not branch["name"].startswith("restore-point-")]
    assert all(branch["expires_at"] for branch in copies)
    assert not copies or onwards or "DELETE" in {method for (method, _), kind in kinds.items() if kind == number}
    assert (neon.names[0], neon.restored) == ("main", [])
    return code, len(kinds)


@pytest.mark.parametrize("onwards", [False, True])
@pytest.mark.parametrize(
    "refusal", [*((status, {"message": "no"}) for status in (401, 403, 404, 422)), (502, b"<html>Bad Gateway</html>")]
)
@pytest.mark.parametrize("step", ["restore-point v2", "rehearse", "drill", "prove"])
@pytest.mark.usefixtures("application")
def test_a_step_that_neon_refuses_for_good_ends_with_its_message(
    step: str,
    refusal: tuple[int, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    onwards: bool,
) -> None:
    for name in ("API_URL", "FLY_APP", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for number in itertools.count(1):
        code, count = _refused(step, number, refusal, monkeypatch, onwards=onwards)
        printed = capsys.readouterr()
        if number > count:
            break
        if code == 0:  # the branch that cannot be deleted is named; a missing branch is deleted
            assert " stays " in printed.out or refusal[0] == 404
            continue
        assert code == (3 if refusal[0] == 502 else 1)
        assert printed.err.startswith(f"release {step.split(maxsplit=1)[0]}: ")
        assert f"HTTP {refusal[0]}" in printed.out + printed.err
    assert (code, count > 3) == (0, True)


@pytest.mark.parametrize("body", [{}, [], None, "ok", {"branches": [{}], "branch": None}])
@pytest.mark.parametrize("step", ["restore-point v2", "rehearse", "drill", "prove"])
@pytest.mark.usefixtures("application")
def test_an_answer_of_another_form_is_a_message(
    step: str, body: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("API_URL", "FLY_APP", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    codes = []
    for number in itertools.count(1):
        code, count = _refused(step, number, (200, body), monkeypatch, onwards=False)
        printed = capsys.readouterr()
        if number > count:
            break
        codes.append(code)
        assert code == 0 or printed.err.startswith(f"release {step.split(maxsplit=1)[0]}: ")
    assert {0, 3} >= set(codes) - {1}
    assert 3 in codes


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("tables", "said"), [("{", "no JSON object"), ('{"a": "2"}', "no JSON object"), ('{"a": 2}', "too few rows in a")]
)
def test_a_drill_that_fails_says_why(
    neon: Neon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tables: str, said: str
) -> None:
    neon.add("restore-point-v1", 1)
    monkeypatch.setenv("DRILL_TABLES", tables)
    assert main(["drill"]) == 1
    assert said in capsys.readouterr().err


def test_a_drill_without_psql_says_so(
    neon: Neon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    neon.add("restore-point-v1", 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["drill"]) == 1
    assert "psql cannot be run" in capsys.readouterr().err
    assert neon.names == ["main", "restore-point-v1"]


def test_repeating_ends_at_the_deadline(neon: Neon, clock: Clock) -> None:
    neon.failing = {"GET": [502] * 1000}
    assert main(["restore-point", "v1"]) == 3
    assert clock.time == pytest.approx(300)


def test_the_database_is_restored_from_a_point(neon: Neon, capsys: pytest.CaptureFixture[str]) -> None:
    main(["restore-point", "v1"])
    assert main(["restore", "restore-point-v1"]) == 0
    assert neon.restored == [("br-main", "br-restore-point-v1")]
    kept = next(name for name in neon.names if name.startswith("replaced-"))
    assert f"is branch {kept}. Neon does not let it be deleted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("failure", "confirms", "code"), [(502, False, 0), (CUT, False, 0), (403, False, 1), (504, True, 3)]
)
def test_a_restore_whose_answer_is_lost_is_looked_for_and_never_repeated(
    neon: Neon, failure: int, code: int, capsys: pytest.CaptureFixture[str], *, confirms: bool
) -> None:
    main(["restore-point", "v1"])
    if confirms:  # Neon restored nothing
        neon.failing = {"POST": [failure]}
    else:
        neon.flaky, neon.confirms = failure, False
        neon.seen |= {("GET", "/projects/p-1/branches")}
    assert main(["restore", "restore-point-v1"]) == code
    assert len(neon.restored) == (0 if confirms else 1)
    if code == 3:
        assert capsys.readouterr().err.endswith("neonctl branches list --project-id p-1\n")


def test_a_missing_point_is_refused_with_those_that_exist(neon: Neon, capsys: pytest.CaptureFixture[str]) -> None:
    main(["restore-point", "v1"])
    assert main(["restore", "restore-point-v2"]) == 1
    assert "restore points: restore-point-v1" in capsys.readouterr().err
    assert neon.restored == []


def test_a_refused_key_is_reported_without_it(
    neon: Neon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    neon.failing = {"GET": [401]}
    assert main(["restore-point", "v1"]) == 1
    said = capsys.readouterr().err
    assert "HTTP 401" in said
    assert "canary" not in said


def test_without_a_key_there_is_no_restore_point_and_no_rehearsal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEON_API_KEY", "")
    assert main(["restore-point", "v1"]) == 0
    assert main(["rehearse"]) == 0
    assert capsys.readouterr().out == (
        "No restore point: `neonRestoreKey` is not set.\nNo rehearsal: `neonRestoreKey` is not set.\n"
    )


def test_a_missing_variable_is_named(
    neon: Neon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEON_PROJECT_ID", "")
    assert main(["restore-point", "v1"]) == 1
    assert "NEON_PROJECT_ID is not set" in capsys.readouterr().err


def test_a_drill_without_a_point_fails(neon: Neon, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill"]) == 1
    assert "there is no restore point" in capsys.readouterr().err
    assert points.points(neon.branches) == []


# --- waiting for the infrastructure


def test_infrastructure_of_the_same_commit_is_waited_for(github: _GitHub) -> None:
    github.workflow("active", "queued", "in_progress", "success")
    assert main(["wait", "infra.yml"]) == 0
    assert github.calls == 4


def test_a_run_that_is_listed_late_is_waited_for(github: _GitHub) -> None:
    github.workflow("active", *[None] * 15, "failure")
    assert main(["wait", "infra.yml"]) == 1


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


# --- moving a branch


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


# --- the proof


class _Clouds:
    """An API, the stand-in's deployments of Cloudflare Pages, and what flyctl says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.statuses: list[int] = [200]
        self.tags: list[str] | None = [COMMIT, COMMIT]
        self.deploys = 0
        self.then: list[dict[str, Any]] = []
        self.failing: list[int] = []

    def build(self, commit: str, branch: str = "release", **more: Any) -> str:
        """Have Pages build a commit; return the deployment's id."""
        with self.world.transaction() as tx:
            return str(pages_builds.build(tx, "a1", "relay", branch=branch, commit=commit, **more)["id"])

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/docs":
            return (self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]), {}
        if self.failing:
            return self.failing.pop(0), {}
        answer = face.answer(self.world, path, credentials.CLOUDFLARE_TOKEN, method)
        if self.then:
            self.build(**self.then.pop(0))
        return answer


@pytest.fixture
def clouds(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Clouds]:
    """What answers, and the environment of the proof; nothing has a Neon key."""
    found = _Clouds(world)

    def flyctl(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if command[1] == "deploy":
            expected = ["--config", "fly.toml", "--image-label", COMMIT, "--app", "relay-api"]
            assert command[2:] == ["--remote-only", "--ha=false", *expected]
            return subprocess.CompletedProcess(command, found.deploys)
        assert command == ["flyctl", "status", "--json", "--app", "relay-api"]
        if found.tags is None:
            return subprocess.CompletedProcess(command, 1, "", "Error: canary")
        machines = [{"image_ref": {"tag": tag}, "config": {"env": {"X": "canary"}}} for tag in found.tags]
        return subprocess.CompletedProcess(command, 0, json.dumps({"Machines": machines}), "")

    monkeypatch.setattr(subprocess, "run", flyctl)
    with serving(found.answer) as url:
        values = {
            "API_URL": url,
            "HEALTH_PATH": "/docs",
            "FLY_APP": "relay-api",
            "FLY_FILE": "fly.toml",
            "GITHUB_SHA": COMMIT,
            "NEON_API_KEY": "",
            "CLOUDFLARE_BASE_URL": f"{url}/client/v4",
            "CLOUDFLARE_API_TOKEN": "cfut_canary",
            "CLOUDFLARE_ACCOUNT_ID": "a1",
            "PAGES_PROJECT": "relay",
            "FRONTEND_BRANCH": "release",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        yield found


def test_everything_of_this_commit_is_proven(clouds: _Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    identity = clouds.build(COMMIT)
    assert main(["prove"]) == 0
    said = capsys.readouterr().out
    assert "/docs answers 200" in said
    assert f"image: every machine runs {COMMIT}" in said
    assert "schema: not checked, because NEON_API_KEY is not set" in said
    assert f"frontend: https://{identity[:8]}.relay-" in said
    assert f".pages.dev was built from {COMMIT}" in said
    assert "canary" not in said


def test_an_api_that_comes_up_late_is_waited_for(clouds: _Clouds) -> None:
    clouds.build(COMMIT)
    clouds.statuses = [503, CUT, 502, 200]
    assert main(["prove"]) == 0


def test_an_api_that_does_not_answer_fails(clouds: _Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    clouds.build(COMMIT)
    clouds.statuses = [500]
    assert main(["prove"]) == 1
    printed = capsys.readouterr()
    assert "flyctl logs -a relay-api" in printed.out
    assert printed.err == "release prove: this commit is not what answers: API\n"


def test_an_image_that_flyctl_does_not_tell_cannot_be_told(clouds: _Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    clouds.build(COMMIT)
    clouds.tags = None
    assert main(["prove"]) == 3
    printed = capsys.readouterr()
    assert "image: cannot be told: flyctl did not say" in printed.out
    assert "nothing failed, but this could not be checked: image" in printed.err


def test_a_machine_of_another_image_fails(clouds: _Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    clouds.build(COMMIT)
    clouds.tags = [COMMIT, "older"]
    assert main(["prove"]) == 1
    assert "relay-api runs 3d3c42e5aac5ba805825da76410c181273ba90b1, older" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tags", "status", "code", "said"),
    [
        ({COMMIT}, 200, 0, f"runs {COMMIT}: deployed. http"),
        ({COMMIT}, 500, 1, "does not answer"),
        ({"older"}, 200, 1, "runs older: not deployed. Its log:\nflyctl logs -a relay-api"),
        (
            {"older", COMMIT},
            200,
            3,
            "deployed in part. Look at its machines, then deploy again:\nflyctl status -a relay-api",
        ),
        (set(), 200, 1, "runs no machine"),
        (None, 200, 3, "flyctl did not say (JSONDecodeError):\nflyctl status --json --app relay-api"),
    ],
)
def test_a_flyctl_that_fails_may_have_deployed(
    clouds: _Clouds, capsys: pytest.CaptureFixture[str], tags: set[str] | None, status: int, *, code: int, said: str
) -> None:
    clouds.statuses, clouds.deploys = [status], 1
    clouds.tags = None if tags is None else sorted(tags)
    assert main(["deploy"]) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
    clouds.deploys, clouds.tags = 0, None
    assert main(["deploy"]) == 0


@pytest.mark.parametrize("name", ["FLY_APP", "FLY_FILE", "GITHUB_SHA"])
@pytest.mark.usefixtures("clouds")
def test_a_deployment_without_a_variable_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.delenv(name)
    assert main(["deploy"]) == 1
    assert capsys.readouterr().err == f"release deploy: {name} is not set\n"


def test_a_frontend_that_is_built_late_is_waited_for(clouds: _Clouds) -> None:
    clouds.then = [
        {"commit": "older"},
        {"commit": COMMIT, "stage": "build", "status": "active"},
        {"commit": COMMIT},
    ]
    assert main(["prove"]) == 0


def test_a_build_that_pages_skipped_passes(clouds: _Clouds) -> None:
    clouds.build(COMMIT, stage="queued", status="idle", skipped=True)
    assert main(["prove"]) == 0


def test_a_push_that_a_later_push_overtook_passes(clouds: _Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds.build(COMMIT)
    clouds.build("later")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    assert main(["prove"]) == 0
    monkeypatch.setenv("GITHUB_EVENT_NAME", "release")
    assert main(["prove"]) == 1


def test_another_branchs_deployments_do_not_count(clouds: _Clouds) -> None:
    clouds.build(COMMIT)
    for _ in range(40):
        clouds.build("other", "main")
    assert main(["prove"]) == 0


@pytest.mark.parametrize("status", ["failure", "canceled"])
def test_a_build_that_failed_names_its_log(clouds: _Clouds, status: str, capsys: pytest.CaptureFixture[str]) -> None:
    identity = clouds.build(COMMIT, stage="build", status=status)
    assert main(["prove"]) == 1
    assert f"https://dash.cloudflare.com/a1/pages/view/relay/{identity}" in capsys.readouterr().out


@pytest.mark.parametrize("commits", [[], ["older"]])
def test_a_build_that_never_started_fails(
    clouds: _Clouds, commits: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for commit in commits:
        clouds.build(commit)
    assert main(["prove"]) == 1
    assert f"no build of {COMMIT} on release started" in capsys.readouterr().out


@pytest.mark.parametrize(("times", "code"), [(3, 0), (1000, 3)])
@pytest.mark.parametrize("failure", PASSING)
def test_a_look_at_pages_is_repeated(clouds: _Clouds, failure: int, times: int, code: int) -> None:
    clouds.build(COMMIT)
    clouds.failing = [failure] * times
    assert main(["prove"]) == code


@pytest.mark.parametrize("url", ["", "relay-api.fly.dev"])
def test_an_address_that_is_none_fails_at_once(
    clouds: _Clouds, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clouds.build(COMMIT)
    monkeypatch.setenv("API_URL", url)
    assert main(["prove"]) == (1 if url else 0)
    assert ("is no address" if url else "API: not checked") in capsys.readouterr().out


# --- the command


def test_calls_have_a_name_of_their_own() -> None:
    seen: list[str] = []
    with serving(lambda *_: (200, {}), named=seen.append) as url:
        calls.call("GET", url, "token")
    assert seen == ["relay-infrastructure"]


@pytest.mark.parametrize(
    "arguments", [[], ["restore"], ["unknown", "x"], ["prove", "x"], ["restore", "a b"], ["restore", "$(id)"]]
)
def test_anything_else_is_a_usage_error(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_it_runs_from_any_folder_with_the_standard_library_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-S", str(ROOT / "deploy" / "release")]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[2]) == (2, "Usage: python3 deploy/release COMMAND [ARGUMENT]")
