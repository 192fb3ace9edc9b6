"""The proof of a release: the API, the image and the frontend are of the commit that was deployed."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from release import proof
from release.commands import main
from sandbox import credentials
from sandbox.http import face
from sandbox.world import pages_builds
from tests.unit.delivery.serving import CUT, PASSING, opened

if TYPE_CHECKING:
    from sandbox.world.store import World

COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"


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
def clouds(world: World, monkeypatch: pytest.MonkeyPatch) -> _Clouds:
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
    monkeypatch.setattr(proof, "POLL", 100.0)
    monkeypatch.setattr(urllib.request, "urlopen", opened(found.answer))
    values = {
        "API_URL": "http://api.test",
        "HEALTH_PATH": "/docs",
        "FLY_APP": "relay-api",
        "FLY_FILE": "fly.toml",
        "GITHUB_SHA": COMMIT,
        "NEON_API_KEY": "",
        "CLOUDFLARE_BASE_URL": "http://cloudflare.test/client/v4",
        "CLOUDFLARE_API_TOKEN": "cfut_canary",
        "CLOUDFLARE_ACCOUNT_ID": "a1",
        "PAGES_PROJECT": "relay",
        "FRONTEND_BRANCH": "release",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return found


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


@pytest.mark.parametrize(
    ("status", "tags", "code", "shown", "said"),
    [
        (500, [COMMIT], 1, "flyctl logs -a relay-api", "these are not this commit's: API\n"),
        (
            200,
            None,
            3,
            "image: cannot be told: flyctl did not tell",
            "nothing failed, but this could not be checked: im",
        ),
        (200, [COMMIT, "older"], 1, f"relay-api runs {COMMIT}, older", "these are not this commit's: image\n"),
    ],
)
def test_an_api_or_an_image_that_is_not_this_commits_fails(
    clouds: _Clouds,
    capsys: pytest.CaptureFixture[str],
    status: int,
    tags: list[str] | None,
    *,
    code: int,
    shown: str,
    said: str,
) -> None:
    clouds.build(COMMIT)
    clouds.statuses, clouds.tags = [status], tags
    assert main(["prove"]) == code
    printed = capsys.readouterr()
    assert shown in printed.out
    assert printed.err.startswith(f"release prove: {said}")


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
        (
            None,
            200,
            3,
            "flyctl did not tell what relay-api runs (JSONDecodeError):\nflyctl status --json --app relay-api",
        ),
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


@pytest.mark.parametrize(
    ("built", "then"),
    [
        ([], [{"commit": "older"}, {"commit": COMMIT, "stage": "build", "status": "active"}, {"commit": COMMIT}]),
        ([{"commit": COMMIT, "stage": "queued", "status": "idle", "skipped": True}], []),
        ([{"commit": COMMIT}, *[{"commit": "other", "branch": "main"}] * 40], []),
    ],
    ids=["late", "skipped", "beside another branch's"],
)
def test_a_frontend_of_this_commit_passes(
    clouds: _Clouds, built: list[dict[str, Any]], then: list[dict[str, Any]]
) -> None:
    for build in built:
        clouds.build(**build)
    clouds.then = then
    assert main(["prove"]) == 0


def test_a_push_that_a_later_push_overtook_passes(clouds: _Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds.build(COMMIT)
    clouds.build("later")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    assert main(["prove"]) == 0
    monkeypatch.setenv("GITHUB_EVENT_NAME", "release")
    assert main(["prove"]) == 1


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


@pytest.mark.parametrize(("failure", "times", "code"), [*((failure, 3, 0) for failure in PASSING), (502, 1000, 3)])
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
