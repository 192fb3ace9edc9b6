"""Test set-up: it installs once, and again where the environment lost its Python."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from setup import environment as bootstrap

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_two_commands_at_once_install_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed: list[Path] = []

    def install(log: Path) -> None:
        installed.append(log)
        time.sleep(0.02)
        bootstrap.STAMP.write_text("as wanted")

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "set-up")
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    monkeypatch.setattr(bootstrap, "_wanted", lambda: "as wanted")
    monkeypatch.setattr(bootstrap, "_install", install)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: bootstrap.environment(), range(2)))
    assert installed == [tmp_path / ".sandbox" / "setup.log"]


def test_an_environment_whose_python_is_gone_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "set-up")
    bootstrap.STAMP.write_text(bootstrap._wanted())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/nowhere/python")
    assert not bootstrap.is_set_up()
    (tmp_path / "bin" / "python").unlink()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert bootstrap.is_set_up()
