"""`bin/released`: which release production runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.released import __main__ as bin_released
from ops.released.newest import newest
from tests.unit.delivery.serving import serving
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path


def _release(tag: str, published: str | None, **more: bool) -> dict[str, Any]:
    return {"tag_name": tag, "published_at": published, "draft": False, "prerelease": False, **more}


def test_the_newest_is_the_one_published_last_whatever_was_created_last() -> None:
    listed = [
        _release("v2.0.0-rc1", "2026-05-09T00:00:00Z", prerelease=True),
        _release("v1.9.0", None, draft=True),
        _release("v1.3.0", "2026-05-01T00:00:00Z"),
        _release("worker-7", "2026-05-08T00:00:00Z"),
        _release("v1.2.1", "2026-05-03T00:00:00Z"),
    ]
    assert newest(listed, "v*") == "v1.2.1"
    assert newest(listed[:2], "v*") == ""


def _run(root: Path, releases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    def answer(_: str, path: str, __: Any) -> tuple[int, Any]:
        page = int(parse_qs(urlsplit(path).query)["page"][0])
        return 200, releases[100 * (page - 1) : 100 * page]

    with serving(answer, token="of-the-job") as api:
        monkeypatch.setenv("GITHUB_API_URL", api)
        monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
        monkeypatch.setenv("GITHUB_TOKEN", "of-the-job")
        return bin_released.main(arguments, root)


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    releases = [_release(f"worker-{number}", "2026-01-01T00:00:00Z") for number in range(230)]
    assert _run(EXAMPLE, [*releases, _release("v1.0.0", "2025-01-01T00:00:00Z")], monkeypatch) == 0
    assert capsys.readouterr().out == "v1.0.0\n"


@pytest.mark.parametrize(("merged", "code"), [(True, 0), (False, 1)])
def test_a_release_off_the_branch_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, *, merged: bool
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
    assert _run(tmp_path, [_release("v1.0.0", "2026-01-01T00:00:00Z")], monkeypatch, "--on", "main") == code
    said = capsys.readouterr()
    assert ("release v1.0.0 is not on main" in said.err, said.out) == ((False, "v1.0.0\n") if merged else (True, ""))
