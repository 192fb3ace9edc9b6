"""Run Fly's providers as the engine does: all of them in one process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_providers_of_a_process_have_one_flyctl_that_reads_the_environment_late(tmp_path: Path) -> None:
    program = tmp_path / "flyctl"
    program.write_text('#!/bin/sh\necho \'{"Version": "0.4.87"}\'\n')
    program.chmod(0o755)
    script = (
        "import os, sys\n"
        "from infra.providers.fly.resources import AppProvider, DeployTokenProvider, SecretsProvider\n"
        "os.environ['PATH'] = f'{sys.argv[1]}{os.pathsep}{os.environ[\"PATH\"]}'\n"
        "made = {id(provider().flyctl) for provider in (AppProvider, DeployTokenProvider, SecretsProvider)}\n"
        "print(len(made), AppProvider().flyctl.version())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1 (0, 4, 87)\n"
