"""`bin/doctor`: the report, and its exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.checks.findings import Finding
from ops.doctor import __main__ as doctor
from ops.doctor import machine as of_machine
from ops.doctor import stack as of_stack
from tests.unit.program import ROOT


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings of every kind, without a look at anything."""
    made = [
        Finding("ok", "one"),
        Finding("missing", "two", "mend it"),
        Finding("wrong", "three"),
        Finding("note", "four"),
    ]
    for name in ("sandbox", "real"):
        monkeypatch.setattr(of_machine, name, lambda: made)
    monkeypatch.setattr(of_stack, "check", lambda name: [Finding("ok", f"stack {name}")])


@pytest.mark.usefixtures("findings")
def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--for", "sandbox"]) == 1
    assert capsys.readouterr().out == (
        "The sandbox and the tests (bin/sandbox, make test)\n"
        "  ok       one\n"
        "  MISSING  two\n"
        "           → mend it\n"
        "  WRONG    three\n"
        "  note     four\n"
        "In order: nothing yet. Not yet: the sandbox and the tests (2).\n"
    )


@pytest.mark.usefixtures("findings")
def test_a_plain_listing_always_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 0
    headings = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert headings == [
        "The sandbox and the tests (bin/sandbox, make test)",
        "Real accounts (pulumi up)",
        "Stack production",
        "Stack staging",
        "Stack dev",
        "In order: stack production, stack staging, stack dev. Not yet: the sandbox and",
        "the tests (2), real accounts (2).",
    ]


@pytest.mark.usefixtures("findings")
def test_what_is_asked_for_decides(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--for", "sandbox"]) == 1
    for name in ("sandbox", "real"):
        monkeypatch.setattr(of_machine, name, lambda: [Finding("ok", "fine"), Finding("note", "no matter")])
    assert doctor.main(["--for", "dev"]) == doctor.main(["dev"]) == 0
    assert doctor.main(["sandbox"]) == 0
    assert "stack dev" in capsys.readouterr().out


def test_an_unknown_stack(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["stagign"], ["--for", "stagign"], [""]):
        with pytest.raises(SystemExit):
            doctor.main(arguments)
        said = f"there is no stack {arguments[-1]!r}: choose from sandbox, production, staging, dev"
        assert said in capsys.readouterr().err


def test_on_a_bare_machine(tmp_path: Path) -> None:
    """Nothing is set up, and Python has its standard library alone."""
    for name in ("infra", "ops", "sandbox", "setup"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    for path in [ROOT / "bin" / "doctor", ROOT / "requirements.txt", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    path = tmp_path / "path"
    path.mkdir()
    (path / "dirname").symlink_to(shutil.which("dirname") or "")
    command = [tmp_path / "bin" / "doctor"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)

    none = run()
    assert (none.returncode, none.stderr.split(":")[1]) == (1, " no Python 3.11 or later is on PATH. Install one")
    (path / "python3").write_text(f'#!/bin/sh\nexec {Path(sys.executable).resolve()} -S "$@"\n')
    (path / "python3").chmod(0o755)
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "  MISSING  .venv: not made" in done.stdout
    assert "There is neither `pulumi` nor `go` on PATH" in done.stdout
    assert "configuration and credentials: known only after set-up" in done.stdout
