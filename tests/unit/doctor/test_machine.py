"""Findings about machines that lack one program or another."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.checks.findings import Finding
from ops.doctor import machine as of_machine
from setup import environment as bootstrap
from setup.engine import build, locate
from setup.errors import SandboxError
from tests.unit.doctor.conftest import ENGINE, Machine, bad

INSTALL = f"install {ENGINE} or later (https://www.pulumi.com/docs/install/)"


def engine(monkeypatch: pytest.MonkeyPatch, found: Path | SandboxError | None) -> None:
    """Let the engine's search find one, none, or nothing to make one with."""

    def locate_() -> Path | None:
        if isinstance(found, SandboxError):
            raise found
        return found

    monkeypatch.setattr(build, "check", lambda: None)
    monkeypatch.setattr(locate, "locate", locate_)


def test_a_machine_that_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_machine, "_NEWEST", sys.version_info[:2])
    monkeypatch.setattr(bootstrap, "is_set_up", lambda: True)
    engine(monkeypatch, Path("/opt/pulumi"))
    assert [*of_machine.sandbox()] == [
        Finding("ok", f"Python {sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"),
        Finding("ok", ".venv matches requirements.lock"),
        Finding("ok", "Pulumi engine: /opt/pulumi"),
    ]


@pytest.mark.parametrize(
    ("found", "what", "fix"),
    [
        (SandboxError("There is neither `pulumi` nor `go`."), "Pulumi engine", "There is neither `pulumi` nor `go`."),
        (None, "Pulumi engine: not built yet", "bin/setup (some minutes, once)"),
    ],
)
def test_a_machine_without_an_engine(
    monkeypatch: pytest.MonkeyPatch, found: SandboxError | None, what: str, fix: str
) -> None:
    engine(monkeypatch, found)
    assert Finding("missing", what, fix) in [*of_machine.sandbox()]


@pytest.mark.parametrize("digest", [None, "another digest"])
def test_a_venv_that_is_not_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digest: str | None
) -> None:
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "set-up")
    if digest:
        bootstrap.STAMP.write_text(digest)
    missing = Finding("missing", ".venv: not made, or out of date", "bin/setup")
    assert missing in [*of_machine.sandbox()]


@pytest.mark.parametrize(
    ("version", "finding"),
    [
        ((3, 14, 9), Finding("ok", "Python 3.14.9")),
        ((3, 99, 0), Finding("note", "Python 3.99.0 is newer than the tested 3.14; it should work")),
    ],
)
def test_the_version_of_python(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], finding: Finding
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert next(of_machine.sandbox()) == finding


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("built", [False, True])
def test_no_pulumi_cli(monkeypatch: pytest.MonkeyPatch, built: bool) -> None:
    monkeypatch.setattr(locate, "built", lambda: built)
    what = "Pulumi CLI: not on PATH" + ("; the engine that was built here is for the sandbox alone" if built else "")
    assert bad(of_machine.real()) == [Finding("missing", what, INSTALL)]


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("#!/bin/sh\necho v3.99.1\n", "Pulumi CLI 3.99.1: too old"),
        ("#!/bin/sh\necho hello\n", "{bin}/pulumi does not tell its version"),
        ("garbage", "Pulumi CLI: `pulumi` on PATH cannot be run: Exec format error."),
        ("#!/nowhere\n", "Pulumi CLI: `pulumi` on PATH cannot be run: No such file or directory."),
    ],
)
def test_a_pulumi_that_is_too_old_or_none(machine: Machine, script: str, what: str) -> None:
    machine.install("pulumi", script)
    (finding,) = bad(of_machine.real())
    assert finding.what.startswith(what.format(bin=machine.bin))
    assert finding.fix == INSTALL


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (None, "backend: not logged in, or out of reach: no stack named"),
        ("<html>", "backend: not logged in, or out of reach: `pulumi whoami --json` answered without JSON"),
    ],
)
def test_a_backend_that_does_not_answer(machine: Machine, answer: str | None, what: str) -> None:
    machine.pulumi(url=None)
    if answer:
        (machine.answers / "whoami").write_text(answer)
    (finding,) = bad(of_machine.real())
    assert finding.what.startswith(what)
    assert finding.fix.startswith("`pulumi login`")


def test_a_cli_that_is_logged_in(machine: Machine) -> None:
    machine.pulumi()
    assert [finding.what for finding in of_machine.real()][1:] == [f"Pulumi CLI {ENGINE}", "backend: file:///state"]
