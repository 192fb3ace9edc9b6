"""Start the tools by the scripts in bin/, as a newcomer does before anything works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.conftest import run
from tests.unit.program import ROOT

SCRIPTS = sorted(path.name for path in (ROOT / "bin").iterdir())
LAST = {name: (ROOT / "bin" / name).read_text(encoding="utf-8").splitlines()[-1] for name in SCRIPTS}
TOOLS = [name for name in SCRIPTS if LAST[name].startswith('exec "$root/ops/run"')]


@pytest.mark.parametrize("tool", TOOLS)
def test_without_set_up_it_names_the_command(tool: str, tmp_path: Path) -> None:
    project = tmp_path / "a checkout"
    for name in (f"bin/{tool}", "ops/run"):
        (project / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, project / name)
    done = run(project / "bin" / tool)
    assert done.returncode == 1
    assert done.stderr == f"Nothing is installed yet: there is no {project}/.venv. Run `bin/setup` first.\n"


def test_in_an_environment_of_an_old_python_it_names_the_command(tmp_path: Path) -> None:
    for name in ("bin", "ops"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("bin", "lib/python3.10"):
        (tmp_path / ".venv" / name).mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    done = run(tmp_path / "bin" / "environments")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/.venv is of a Python older than 3.11. Run `bin/setup`, which makes it again.\n"


def test_in_half_an_environment_it_names_the_command(tmp_path: Path) -> None:
    """A set-up that was interrupted leaves a Python without packages."""
    for name in ("bin", "ops", "infra", "sandbox", "setup"):
        (tmp_path / name).symlink_to(ROOT / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    done = run(tmp_path / "bin" / "handoff")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"bin/handoff: \w+ is not installed in {tmp_path}/\.venv: run `bin/setup`\.\n", done.stderr)


def test_doctor_on_a_bare_machine(tmp_path: Path) -> None:
    """Nothing is set up, and Python has its standard library alone."""
    for name in ("infra", "ops", "sandbox", "setup"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    for path in [ROOT / "bin" / "doctor", ROOT / "requirements.txt", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    path = tmp_path / "path"
    path.mkdir()
    (path / "dirname").symlink_to(shutil.which("dirname") or "")
    doctor = tmp_path / "bin" / "doctor"
    none = run(doctor, PATH=str(path))
    assert (none.returncode, none.stderr.split(":")[1]) == (1, " no Python 3.11 or later is on PATH. Install one")
    (path / "python3").write_text(f'#!/bin/sh\nexec {Path(sys.executable).resolve()} -S "$@"\n')
    (path / "python3").chmod(0o755)
    done = run(doctor, PATH=str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "  MISSING  .venv: not made" in done.stdout
    assert "There is neither `pulumi` nor `go` on PATH" in done.stdout
    assert "configuration and credentials: known only after set-up" in done.stdout


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


def test_a_comment_on_a_failed_set_up_needs_no_set_up(tmp_path: Path) -> None:
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
    return run(project / "bin" / "sandbox", "true").stderr.startswith("set up\n")


def test_a_checkout_is_set_up_once_and_again_where_it_must_be(bare: Path) -> None:
    done, python = bare / ".venv" / "set-up", bare / ".venv" / "bin" / "python"
    assert not sets_up(bare)
    os.utime(done, (1, 1))  # a pull moved a version
    assert sets_up(bare)
    done.write_text("")  # an interrupted set-up
    assert sets_up(bare)
    done.write_text("done")
    python.unlink()
    assert sets_up(bare)


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
