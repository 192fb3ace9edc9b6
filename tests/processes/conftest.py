"""Give these tests a checkout of their own, and the example's folder with every credential, as unit tests have it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.conftest import in_example_folder, no_problems
from tests.unit.program import ROOT

__all__ = ["in_example_folder", "no_problems"]


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
