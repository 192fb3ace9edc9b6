"""Test the sandbox's folder: it deletes its own files alone, and only beside its mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.folder import MARK, claim
from sandbox.runner import Sandbox
from setup.errors import SandboxError
from tests.unit.program import EXAMPLE, ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("reset", [False, True])
def test_a_folder_that_is_no_sandbox_is_refused_and_left_as_it_is(tmp_path: Path, *, reset: bool) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("ten years")
    sandbox = Sandbox(EXAMPLE, tmp_path)
    with pytest.raises(SandboxError, match="is not a sandbox, and it is not empty: it holds home"):
        sandbox.reset(empty=False) if reset else sandbox.prepare()
    assert [path.name for path in tmp_path.rglob("*")] == ["home", "thesis.txt"]


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match=r"The sandbox cannot use .*RELAY_SANDBOX"):
        Sandbox(EXAMPLE, tmp_path / "file").prepare()


def test_a_folder_that_the_makefile_used_before_is_no_strangers(tmp_path: Path) -> None:
    for target in re.findall(r"\.sandbox/(\w+)", (ROOT / "Makefile").read_text()):
        (tmp_path / target).mkdir(exist_ok=True)
    claim(tmp_path)
    assert (tmp_path / MARK).is_file()


def test_a_reset_deletes_the_world_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(EXAMPLE, tmp_path / "world")
    monkeypatch.setattr(Sandbox, "_prepare", lambda *_, **__: None)
    sandbox.prepare()
    others = {"bench/clouds.sqlite", "engine/pulumi", "notes.txt", "lock", MARK}
    for name in {"clouds.sqlite", "state/stacks.json", "mirror/Pulumi.yaml", *others}:
        (sandbox.folder / name).parent.mkdir(exist_ok=True)
        (sandbox.folder / name).touch()
    lock = (sandbox.folder / "lock").stat().st_ino
    sandbox.reset(empty=False)
    left = {str(path.relative_to(sandbox.folder)) for path in sandbox.folder.rglob("*") if path.is_file()}
    assert left == others
    assert (sandbox.folder / "lock").stat().st_ino == lock
