"""How the scripts in bin/ start their tools: what a newcomer meets before anything works."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from setup.errors import SandboxError, guarded
from tests.unit.program import ROOT

SCRIPTS = sorted(path.name for path in (ROOT / "bin").iterdir())
LAST = {name: (ROOT / "bin" / name).read_text(encoding="utf-8").splitlines()[-1] for name in SCRIPTS}
TOOLS = [name for name in SCRIPTS if LAST[name].startswith('exec "$root/ops/run"')]


def run(*command: str | Path, folder: str | Path = "/", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, in a folder that is not the checkout."""
    variables = os.environ | environment
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a space and a letter that is not ASCII, set up with what runs this."""
    folder = tmp_path / "a chéckout"
    (folder / ".venv").mkdir(parents=True)
    for name in ("bin", "infra", "ops", "sandbox", "setup"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / name).symlink_to(Path(sys.prefix, name))
    (folder / ".venv" / "set-up").write_text("as bin/setup leaves it")
    return folder


@pytest.mark.parametrize("tool", TOOLS)
def test_without_set_up_it_says_what_to_run(tool: str, tmp_path: Path) -> None:
    project = tmp_path / "a checkout"
    for name in (f"bin/{tool}", "ops/run"):
        (project / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, project / name)
    done = run(project / "bin" / tool)
    assert done.returncode == 1
    assert done.stderr == f"Nothing is installed yet: there is no {project}/.venv. Run `bin/setup` first.\n"


def test_in_an_environment_of_an_old_python_it_says_what_to_run(tmp_path: Path) -> None:
    for name in ("bin", "ops"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("bin", "lib/python3.10"):
        (tmp_path / ".venv" / name).mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    done = run(tmp_path / "bin" / "environments")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/.venv is of a Python older than 3.11. Run `bin/setup`, which makes it again.\n"


def test_in_half_an_environment_it_says_what_to_run(tmp_path: Path) -> None:
    """A set-up that was interrupted leaves a Python without packages."""
    for name in ("bin", "ops", "infra", "sandbox", "setup"):
        (tmp_path / name).symlink_to(ROOT / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    done = run(tmp_path / "bin" / "handoff")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"bin/handoff: \w+ is not installed in {tmp_path}/\.venv: run `bin/setup`\.\n", done.stderr)


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_tells_how_it_is_used(checkout: Path, script: str) -> None:
    done = run(checkout / "bin" / script, "--help", COLUMNS="80")
    assert done.returncode == 0
    assert f"bin/{script}" in done.stdout.partition("\n")[0]
    assert "xit code" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stderr == ""


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_argument_it_does_not_take_changes_nothing(checkout: Path, script: str) -> None:
    done = run(checkout / "bin" / script, "--no-such-option")
    assert done.returncode == 2
    assert "sage: " in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_set_up_can_be_told_without_it(tmp_path: Path) -> None:
    for name in ("bin", "infra", "ops", "setup"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [tmp_path / "bin" / "comment", "staging", tmp_path / "missing"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "The job failed before the preview" in done.stdout, done.stderr


def test_a_base_that_is_no_commit_is_named() -> None:
    done = run(ROOT / "bin" / "preview-in-sandbox", "no-such-commit", "staging")
    assert done.returncode == 2
    assert done.stderr == "bin/preview-in-sandbox: there is no commit no-such-commit here; `git fetch` may bring it.\n"


def test_a_folder_that_cannot_be_made_is_named(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(checkout / "bin" / "preview", "staging", tmp_path / "file")
    assert (done.returncode, done.stderr) == (1, f"bin/preview: File exists: {tmp_path}/file\n")


def test_modules_in_the_callers_folder_are_not_taken(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "argparse.py").write_text("raise SystemExit('this is not ours')")
    assert run(checkout / "bin" / "environments", "--help", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(("command", "said"), [("doctor --for dev", "→"), ("sandbox --help", "…")])
def test_a_terminal_that_is_not_utf8_is_no_reason_to_fail(checkout: Path, command: str, said: str) -> None:
    script, *arguments = command.split()
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": "/usr/bin:/bin"}
    done = run(checkout / "bin" / script, *arguments, **plain)
    assert said in done.stdout
    assert done.stderr == ""


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

class Thing:
    pass

class Last:
    def __del__(self):
        act()

def main():
    thing = {thing}
    kept = weakref.ref(thing, lambda _: act()) if isinstance(thing, Thing) else None
    del thing
    print("goes on", flush=True)
    time.sleep({seconds})
    return 0

def act():
    {act}

sys.exit(guarded("bin/it", main))
"""


@pytest.mark.parametrize("thing", ["Thing()", "Last()"])
def test_ctrl_c_where_python_drops_it_comes_again(thing: str) -> None:
    """In a weak reference's callback, of which importing runs many, or in a `__del__`."""
    source = DROPPED.format(thing=thing, act="signal.raise_signal(signal.SIGINT)", seconds=5)
    done = run(sys.executable, "-c", source, folder=ROOT)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("thing", ["Thing()", "Last()"])
def test_anything_else_that_python_drops_is_told(thing: str) -> None:
    done = run(sys.executable, "-c", DROPPED.format(thing=thing, act="raise KeyError('x')", seconds=0), folder=ROOT)
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


# --- bin/sandbox sets up what is not there


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout with nothing but `bin/sandbox`; set-up and Python say that they were called."""
    for name, says in (("bin/setup", "set up"), (".venv/bin/python", "run")):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {says}\n")
        program.chmod(0o755)
    shutil.copy(ROOT / "bin" / "sandbox", tmp_path / "bin")
    (tmp_path / "requirements.lock").touch()
    (tmp_path / ".venv" / "set-up").write_text("done")
    return tmp_path


def sets_up(project: Path) -> bool:
    done = run(project / "bin" / "sandbox", "true")
    return done.stderr.startswith("set up\n")


def test_what_is_set_up_is_not_set_up_again(bare: Path) -> None:
    assert not sets_up(bare)


def test_what_was_interrupted_is_set_up(bare: Path) -> None:
    (bare / ".venv" / "set-up").write_text("")
    assert sets_up(bare)


def test_after_a_pull_that_moved_a_version_it_is_set_up(bare: Path) -> None:
    os.utime(bare / ".venv" / "set-up", (1, 1))
    assert sets_up(bare)


def test_where_its_python_was_taken_away_it_is_set_up(bare: Path) -> None:
    (bare / ".venv" / "bin" / "python").unlink()
    assert sets_up(bare)


# --- what a person can mend


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
def test_what_can_be_mended_is_a_message(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded("bin/it", lambda: _raising(error)) == 1
    assert capsys.readouterr().err.startswith(f"bin/it: {said}")


@pytest.mark.usefixtures("pytests_hook")
def test_a_mistake_of_the_program_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        guarded("bin/it", lambda: _raising(KeyError("x")))


def test_make_gives_no_text_to_a_shell_and_keeps_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    recover = tmp_path / "bin" / "recover"
    recover.write_text('#!/bin/sh\nprintf %s "$1" > given\nexit 3\n')
    recover.chmod(0o755)
    stack = "x; touch pwned $(touch pwned)"
    make = ["make", "-s", "-f", str(ROOT / "Makefile"), "recover", f"STACK={stack}"]
    done = subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert (tmp_path / "given").read_text() == stack
    assert not (tmp_path / "pwned").exists()
