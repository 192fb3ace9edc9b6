"""`bin/released`: which release production runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.errors import UserError
from ops.released import __main__ as bin_released
from sandbox import credentials
from sandbox.http import face
from sandbox.world import github_history
from sandbox.world.store import World
from tests.unit.delivery.serving import serving
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Clouds with a repository."""
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as tx:
        tx.put("github", "repository", "o/r", {"id": 1, "name": "r", "owner": "o"})
    return world


def _release(world: World, tag: str, created: str, **more: object) -> None:
    with world.transaction() as tx:
        github_history.put_release(tx, "o", "r", tag, created, **more)


def _run(world: World, monkeypatch: pytest.MonkeyPatch, root: Path = EXAMPLE, *arguments: str) -> int:
    with serving(lambda method, path, _: face.answer(world, path, credentials.GITHUB_TOKEN, method)) as api:
        monkeypatch.setenv("GITHUB_API_URL", api)
        monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
        monkeypatch.setenv("GITHUB_TOKEN", "of-the-job")
        return bin_released.main(arguments, root)


def test_the_newest_is_the_one_published_last_whatever_was_created_last(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _release(world, "v2.0.0-rc1", "2026-05-09T00:00:00Z", prerelease=True)
    _release(world, "v1.9.0", "2026-05-10T00:00:00Z", draft=True, published_at=None)
    assert (_run(world, monkeypatch), capsys.readouterr().out) == (0, "\n")
    _release(world, "v1.3.0", "2026-05-04T00:00:00Z", published_at="2026-05-05T00:00:00Z")
    _release(world, "worker-7", "2026-05-08T00:00:00Z")
    _release(world, "v1.2.1", "2026-05-03T00:00:00Z", published_at="2026-05-06T00:00:00Z")
    assert _run(world, monkeypatch) == 0
    assert capsys.readouterr().out == "v1.2.1\n"


def test_every_page_is_read(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(230):
        _release(world, f"worker-{number}", "2026-01-01T00:00:00Z")
    _release(world, "v1.0.0", "2025-01-01T00:00:00Z")
    assert _run(world, monkeypatch) == 0
    assert capsys.readouterr().out == "v1.0.0\n"


@pytest.mark.parametrize("merged", [True, False])
def test_a_release_off_the_branch_is_refused(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    merged: bool,
) -> None:
    for path in EXAMPLE.glob("Pulumi*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def git(*words: str) -> None:
        command = ["/usr/bin/env", "git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run([*command, *words], check=True, capture_output=True)

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "-m", "one")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    if not merged:
        git("commit", "--quiet", "--allow-empty", "-m", "only here")
    git("tag", "v1.0.0")
    _release(world, "v1.0.0", "2026-01-01T00:00:00Z")
    if merged:
        assert _run(world, monkeypatch, tmp_path, "--on", "main") == 0
        assert capsys.readouterr().out == "v1.0.0\n"
        return
    with pytest.raises(UserError, match=r"release v1\.0\.0 is not on main"):
        _run(world, monkeypatch, tmp_path, "--on", "main")
    assert capsys.readouterr().out == ""
