"""End a tool by Ctrl-C, a closed pipe or an error: it prints a message or nothing, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from setup.errors import SandboxError, guarded
from tests.processes.conftest import run
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("command", ["comment staging /nowhere", "doctor --for sandbox", "sandbox --help"])
def test_a_reader_that_has_seen_enough_ends_it_without_a_word(checkout: Path, command: str) -> None:
    script, *arguments = command.split()
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([checkout / "bin" / script, *arguments], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("command", ["environments --help", "doctor --for sandbox", "sandbox --help"])
def test_ctrl_c_is_never_answered_with_a_traceback(checkout: Path, command: str) -> None:
    """Whether it comes while the shell starts, while Python starts, or later."""
    script, *arguments = command.split()
    for milliseconds in range(0, 100, 12):
        with subprocess.Popen(
            [checkout / "bin" / script, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as process:
            time.sleep(milliseconds / 1000)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert "Traceback" not in said


DROPPED = """\
import signal, sys, time, weakref
from setup.errors import guarded

class Held:
    pass

class Last:
    def __del__(self):
        act()

class Named:
    def __set_name__(self, owner, name):
        act()

def main():
    held = {held}
    kept = weakref.ref(held, lambda _: act()) if isinstance(held, Held) else None
    del held
    print("goes on", flush=True)
    time.sleep({seconds})
    return 0

def act():
    {act}

sys.exit(guarded("bin/it", main))
"""


@pytest.mark.parametrize("held", ["Held()", "Last()", "type('Wrapping', (), {'name': Named()})"])
def test_ctrl_c_that_python_drops_or_wraps_counts(held: str) -> None:
    """In a weak reference's callback, of which importing runs many, in a `__del__`, or in a `__set_name__`."""
    source = DROPPED.format(held=held, act="signal.raise_signal(signal.SIGINT)", seconds=5)
    done = run(sys.executable, "-c", source, folder=ROOT)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("held", ["Held()", "Last()"])
def test_anything_else_that_python_drops_is_reported(held: str) -> None:
    done = run(sys.executable, "-c", DROPPED.format(held=held, act="raise KeyError('x')", seconds=0), folder=ROOT)
    assert (done.returncode, done.stdout) == (0, "goes on\n")
    assert done.stderr.startswith("Exception ignored ")
    assert done.stderr.endswith("KeyError: 'x'\n")


@pytest.mark.parametrize(("tool", "at_once"), [("environments dev staging", 2), ("drift staging", 1)])
def test_an_interrupted_tool_ends_without_a_traceback(tool: str, at_once: int, tmp_path: Path) -> None:
    """`pulumi` stands for a moment that takes long; Ctrl-C then comes to the tool."""
    pulumi = tmp_path / "pulumi"
    # Ctrl-C reaches those that have started; and a shell that waits for a command, `touch` say, would live on after it.
    pulumi.write_text(f"#!/bin/sh\n: > {tmp_path}/started.$$; exec sleep 60\n")
    pulumi.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", "ops", *tool.split()],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        while len([*tmp_path.glob("started.*")]) < at_once:
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said[1]


def _raising(error: BaseException) -> int:
    raise error


@pytest.fixture
def pytests_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give pytest its hook for dropped errors back after a test that calls `guarded` in this process."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)


@pytest.mark.usefixtures("pytests_hook")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SandboxError("It is so."), "It is so."),
        (FileNotFoundError(2, "No such file", "/a"), "No such file: /a"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (
            PermissionError(13, "Permission denied", "/a"),
            "Permission denied: /a. If the checkout is read-only,",
        ),
        (
            OSError(30, "Read-only file system", "/a"),
            "Read-only file system: /a. If the checkout is read-only,",
        ),
    ],
)
def test_a_correctable_error_is_a_message(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded("bin/it", lambda: _raising(error)) == 1
    assert capsys.readouterr().err.startswith(f"bin/it: {said}")


@pytest.mark.usefixtures("pytests_hook")
def test_a_mistake_of_the_program_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        guarded("bin/it", lambda: _raising(KeyError("x")))
