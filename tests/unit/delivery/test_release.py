"""The steps of a release on Neon: restore points, the rehearsal, the drill and the way back."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from release import migrations
from release import neon as asked
from release.commands import main
from tests.unit.delivery.neon import Neon
from tests.unit.delivery.serving import CUT, PASSING, opened
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.delivery.conftest import Clock


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands of an application whose database is at its head, and a psql that says so."""
    for name, value in {"MIGRATION": "true", "REVISION": "echo one", "HEADS": "echo one"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "psql").write_text("#!/bin/sh\necho 1\n")
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


@pytest.fixture
def migrated(application: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers without a process: `tests/processes/test_rehearsal.py` runs the commands."""
    monkeypatch.setattr(migrations, "run", lambda *_: "one\n")
    monkeypatch.setattr(migrations, "_query", lambda *_: "1")


@pytest.mark.parametrize(("days", "deleted"), [((30, 20, 6, 5, 4, 3), ["v0", "v1"]), ((30, 20, 10), ["v0"])])
def test_the_newest_three_restore_points_stay_and_all_of_seven_days(
    neon: Neon, days: tuple[int, ...], deleted: list[str]
) -> None:
    for number, age in enumerate(days):
        neon.add(f"restore-point-v{number}", age)
    assert main(["restore-point", "v9"]) == 0
    assert neon.deleted == [f"restore-point-{name}" for name in deleted]
    assert neon.names[-1] == "restore-point-v9"


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


@pytest.mark.parametrize(
    ("failure", "confirms"), [*((failure, True) for failure in [*PASSING, 423]), (502, False), (CUT, False)]
)
@pytest.mark.usefixtures("migrated")
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
    monkeypatch: pytest.MonkeyPatch, step: str, number: int, refusal: tuple[int, Any], *, onwards: bool
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

    monkeypatch.setattr(urllib.request, "urlopen", opened(answer, "napi_canary"))
    code = main(step.split())
    copies = [branch for branch in neon.branches[1:] if not branch["name"].startswith("restore-point-")]
    assert all(branch["expires_at"] for branch in copies)
    assert not copies or onwards or "DELETE" in {method for (method, _), kind in kinds.items() if kind == number}
    assert (neon.names[0], neon.restored) == ("main", [])
    return code, len(kinds)


REFUSALS: list[tuple[int, Any]] = [
    (403, {"message": "no"}),
    (404, {"message": "no"}),
    (502, b"<html>Bad Gateway</html>"),
    (200, None),
    (200, {"branches": [{}], "branch": None}),
]


@pytest.mark.parametrize("onwards", [False, True])
@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("step", ["restore-point v2", "rehearse", "drill", "prove"])
@pytest.mark.usefixtures("neon", "migrated")
def test_a_step_that_neon_refuses_for_good_ends_with_its_message(
    step: str,
    refusal: tuple[int, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    onwards: bool,
) -> None:
    """An answer of another form than Neon documents is one, too."""
    for name in ("API_URL", "FLY_APP", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(asked, "POLL", 100.0)  # a 502 is asked for again up to the deadline
    status, codes = refusal[0], set()
    for number in itertools.count(1):
        code, count = _refused(monkeypatch, step, number, refusal, onwards=onwards)
        printed = capsys.readouterr()
        if number > count:
            break
        codes.add(code)
        assert "canary" not in printed.out + printed.err
        if code == 0:  # the branch that cannot be deleted is named; a missing branch is deleted
            assert " stays " in printed.out or status in {200, 404}
            continue
        assert printed.err.startswith(f"release {step.split(maxsplit=1)[0]}: ")
        assert status == 200 or f"HTTP {status}" in printed.out + printed.err
    assert (code, count > 3) == (0, True)
    assert codes - {0} == {3} if status == 502 else codes - {0, 3} <= {1}
    assert (3 in codes) == (status in {200, 502})


@pytest.mark.parametrize(("status", "stays"), [(403, True), (404, False)])
@pytest.mark.usefixtures("migrated")
def test_a_copy_that_neon_keeps_is_named(
    neon: Neon, capsys: pytest.CaptureFixture[str], status: int, *, stays: bool
) -> None:
    neon.failing = {"DELETE": [status]}
    assert main(["rehearse"]) == 0
    assert (" stays until it ends at " in capsys.readouterr().out) == stays


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ("{", "no JSON object"),
        ('{"a": "2"}', "no JSON object"),
        ('{"a": 2}', "too few rows in a"),
        (None, "psql cannot be run"),
    ],
)
def test_a_drill_that_fails_says_why(
    neon: Neon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tables: str | None, said: str
) -> None:
    neon.add("restore-point-v1", 1)
    if tables is None:
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        monkeypatch.setenv("DRILL_TABLES", tables)
    assert main(["drill"]) == 1
    assert said in capsys.readouterr().err
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
    assert f"is in branch {kept}. Neon counts that branch" in capsys.readouterr().out


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


def test_without_a_key_there_is_no_restore_point_and_no_rehearsal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEON_API_KEY", "")
    assert main(["restore-point", "v1"]) == 0
    assert main(["rehearse"]) == 0
    assert capsys.readouterr().out == (
        "No restore point: `neonRestoreKey` is not set.\nNo rehearsal: `neonRestoreKey` is not set.\n"
    )


def test_a_drill_without_a_point_fails(neon: Neon, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill"]) == 1
    assert "there is no restore point" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["restore"], ["unknown", "x"], ["prove", "x"], ["restore", "a b"], ["restore", "$(id)"]]
)
def test_anything_else_is_a_usage_error(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_it_runs_from_any_folder_with_the_standard_library_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-S", str(ROOT / "deploy" / "release")]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[2]) == (2, "Usage: python3 deploy/release COMMAND [ARGUMENT]")
