"""Report on work that takes long, and keep two commands from doing it at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from setup import progress
from setup.errors import SandboxError

ROOT = Path(__file__).resolve().parents[2]
# Holds the lock, and runs a command that outlives it.
_HOLDER = """\
import sys
from pathlib import Path
from setup import progress
folder = Path(sys.argv[1])
with progress.alone(folder / "lock"):
    progress.run("Working", ["sh", "-c", "echo > started; exec sleep 1.5"], log=folder / "log", cwd=folder)
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    """Start a command that works under a lock in this folder, and wait until it does."""
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, folder], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not (folder / "started").exists():
        assert process.poll() is None
        time.sleep(0.02)
    return process


def test_who_waits_for_another_command_hears_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _holder(tmp_path), progress.alone(tmp_path / "lock"):
        pass
    assert capsys.readouterr().err == f"Waiting for another command to release {tmp_path}/lock …\n"


def test_who_need_not_wait_hears_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.alone(tmp_path / "new" / "lock"):
        pass
    assert capsys.readouterr().err == ""


def test_a_command_that_goes_on_after_a_kill_keeps_the_lock(tmp_path: Path) -> None:
    """As pip goes on when what started it is killed: a second one beside it would write the same files."""
    began = time.monotonic()
    with _holder(tmp_path) as process:
        process.kill()
        process.wait()
        with progress.alone(tmp_path / "lock"):
            assert time.monotonic() - began > 1.4


def test_an_interrupted_command_ends_with_a_message(tmp_path: Path) -> None:
    with _holder(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert "Working: 0 s, interrupted.\n" in said


def test_a_failure_names_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SandboxError) as error:
        progress.run("Working", ["sh", "-c", "echo one; echo two >&2; exit 1"], log=tmp_path / "log", hint="Look. ")
    assert str(error.value) == f"Working failed. Look. The log is {tmp_path}/log; it ends with:\none\ntwo"
    assert capsys.readouterr().err == "Working: 0 s …\nWorking: 0 s, failed.\n"
