"""`bin/comment` edits its own comment or issue on any page, repeats none, and never touches another author's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.clouds.http import CloudError, RefusedError
from ops.comment import __main__ as comment
from ops.github import BOT, Repository
from ops.preview import run
from tests.unit.delivery.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _GitHub:
    """Comments of pull request 7 and the repository's open issues, behind GitHub's paths."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.fail = 0
        self.seen: list[str] = []

    def add(self, login: str | None, body: str) -> dict[str, Any]:
        return self._add(self.comments, login, body)

    def _add(self, entries: list[dict[str, Any]], login: str | None, body: str) -> dict[str, Any]:
        number = len(entries) + 1
        user = {"login": login} if login else None
        made = {"id": number, "number": number, "user": user, "body": body, "html_url": f"https://github/{number}"}
        entries.append(made)
        return made

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        url = urlsplit(path)
        self.seen.append(f"{method} {url.path}")
        if self.fail:
            return self.fail, {"message": "Resource not accessible by integration"}
        place = url.path.removeprefix("/repos/o/r/")
        if method == "PATCH":
            kind, number = place.rsplit("/", maxsplit=1)
            entries = {"issues/comments": self.comments, "issues": self.issues}[kind]
            entries[int(number) - 1] |= body
            return 200, entries[int(number) - 1]
        entries = {"issues/7/comments": self.comments, "issues": self.issues}[place]
        if method == "GET":
            query = {key: int(values[0]) for key, values in parse_qs(url.query).items()}
            start = (query["page"] - 1) * query["per_page"]
            listed = [entry for entry in entries if entry.get("state") != "closed"]
            return 200, listed[start : start + query["per_page"]]
        assert method == "POST"
        return 201, self._add(entries, BOT, body["body"])


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[_GitHub]:
    """GitHub, and the environment of a workflow that a pull request started."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "0123456789abcdef"}}}))
    found = _GitHub()
    with serving(found.answer, token="token-of-the-job") as api:
        values = {
            "EVENT_PATH": str(event),
            "STEP_SUMMARY": str(tmp_path / "summary.md"),
            "REPOSITORY": "o/r",
            "SERVER_URL": "https://github.com",
            "RUN_ID": "5",
            "API_URL": api,
            "TOKEN": "token-of-the-job",
        }
        for name, value in values.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        yield found


@pytest.fixture
def repository(github: _GitHub) -> Repository:
    """The repository, as a workflow has it."""
    return Repository.of({"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "token-of-the-job"})


def test_a_comment_is_edited_wherever_it_is(github: _GitHub, repository: Repository) -> None:
    for number in range(250):
        github.add(BOT, f"<!-- another: {number} -->")
    github.add("visitor", "<!-- mine -->\npasted by somebody")
    github.add(None, "<!-- mine -->\nby an account that is gone")
    own = github.add(BOT, "<!-- mine -->\nold")
    github.add(BOT, "quotes <!-- mine -->")
    assert repository.put_comment(7, "<!-- mine -->", "new") == own["html_url"]
    assert own["body"] == "<!-- mine -->\nnew"
    assert len(github.comments) == 254


def test_a_refusal_names_the_permission_and_not_the_token(github: _GitHub, repository: Repository) -> None:
    github.fail = 403
    with pytest.raises(RefusedError, match="pull-requests: write") as error:
        repository.put_comment(7, "<!-- mine -->", "new")
    assert "token-of-the-job" not in str(error.value)


def test_a_failed_preview_replaces_an_earlier_success(github: _GitHub, tmp_path: Path) -> None:
    own = github.add(BOT, f"{comment.marker('staging')}\nall was well")
    kept = {"stdout": "", "stderr": "error: no stack named 'staging' found", "exit_code": 6}
    (tmp_path / run.KEPT).write_text(json.dumps(kept))
    assert comment.main(["staging", str(tmp_path)]) == 0
    assert "preview failed" in own["body"]
    assert "0123456789ab" in own["body"]
    assert "no stack named" in (tmp_path / "summary.md").read_text()


def test_each_stack_has_a_comment_of_its_own(github: _GitHub, tmp_path: Path) -> None:
    for stack in ("staging", "production", "staging"):
        comment.main([stack, str(tmp_path / "missing")])
    assert [entry["body"].splitlines()[0] for entry in github.comments] == [
        comment.marker("staging"),
        comment.marker("production"),
    ]
    assert "failed before the preview" in github.comments[0]["body"]


def test_the_sandbox_and_a_job_without_a_token_only_write_the_summary(
    github: _GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert comment.main(["staging", str(tmp_path), "--sandbox"]) == 0
    monkeypatch.delenv("GITHUB_TOKEN")
    assert comment.main(["staging", str(tmp_path)]) == 0
    assert github.seen == []
    assert "cannot show" in (tmp_path / "summary.md").read_text()


def test_a_comment_that_cannot_be_written_fails_the_job(github: _GitHub, tmp_path: Path) -> None:
    github.fail = 500
    with pytest.raises(CloudError, match="answered 500"):
        comment.main(["staging", str(tmp_path)])


def test_drift_is_one_issue_that_is_edited_when_it_changes_and_closed(github: _GitHub, tmp_path: Path) -> None:
    report = tmp_path / "drift.md"
    for text in ("", "one", "one", "two", "", "again"):
        report.write_text(text)
        assert comment.main(["staging", str(tmp_path), "--issue"]) == 0
    report.unlink()
    assert comment.main(["staging", str(tmp_path), "--issue"]) == 0
    first, second = github.issues
    assert first == first | {"body": "<!-- infrastructure drift: staging -->\ntwo", "state": "closed"}
    assert "The comparison of `staging` ended without a report" in second["body"]
    assert [call.split()[0] for call in github.seen if not call.startswith("GET")] == [
        *("POST", "PATCH", "PATCH"),
        *("POST", "PATCH"),
    ]
