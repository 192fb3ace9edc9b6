"""Kill a step of a release at each of its calls: production's branch stays, and every copy has an expiry."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.delivery.neon import Neon
from tests.unit.delivery.serving import serving
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Keeps the database's address, and prints: the migration a row, psql the revision.
SCRIPT = '#!/bin/sh\necho "${{DATABASE_URL:-$PGHOST}}" >> addresses\necho {}\n'


def _killed(folder: Path, step: str, number: int, how: signal.Signals, *, made: bool) -> Neon:
    """Run a step, and send a signal at a call: before its effect, or when it is made. Check what is left."""
    neon = Neon()
    neon.add("restore-point-v1", 1)
    neon.slow = 0
    started: list[subprocess.Popen[str]] = []
    neon.called = lambda call, after: started[0].send_signal(how) if (call, after) == (number, made) else None
    with serving(neon.answer, token="napi_canary") as url:
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "NEON_API_URL": url, "NEON_API_KEY": "napi_canary"}
        environment |= {
            "NEON_PROJECT_ID": "p-1",
            "MIGRATION": "migrate",
            "REVISION": "echo first",
            "HEADS": "echo first",
        }
        started.append(
            subprocess.Popen(
                [sys.executable, "-S", ROOT / "deploy" / "release", *step.split()],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        printed = "".join(started[0].communicate(timeout=60))
    assert "canary" not in printed
    assert "Traceback" not in printed
    copies = [branch for branch in neon.branches if not branch["default"] and "restore-point" not in branch["name"]]
    assert not copies or how == signal.SIGKILL, printed
    assert all(branch["expires_at"] for branch in copies)
    assert (neon.branches[0]["name"], neon.restored) == ("main", [])
    return neon


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("step", ["restore-point v2", "rehearse", "prove", "drill"])
def test_a_step_that_is_killed_leaves_nothing_for_ever(tmp_path: Path, step: str, how: signal.Signals) -> None:
    for name, printed in {"psql": "first", "migrate": "canary@example.com"}.items():
        (tmp_path / name).write_text(SCRIPT.format(printed))
        (tmp_path / name).chmod(0o755)
    number = 1
    while number <= max(_killed(tmp_path, step, number, how, made=made).calls for made in (False, True)):
        number += 1
    assert number > 4
    used = (tmp_path / "addresses").read_text() if (tmp_path / "addresses").exists() else ""
    assert bool(used) == (step in {"rehearse", "drill"})
    assert "main" not in used
