"""Find processes that outlived their engine: in a copy of /proc, and one that runs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ops.recovery import processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROVIDER = "pulumi-resource-neon"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Start a program in a copy of /proc, by its command line; return its id."""
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "meminfo").touch()
    monkeypatch.setattr(processes, "PROC", proc)

    def begin(*words: str, parent: int = 1, folder: Path = tmp_path) -> int:
        entry = proc / str(100 + len([*proc.iterdir()]))
        entry.mkdir()
        (entry / "cwd").symlink_to(folder)
        (entry / "stat").write_text(f"{entry.name} (a name) of two) S {parent} 7 7 0 -1")
        (entry / "cmdline").write_text("".join(f"{word}\0" for word in words))
        return int(entry.name)

    return begin


def names(folder: Path) -> set[str]:
    found = processes.survivors(folder)
    assert found is not None
    return {process.name for process in found}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([f"/opt/{PROVIDER}"], PROVIDER),
        (["terraform-provider-neon_v0.15.0"], "terraform-provider-neon_v0.15.0"),
        (["/usr/bin/python3.11", "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"], "pulumi.dynamic"),
        (["python3", "/opt/pulumi-language-python-exec", "--stack", "dev"], "pulumi-language-python-exec"),
        (["pulumi", PROVIDER], ""),
        (["vim", PROVIDER], ""),
        (["pulumi-watch", PROVIDER], ""),
        ([], ""),
    ],
)
def test_a_part_without_an_engine(start: Callable[..., int], tmp_path: Path, words: list[str], name: str) -> None:
    pid = start(*words)
    found = [processes.Process(pid, 1, name, tmp_path)] if name else []
    assert processes.survivors(tmp_path) == found


def test_a_part_of_another_project(start: Callable[..., int], tmp_path: Path) -> None:
    start(PROVIDER, folder=tmp_path / "other")
    assert names(tmp_path) == set()


def test_a_part_whose_engine_runs(start: Callable[..., int], tmp_path: Path) -> None:
    """A bridge's own child, too: the engine is its grandparent."""
    for starter in ("pulumi", "another"):
        bridge = start("pulumi-resource-terraform-provider", parent=start(starter))
        start("terraform-provider-neon", parent=bridge)
        survived = {"pulumi-resource-terraform-provider", "terraform-provider-neon"} if starter == "another" else set()
        assert names(tmp_path) == survived


def test_a_process_that_ends_meanwhile_is_none(start: Callable[..., int], tmp_path: Path) -> None:
    (processes.PROC / str(start(PROVIDER)) / "stat").unlink()
    gone = start(PROVIDER)
    (processes.PROC / str(gone) / "cmdline").unlink()
    assert names(tmp_path) == set()
    assert processes.runs_engine(gone) is False


@pytest.mark.skipif(not processes.PROC.is_dir(), reason="this machine has no /proc")
def test_it_finds_and_ends_a_process_that_runs(tmp_path: Path) -> None:
    command = [PROVIDER, "-c", "echo; read line"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, executable="/bin/sh", cwd=tmp_path, stdin=pipe, stdout=pipe) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"\n"  # /proc has no command line before the program runs
        (found,) = processes.survivors(tmp_path) or []
        assert found == (running.pid, os.getpid(), PROVIDER, tmp_path)
        processes.end(found)
        assert running.wait() == -9
    processes.end(found)


def test_an_engine_that_runs(start: Callable[..., int]) -> None:
    assert processes.runs_engine(start("/usr/bin/pulumi", "up")) is True
    assert processes.runs_engine(start("cat")) is False
    assert processes.runs_engine(1) is False


def test_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    assert processes.survivors(tmp_path) is None
    assert processes.runs_engine(1) is None
