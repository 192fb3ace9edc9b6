"""The comment is found again on any page, edited rather than repeated, and never somebody else's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.comment import __main__ as comment
from ops.github import GitHubError, Repository
from ops.preview import run
from tests.unit.delivery.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

BOT = "github-actions[bot]"


class _GitHub:
    """Comments of one issue, behind GitHub's paths."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.fail = 0
        self.seen: list[str] = []

    def add(self, login: str, body: str) -> dict[str, Any]:
        number = len(self.comments) + 1
        made = {"id": number, "user": {"login": login}, "body": body, "html_url": f"https://github/c/{number}"}
        self.comments.append(made)
        return made

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        url = urlsplit(path)
        self.seen.append(f"{method} {url.path}")
        if self.fail:
            return self.fail, {"message": "Resource not accessible by integration"}
        if method == "GET" and url.path == "/repos/o/r/issues/7/comments":
            query = {key: int(values[0]) for key, values in parse_qs(url.query).items()}
            start = (query["page"] - 1) * query["per_page"]
            return 200, self.comments[start : start + query["per_page"]]
        if method == "POST" and url.path == "/repos/o/r/issues/7/comments":
            return 201, self.add(BOT, body["body"])
        if method == "PATCH" and url.path.startswith("/repos/o/r/issues/comments/"):
            found = self.comments[int(url.path.rsplit("/", maxsplit=1)[1]) - 1]
            found["body"] = body["body"]
            return 200, found
        raise AssertionError(f"a call this was not told about: {method} {path}")


def test_a_comment_is_edited_wherever_it_is() -> None:
    github = _GitHub()
    for number in range(250):
        github.add(BOT, f"<!-- another: {number} -->")
    github.add("visitor", "<!-- mine -->\npasted by somebody")
    own = github.add(BOT, "<!-- mine -->\nold")
    github.add(BOT, "quotes <!-- mine -->")
    with serving(github.answer, token="token-of-the-job") as api:
        url = Repository("o/r", "token-of-the-job", api).put_comment(7, "<!-- mine -->", "new")
    assert url == own["html_url"]
    assert own["body"] == "<!-- mine -->\nnew"
    assert len(github.comments) == 253


@pytest.mark.parametrize("others", [0, 99, 100, 101])
def test_one_is_posted_where_there_is_none(others: int) -> None:
    github = _GitHub()
    for _ in range(others):
        github.add("visitor", "text")
    with serving(github.answer, token="token-of-the-job") as api:
        Repository("o/r", "token-of-the-job", api).put_comment(7, "<!-- mine -->", "new")
    assert github.comments[-1]["body"] == "<!-- mine -->\nnew"
    assert len(github.comments) == others + 1


def test_a_refusal_names_the_permission_and_not_the_token() -> None:
    github = _GitHub()
    github.fail = 403
    with (
        serving(github.answer, token="token-of-the-job") as api,
        pytest.raises(GitHubError, match="pull-requests: write") as error,
    ):
        Repository("o/r", "token-of-the-job", api).put_comment(7, "<!-- mine -->", "new")
    assert "token-of-the-job" not in str(error.value)


def _environment(tmp_path: Path, api: str, **more: str) -> dict[str, str]:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "0123456789abcdef"}}}))
    return {
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "5",
        "GITHUB_API_URL": api,
        **more,
    }


def test_a_failed_preview_is_told_too_in_the_place_of_an_earlier_success(tmp_path: Path) -> None:
    github = _GitHub()
    own = github.add(BOT, f"{comment.marker('staging')}\nall was well")
    (tmp_path / run.STDERR).write_text("error: no stack named 'staging' found")
    (tmp_path / run.EXIT_CODE).write_text("6")
    with serving(github.answer, token="token-of-the-job") as api:
        assert (
            comment.main(["staging", str(tmp_path)], _environment(tmp_path, api, GITHUB_TOKEN="token-of-the-job")) == 0
        )
    assert "preview failed" in own["body"]
    assert "0123456789ab" in own["body"]
    assert "no stack named" in (tmp_path / "summary.md").read_text()


def test_a_job_that_failed_before_its_preview_is_told_too(tmp_path: Path) -> None:
    github = _GitHub()
    with serving(github.answer, token="token-of-the-job") as api:
        environment = _environment(tmp_path, api, GITHUB_TOKEN="token-of-the-job")
        assert comment.main(["staging", str(tmp_path / "missing")], environment) == 0
    assert "failed before the preview" in github.comments[0]["body"]


def test_each_stack_has_a_comment_of_its_own(tmp_path: Path) -> None:
    github = _GitHub()
    with serving(github.answer, token="token-of-the-job") as api:
        environment = _environment(tmp_path, api, GITHUB_TOKEN="token-of-the-job")
        for stack in ("staging", "production", "staging"):
            comment.main([stack, str(tmp_path / "missing")], environment)
    assert [entry["body"].splitlines()[0] for entry in github.comments] == [
        comment.marker("staging"),
        comment.marker("production"),
    ]


def test_the_sandbox_and_a_job_without_a_token_only_write_the_summary(tmp_path: Path) -> None:
    github = _GitHub()
    with serving(github.answer, token="token-of-the-job") as api:
        assert comment.main(["staging", str(tmp_path)], _environment(tmp_path, api)) == 0
        environment = _environment(tmp_path, api, GITHUB_TOKEN="token-of-the-job")
        assert comment.main(["staging", str(tmp_path), "--sandbox"], environment) == 0
    assert github.seen == []
    assert "cannot show" in (tmp_path / "summary.md").read_text()


def test_a_comment_that_cannot_be_written_fails_the_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    github = _GitHub()
    github.fail = 500
    with serving(github.answer, token="token-of-the-job") as api:
        environment = _environment(tmp_path, api, GITHUB_TOKEN="token-of-the-job")
        assert comment.main(["staging", str(tmp_path)], environment) == 1
    assert "HTTP 500" in capsys.readouterr().err
