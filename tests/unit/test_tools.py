"""How the scripts in bin/ start their tools: what a newcomer meets before anything works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = sorted(path.name for path in (ROOT / "bin").iterdir() if "ops/run" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("tool", TOOLS)
def test_without_set_up_it_says_what_to_run(tool: str, tmp_path: Path) -> None:
    project = tmp_path / "a checkout"
    for name in (f"bin/{tool}", "ops/run"):
        (project / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, project / name)
    done = subprocess.run([project / "bin" / tool], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Nothing is installed yet: there is no {project}/.venv. Run `bin/setup` first.\n"


def test_an_interrupted_tool_ends_without_a_traceback(tmp_path: Path) -> None:
    """`pulumi` stands for a moment that takes long; Ctrl-C then comes to the tool.

    It starts no child that could outlive the signal.
    """
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n: >{tmp_path}/started; exec sleep 60\n")
    pulumi.chmod(0o755)
    for interrupted in ("environments", "drift staging"):
        with subprocess.Popen(
            [sys.executable, "-m", "ops", *interrupted.split()],
            cwd=ROOT,
            env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as process:
            while not (tmp_path / "started").exists():
                assert process.poll() is None
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGINT)
            said = process.communicate(timeout=30)
        assert process.returncode == 130, said
        assert "Traceback" not in said[1]
        (tmp_path / "started").unlink()
