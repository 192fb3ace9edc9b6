"""Find processes that outlived their engine, with real ones under other names."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ops.recovery import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not processes.PROC.is_dir(), reason="this machine has no /proc")

# Waits for the end of its standard input, which its starter holds.
_WAITS = "import sys; print(flush=True); sys.stdin.read()"
# Starts a part under the name of its first argument; it is that part's parent.
_STARTS = "import subprocess, sys; subprocess.run(sys.argv[1:], executable='/proc/self/exe')"
_BRIDGE = ("pulumi-resource-terraform-provider", "-c", _STARTS, "terraform-provider-neon", "-c", _WAITS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Start a process under a name in a folder; return its id."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(name: str, *arguments: str, folder: Path = tmp_path) -> int:
        folder.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [name, *arguments],
            executable=sys.executable,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        return process.pid

    yield begin
    for process in running:
        process.communicate()


def names(folder: Path) -> set[str]:
    found = processes.survivors(folder)
    assert found is not None
    return {process.name for process in found}


@pytest.mark.parametrize("name", ["/opt/pulumi-resource-neon", "terraform-provider-neon_v0.15.0"])
def test_a_part_without_an_engine(start: Callable[..., int], tmp_path: Path, name: str) -> None:
    pid = start(name, "-c", _WAITS)
    (found,) = processes.survivors(tmp_path) or []
    assert (found.pid, found.name, found.folder) == (pid, name.rpartition("/")[2], tmp_path)


def test_parts_that_an_interpreter_runs(start: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "pulumi").mkdir()
    (tmp_path / "pulumi" / "__init__.py").touch()
    for path in (tmp_path / "pulumi" / "dynamic.py", tmp_path / "pulumi-language-python-exec"):
        path.write_text(_WAITS)
    start("/usr/bin/python3.11", "-u", "-m", "pulumi.dynamic", "127.0.0.1:1")
    start("python3", str(tmp_path / "pulumi-language-python-exec"), "--stack", "dev")
    assert names(tmp_path) == {"pulumi.dynamic", "pulumi-language-python-exec"}


def test_a_part_of_another_project(start: Callable[..., int], tmp_path: Path) -> None:
    start("pulumi-resource-neon", "-c", _WAITS, folder=tmp_path / "other")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("name", ["pulumi", "vim", "pulumi-watch"])
def test_a_program_that_is_no_part(start: Callable[..., int], tmp_path: Path, name: str) -> None:
    start(name, "-c", _WAITS, "pulumi-resource-neon")
    assert names(tmp_path) == set()


def test_a_part_whose_engine_runs(start: Callable[..., int], tmp_path: Path) -> None:
    """A bridge's own child, too: the engine is its grandparent."""
    start("pulumi", "-c", _STARTS, *_BRIDGE)
    assert names(tmp_path) == set()
    start("another", "-c", _STARTS, *_BRIDGE)
    assert names(tmp_path) == {"pulumi-resource-terraform-provider", "terraform-provider-neon"}


def test_it_ends_a_process(start: Callable[..., int], tmp_path: Path) -> None:
    pid = start("pulumi-resource-neon", "-c", _WAITS)
    (found,) = processes.survivors(tmp_path) or []
    processes.end(found)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    processes.end(found)


def test_an_engine_that_runs(start: Callable[..., int]) -> None:
    assert processes.runs_engine(start("/usr/bin/pulumi", "-c", _WAITS)) is True
    assert processes.runs_engine(start("cat-like", "-c", _WAITS)) is False
    assert processes.runs_engine(2**22 + 1) is False


def test_without_proc(start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    assert processes.survivors(tmp_path) is None
    assert processes.runs_engine(start("pulumi", "-c", _WAITS)) is None
