"""`bin/pull-request` without an engine: its command line, its comment, and what a sweep may release."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from infra.config.stack_files import read_stack_files
from ops import stacks
from ops.pull_request import __main__ as bin_pull_request
from ops.pull_request import comment
from ops.pull_request.environment import Environment
from tests.unit.program import EXAMPLE


def environment() -> Environment:
    return Environment(7, read_stack_files(EXAMPLE))


@pytest.mark.parametrize("number", ["0", "-1", "07x", "production", "", "²", "99999999"])
def test_only_a_number_names_a_pull_request(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bin_pull_request.main(["down", number])
    assert "is no pull request's number" in capsys.readouterr().err


def test_the_comment_has_the_links_the_cost_and_the_end() -> None:
    text = comment.body(environment(), "feature/x", "success")
    ends = datetime.now(UTC) + timedelta(days=7)
    for part in (
        "https://tune-api-staging-pr-7.fly.dev",
        "https://feature-x.tune-8xz.pages.dev",
        "`flyctl logs -a tune-api-staging-pr-7`",
        "about $0 while nobody uses it",
        f"on {ends:%Y-%m}",
        "talks to staging until its build asks",
    ):
        assert part in text


def test_a_failed_deployment_does_not_leave_the_last_success_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SERVER_URL": "https://github.com", "REPOSITORY": "o/r", "RUN_ID": "9"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    first, *_ = comment.body(environment(), "feature/x", "failure").splitlines()
    assert "not this commit's: the deployment ended with failure" in first
    assert "https://github.com/o/r/actions/runs/9" in first
    assert "is gone" in comment.body(environment(), "feature/x", "gone")


@pytest.mark.parametrize(
    ("name", "listed"), [("pr-7", {7}), ("tune-works/pr-7", {7}), ("pr", set()), ("pr-0", set()), ("apr-7", set())]
)
def test_a_pull_request_s_stack_is_known_by_its_name(
    name: str, listed: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = subprocess.CompletedProcess(["pulumi"], 0, json.dumps([{"name": name}]), "")
    monkeypatch.setattr(stacks, "ask", lambda *_, **__: answer)
    assert stacks.pull_requests().keys() == listed


@pytest.mark.parametrize(
    ("still_open", "ago", "gone"),
    [
        (False, timedelta(minutes=5), "down"),
        (False, timedelta(hours=3), "down --nothing-runs"),
        (True, timedelta(days=6), ""),
        (True, timedelta(days=8), "down --nothing-runs"),
        (True, None, ""),
    ],
)
def test_a_sweep_takes_what_is_closed_or_old_and_releases_the_lock_of_what_is_quiet(
    swept: list[str], monkeypatch: pytest.MonkeyPatch, still_open: bool, ago: timedelta | None, gone: str
) -> None:
    stack = {"lastUpdate": (datetime.now(UTC) - ago).isoformat()} if ago else {}
    monkeypatch.setattr(stacks, "pull_requests", lambda: {8: stack})
    assert bin_pull_request.sweep(read_stack_files(EXAMPLE), {8} if still_open else set(), nothing_runs=False) == 0
    assert swept == ([f"8 {gone}"] if gone else [])


def test_a_sweep_goes_on_after_an_environment_that_stays(
    swept: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stacks, "pull_requests", lambda: {7: {}, 8: {}})
    assert bin_pull_request.sweep(read_stack_files(EXAMPLE), set(), nothing_runs=False) == 1
    assert swept == ["7 down", "8 down"]
    assert "Pull request 7: it is locked" in capsys.readouterr().out


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environments that a sweep takes away; that of pull request 7 is locked."""
    asked: list[str] = []

    def down(self: Environment, *, nothing_runs: bool) -> int:
        asked.append(f"{self.number} down{' --nothing-runs' if nothing_runs else ''}")
        if self.number == 7:
            raise stacks.StackError("it is locked")
        return 0

    monkeypatch.setattr(Environment, "down", down)
    monkeypatch.setattr("ops.pull_request.leftovers.there", lambda _files: iter(()))
    return asked
