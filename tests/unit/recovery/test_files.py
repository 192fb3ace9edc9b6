"""A local state that was cut short: which copy comes into its place, and what is left beside it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.backend import check as backend
from ops.recovery import files as recover_files
from ops.recovery.files import cut_updates, mend, mend_history
from ops.recovery.found import Lock, RecoveryError, Window

EARLY, LATE, CUT = (datetime(2026, 1, 2, hour, tzinfo=UTC) for hour in (10, 11, 12))


def checkpoint(time: datetime | None = None) -> str:
    """Return a state as a file has it; without a time, one in which nothing was ever made."""
    latest = {"manifest": {"time": f"{time:%Y-%m-%dT%H:%M:%S}.123456789Z"}} if time else None
    return json.dumps({"version": 3, "checkpoint": {"stack": "organization/relay/dev", "latest": latest}})


class Folder:
    """A backend's folder, with a state that may be cut short at noon, and copies of it."""

    def __init__(self, root: Path) -> None:
        self.root = root / ".pulumi"
        self.state = self.root / "stacks" / "relay" / "dev.json"
        self.put(self.state, checkpoint(LATE)[:50], CUT)

    @staticmethod
    def put(path: Path, text: str, time: datetime = CUT) -> None:
        """Write a file, as of a time."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (time.timestamp(), time.timestamp()))

    @property
    def before(self) -> Path:
        """The copy of a step before."""
        return self.state.with_name("dev.json.bak")

    def backup(self, number: int, text: str) -> None:
        """Write what an update left at its end."""
        self.put(self.root / "backups" / "relay" / "dev" / f"dev.{number}.json", text)

    def beside(self) -> dict[str, str]:
        """Return what there is beside the state, by name."""
        return {path.name: path.read_text() for path in self.state.parent.iterdir() if path != self.state}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    url = json.dumps({"url": f"file://{tmp_path}/a place?no_tmp_dir=true"})
    monkeypatch.setattr(backend, "whoami", lambda: subprocess.CompletedProcess([], 0, url, ""))
    return Folder(tmp_path / "a place")


def no_lock(lock: Lock) -> None:
    pytest.fail(f"{lock} was asked about")


KEPT = f"dev.json.cut-{int(LATE.timestamp())}-{int(CUT.timestamp())}"


@pytest.mark.parametrize("cut", ["", checkpoint(LATE)[:50], checkpoint(LATE)[:-1], "[]", "null"])
def test_the_newest_whole_copy_comes_into_its_place(
    folder: Folder, capsys: pytest.CaptureFixture[str], cut: str
) -> None:
    folder.put(folder.state, cut)
    folder.backup(1, checkpoint(EARLY))
    folder.backup(3, checkpoint(LATE))
    folder.backup(4, checkpoint(CUT)[:60])
    folder.put(folder.before, checkpoint(EARLY), EARLY)
    assert mend("dev", no_lock)
    assert folder.state.read_text() == checkpoint(LATE)
    assert folder.beside() == {KEPT: cut, "dev.json.bak": checkpoint(EARLY)}
    assert capsys.readouterr().out == (
        f"{folder.state} was cut short, as a full disk does. It is kept as {KEPT}; in its place is dev.3.json, written "
        "at 2026-01-02 11:00:00 UTC.\n"
    )
    assert cut_updates("organization/relay/dev") == [Window(LATE, CUT)]
    assert not mend("dev", no_lock)


def test_the_state_of_a_step_before_is_newer_than_that_of_an_update_before(folder: Folder) -> None:
    folder.backup(1, checkpoint(EARLY))
    copied = LATE + timedelta(minutes=5)
    folder.put(folder.before, checkpoint(LATE), copied)
    assert mend("organization/relay/dev", no_lock)
    assert folder.state.read_text() == checkpoint(LATE)
    assert cut_updates("dev") == [Window(copied, CUT)]


def test_a_state_in_which_nothing_was_made(folder: Folder) -> None:
    folder.put(folder.before, checkpoint(), EARLY)
    assert mend("dev", no_lock)
    assert cut_updates("dev") == [Window(EARLY, CUT)]


def test_without_a_whole_copy(folder: Folder) -> None:
    folder.put(folder.before, checkpoint(EARLY)[:50])
    before = folder.beside()
    with pytest.raises(RecoveryError, match=r"is cut short, and neither beside it nor in .+/backups/relay/dev is a"):
        mend("dev", no_lock)
    assert folder.beside() == before
    assert folder.state.read_text() == checkpoint(LATE)[:50]


def test_without_space_nothing_is_changed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.backup(1, checkpoint(EARLY))

    def full(_: Path, target: Path) -> None:
        target.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(RecoveryError, match=r": No space left on device\. .* make space, then run `bin/recover dev`"):
        mend("dev", no_lock)
    assert folder.state.read_text() == checkpoint(LATE)[:50]
    assert not cut_updates("dev")


def test_killed_in_between_it_ends_the_same(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.backup(1, checkpoint(LATE))

    def kill(*_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            mend("dev", no_lock)
    assert folder.state.read_text() == checkpoint(LATE)[:50]
    assert mend("dev", no_lock)
    assert folder.state.read_text() == checkpoint(LATE)
    assert folder.beside() == {KEPT: checkpoint(LATE)[:50]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"pid": 7, "username": "me", "hostname": "here", "timestamp": "2026-01-02T12:00:00Z"},
            ("me", "here", 7, "2026-01-02T12:00:00Z"),
        ),
        ("", ("", "", 0, "")),
    ],
)
def test_while_an_update_may_run_nothing_is_touched(folder: Folder, content: Any, expected: tuple[Any, ...]) -> None:
    folder.backup(1, checkpoint(LATE))
    folder.put(folder.state.with_name("dev.json.attrs"), "")
    lock = folder.root / "locks" / "organization" / "relay" / "dev" / "a.json"
    folder.put(lock, json.dumps(content) if content else "")
    before, asked = folder.beside(), []

    def runs(lock: Lock) -> None:
        asked.append(lock)
        raise RecoveryError("it runs")

    with pytest.raises(RecoveryError, match="it runs"):
        mend("dev", runs)
    assert asked == [Lock(lock.as_uri(), *expected)]
    assert folder.beside() == before
    assert mend("dev", lambda _: None)


@pytest.mark.parametrize(("attributes", "left"), [("", {}), ("{}", {"dev.json.attrs": "{}"})])
def test_attributes_that_a_kill_left_empty(folder: Folder, attributes: str, left: dict[str, str]) -> None:
    folder.put(folder.state, checkpoint(LATE))
    folder.put(folder.state.with_name("dev.json.attrs"), attributes)
    assert not mend("dev", no_lock)
    assert folder.state.read_text() == checkpoint(LATE)
    assert folder.beside() == left


def test_records_of_updates_that_were_cut_short(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    history = folder.root / "history" / "relay" / "dev"
    for name, text in {"1": '{"kind": "update"}', "2": '{"kind": "upd', "3": ""}.items():
        folder.put(history / f"dev-{name}.history.json", text)
    folder.put(history / "dev-2.checkpoint.json", "")
    assert mend_history("dev")
    assert sorted(path.name for path in history.iterdir()) == [
        *("dev-1.history.json", "dev-2.checkpoint.json", "dev-2.history.json.cut", "dev-3.history.json.cut"),
    ]
    assert "dev-2.history.json, the record of an update, was cut short; it is kept as" in capsys.readouterr().out
    assert not mend_history("dev")


@pytest.mark.parametrize(("code", "url"), [(0, "s3://state"), (0, "https://api.pulumi.com"), (1, "")])
def test_another_backend(monkeypatch: pytest.MonkeyPatch, code: int, url: str) -> None:
    done = subprocess.CompletedProcess[str]([], code, json.dumps({"url": url}) if url else "", "")
    monkeypatch.setattr(backend, "whoami", lambda: done)
    assert recover_files.mend("dev", no_lock) is False
    assert cut_updates("dev") == []
    assert not mend_history("dev")


def test_a_stack_that_is_not_there(folder: Folder) -> None:
    assert not mend("other", no_lock)
    assert cut_updates("other") == []
