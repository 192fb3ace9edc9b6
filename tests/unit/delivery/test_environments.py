"""`bin/environments`: what is wanted, released and answering, and a table that fits a terminal."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from ops import stacks
from ops.environments import __main__ as bin_environments
from ops.environments.table import row, text
from ops.terminal import WIDTH
from tests.unit.delivery.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

UPDATE = {
    "kind": "update",
    "result": "succeeded",
    "environment": {"git.head": "0123456789abcdef", "git.dirty": "false"},
}
STATUS = {"Machines": [{"image_ref": {"tag": "3d3c42e5aac5"}, "config": {"env": {"X": "canary"}}}]}
# Two pages of branches, in no order.
POINTS = [
    {
        "branches": [
            {"name": f"restore-point-v{number}", "created_at": f"2026-11-{number:02}T04:29:00Z"} for number in numbers
        ]
        + [{"name": "a-restore-point-", "created_at": "2026-11-28T04:29:00Z"}],
        "pagination": {"next": "2"},
    }
    for numbers in ((2, 1), (3, 4))
]


class _Clouds:
    """The CLI's history, Fly, Neon, GitHub, and the API."""

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = [{"kind": "refresh"}, UPDATE]
        self.fly = 0
        self.status = 200

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if command[0] == "flyctl":
            assert command[1:] == ["status", "--json", "--app", "relay-api"]
            return subprocess.CompletedProcess(command, self.fly, json.dumps(STATUS), "Error: canary")
        assert command[:3] == ["pulumi", "stack", "history"]
        return subprocess.CompletedProcess(command, 0, json.dumps(self.history), "")

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        assert method == "GET"
        answers: dict[str, Any] = {
            "/docs": {},
            "/projects/p-1/branches": POINTS["cursor=2" in path],
            "/repos/o/r/actions/workflows/drill.yml/runs": {
                "workflow_runs": [{"created_at": "2026-11-22T04:29:00Z", "conclusion": "success"}]
            },
        }
        return self.status, answers[path.partition("?")[0]]


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Clouds]:
    """Production, up and answering."""
    found = _Clouds()
    with serving(found.answer) as url:
        outputs = {
            "environment": "production",
            "flyApp": "relay-api",
            "apiUrl": url,
            "frontendUrl": "https://relay.pages.dev",
            "neonProjectId": "p-1",
        }
        values = {"NEON_API_URL": url, "GITHUB_API_URL": url, "GITHUB_REPOSITORY": "o/r"}
        for name, value in {**values, "NEON_API_KEY": "napi_canary", "GITHUB_TOKEN": "canary"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(stacks, "outputs", lambda stack: outputs)
        monkeypatch.setattr(subprocess, "run", found.run)
        yield found


def _live(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert bin_environments.main(["--live", "--format", "json", "production"]) == 0
    printed = capsys.readouterr().out
    assert "canary" not in printed
    (row,) = json.loads(printed)["environments"]
    return {title: row[title] for title in ("Wanted", "Released", "Answering", "Restore points", "Last drill")}


def test_what_is_wanted_released_and_answering(clouds: _Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    assert _live(capsys) == {
        "Wanted": "0123456789ab",
        "Released": "3d3c42e5aac5",
        "Answering": "yes, 200",
        "Restore points": "4, of v4, v3, v2",
        "Last drill": "2026-11-22, success",
    }


def test_an_up_from_a_dirty_tree_that_failed_says_so(clouds: _Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    clouds.history = [UPDATE | {"result": "failed", "environment": {"git.head": "0123", "git.dirty": "true"}}]
    assert _live(capsys)["Wanted"] == "0123, with changes that are not committed (failed)"


def test_what_a_cloud_does_not_say_is_not_known(
    clouds: _Clouds, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds.fly, clouds.status, clouds.history = 1, 503, [UPDATE]
    monkeypatch.delenv("GITHUB_TOKEN")
    found = _live(capsys)
    assert found.pop("Wanted") == "0123456789ab"
    assert found.pop("Answering") == "no, 503"
    assert all(value.startswith("not known: ") for value in found.values()), found


def test_a_pull_request_costs_nothing_while_nobody_uses_it() -> None:
    outputs = {"environment": "pr-7", "flyApp": "relay-api-staging-pr-7", "apiUrl": "a", "frontendUrl": "f"}
    found = row("pr-7", outputs | {"neonProject": "relay-staging", "neonBranch": "pr-7"})
    assert (found["Database"], found["Cost a month"]) == ("relay-staging/pr-7", "$0.00")


def test_each_environment_has_a_column_where_there_is_room() -> None:
    rows = [{"Environment": name, "API": f"https://{name}.dev"} for name in ("a", "b")]
    assert text(rows).splitlines()[0] == "Environment  a              b"
    wide = [row | {"API": "https://" + "x" * 40} for row in rows]
    assert text(wide).splitlines()[0] == "Environment  a"
    assert max(map(len, text(wide).splitlines())) <= WIDTH


def test_a_new_staging_has_no_frontend_yet() -> None:
    assert row("staging", {"environment": "staging", "apiUrl": "https://tune-api-staging.fly.dev"})["Frontend"] == "-"
