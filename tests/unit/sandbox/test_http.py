"""Read the clouds' HTTP APIs in the sandbox: pages, order, and what an object shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.clouds import cloudflare as asked_cloudflare
from infra.clouds import github as asked_github
from infra.clouds import neon as asked_neon
from sandbox import credentials
from sandbox.http import face
from sandbox.world import cloudflare, github, github_history, neon
from tests.unit.clouds.served import served

if TYPE_CHECKING:
    from sandbox.world.store import World

ACCOUNT = "f" * 32
PLACE = ("tune-works", "tune")


@pytest.fixture
def clouds(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with an account and a repository, which is served."""
    with world.transaction() as tx:
        tx.put("cloudflare", "account", ACCOUNT, {"id": ACCOUNT})
        tx.put("github", "repository", "/".join(PLACE), {"id": 1, "name": PLACE[1], "owner": PLACE[0]})
    return served(world, monkeypatch)


def cloudflare_answer(world: World, path: str, **headers: str) -> Any:
    target = f"/client/v4/accounts/{ACCOUNT}/{path}"
    return face.answer(world, target, credentials.CLOUDFLARE_TOKEN, "GET", **headers)[1]["result"]


def test_buckets_are_listed_by_a_cursor_and_by_jurisdiction(clouds: World) -> None:
    with clouds.transaction() as tx:
        for number in range(3):
            cloudflare.create_bucket(tx, ACCOUNT, {"name": f"audio-{number}"})
        cloudflare.create_bucket(tx, ACCOUNT, {"name": "audio-eu", "jurisdiction": "eu"})
    target = f"/client/v4/accounts/{ACCOUNT}/r2/buckets?per_page=2"
    first = face.answer(clouds, target, credentials.CLOUDFLARE_TOKEN)[1]
    assert [bucket["name"] for bucket in first["result"]["buckets"]] == ["audio-0", "audio-1"]
    rest = cloudflare_answer(clouds, f"r2/buckets?per_page=2&cursor={first['result_info']['cursor']}")
    assert [bucket["name"] for bucket in rest["buckets"]] == ["audio-2"]
    assert [
        bucket["name"] for bucket in cloudflare_answer(clouds, "r2/buckets", cf_r2_jurisdiction="eu")["buckets"]
    ] == ["audio-eu"]
    assert cloudflare_answer(clouds, "r2/buckets/audio-1/domains/managed")["enabled"] is False


def test_pages_projects_are_listed_ten_a_page(clouds: World) -> None:
    with clouds.transaction() as tx:
        for number in range(12):
            cloudflare.create_pages(tx, ACCOUNT, {"name": f"tune-{number}"})
    assert len(cloudflare_answer(clouds, "pages/projects?per_page=100")) == 10
    client = asked_cloudflare.client(credentials.CLOUDFLARE_TOKEN)
    assert len(list(client.items(f"accounts/{ACCOUNT}/pages/projects", "result", size=10))) == 12


def test_a_project_is_shown_without_its_password_and_with_its_branch(clouds: World) -> None:
    with clouds.transaction() as tx:
        project = neon.create_project(tx, {"name": "tune"})
        for _ in range(11):
            neon.create_project(tx, {"name": "other"})
    client = asked_neon.client(credentials.NEON_KEY)
    assert len(list(asked_neon.projects(client, None))) == 12
    assert len(face.answer(clouds, "/api/v2/projects", credentials.NEON_KEY)[1]["projects"]) == 10
    shown = asked_neon.project(client, project["id"])
    assert shown["history_retention_seconds"] == 21_600
    assert project["password"] not in str(shown)
    (branch,) = client.ask(f"projects/{project['id']}/branches", "branches")
    assert (branch["default"], branch["protected"]) == (True, False)


def test_variables_of_an_environment_and_of_the_repository_are_listed_apart(clouds: World) -> None:
    with clouds.transaction() as tx:
        github.put_environment(tx, *PLACE, "staging")
        for number in range(31):
            github.put_item(tx, "variable", *PLACE, "staging", f"V{number}", value="x")
        github.put_item(tx, "variable", *PLACE, "OF_THE_REPOSITORY", value="x")
    client = asked_github.client(credentials.GITHUB_TOKEN)
    own, environment = (
        [item["name"] for item in client.items(f"repos/tune-works/tune/{place}/variables", "variables", size=30)]
        for place in ("actions", "environments/staging")
    )
    assert (own, len(environment)) == (["OF_THE_REPOSITORY"], 31)


def test_releases_are_listed_by_creation_with_drafts_and_pre_releases(clouds: World) -> None:
    with clouds.transaction() as tx:
        github_history.put_release(tx, *PLACE, "v2", "2026-01-02", prerelease=True)
        github_history.put_release(tx, *PLACE, "v1", "2026-01-01", published_at="2026-01-03")
        github_history.put_release(tx, *PLACE, "v3", "2026-01-03", draft=True, published_at=None)
    client = asked_github.client(credentials.GITHUB_TOKEN)
    listed = client.items("repos/tune-works/tune/releases", size=30)
    assert [release["tag_name"] for release in listed] == ["v3", "v2", "v1"]
