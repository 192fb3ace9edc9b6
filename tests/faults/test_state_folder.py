"""A state folder that takes no more, or nothing at all: what is said, and how the old state comes back.

Both work as root too. A full disk is a limit on the size of a file, with its signal ignored: a write ends halfway, with
an error, as it does where there is no space. Against a folder without the right to write, root has to lose its own
right to write everywhere first.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import Sandbox, copied, held
from tests.engine.test_environments import objects, up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Once

_UP = ("pulumi", "up", "--stack", "dev", "--yes", "--skip-preview", "--color", "never", "--non-interactive")
_NO_SPACE = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execvp(sys.argv[2], sys.argv[2:])
"""
_NO_OVERRIDE = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()


@pytest.fixture
def dev(once: Once, prepared: dict[bool, Sandbox], tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox in which dev is up, and a change of it is due."""

    def fill(folder: Path) -> None:
        with held(copied(prepared[True], folder / "world")) as sandbox:
            up(sandbox, "dev")
            sandbox.config_set("dev", "historyRetentionSeconds", "3600")

    made = Sandbox(prepared[True].project, once("dev-up", fill) / "world")
    with held(copied(made, tmp_path / "world")) as opened:
        yield opened


def _project(dev: Sandbox) -> tuple[str, int]:
    """Return the one Neon project's id, and how long its history is."""
    ((identity, project),) = objects(dev)["neon project"].items()
    return identity, project["history_retention_seconds"]


def _cut(sandbox: Sandbox, size: int) -> bytes:
    """Bring dev up where no file may be larger, see what it says, and return the state, which nothing can read now."""
    state = sandbox.folder / "state" / ".pulumi" / "stacks" / "relay" / "dev.json"
    done = sandbox.run(sys.executable, "-I", "-c", _NO_SPACE, str(size), *_UP, check=False)
    assert done.returncode != 0
    assert "failed to save snapshot: An IO error occurred while writing" in done.stdout
    assert str(state) in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "failed to load checkpoint" in sandbox.pulumi("preview", "--stack", "dev", check=False).stderr
    return state.read_bytes()


def _recover(sandbox: Sandbox, broken: bytes) -> str:
    """Run the recovery command, see that it keeps the broken state and that it is done then; return what it said."""
    said = sandbox.run("bin/recover", "dev").stdout
    (kept,) = (sandbox.folder / "state" / ".pulumi" / "stacks" / "relay").glob("dev.json.cut-*")
    assert kept.read_bytes() == broken
    assert f"dev.json was cut short, as a full disk does. It is kept as {kept.name}; in its place is " in said
    assert said.endswith("\nNext: pulumi up -s dev\n")
    assert sandbox.run("bin/recover", "dev").stdout == "Nothing to recover.\n"
    assert kept.name not in sandbox.pulumi("stack", "ls").stdout
    assert sandbox.pulumi("stack", "history", "--stack", "dev").stdout
    return said


# With less not even a lock can be taken. A state has more than 10,000 bytes, the record of an update about 1,500.
@pytest.mark.parametrize("size", [500, pytest.param(3000, marks=pytest.mark.full)])
def test_a_full_disk(dev: Sandbox, size: int) -> None:
    """The engine leaves a part of the state in the place of the whole; the recovery command puts that back."""
    identity, _ = _project(dev)
    _recover(dev, _cut(dev, size))
    assert up(dev, "dev") == {"updated": 1, "unchanged": 4}
    assert _project(dev) == (identity, 3600)
    dev.pulumi("preview", "--stack", "dev", "--expect-no-changes")


@pytest.mark.full
def test_a_disk_that_fills_up_while_things_are_made(empty_sandbox: Sandbox, dev: Sandbox) -> None:
    """The project is made, and the state in which it stands is the one that is cut short."""
    whole = dev.state("dev")["deployment"]
    outputs = [one["outputs"] for one in whole["resources"] if one["urn"].endswith(("::neon-project", "::relay-dev"))]
    empty_sandbox.world.inject("neon", "project.create", "503")  # an update before: what it leaves is kept as a copy
    assert empty_sandbox.run(*_UP, check=False).returncode != 0
    broken = _cut(empty_sandbox, len(json.dumps(whole, separators=(",", ":"))) - len(json.dumps(outputs)))
    identity, _ = _project(empty_sandbox)
    assert f"creating neon-project: Neon project 'tune-dev' is there as {identity}" in _recover(empty_sandbox, broken)
    up(empty_sandbox, "dev")
    assert _project(empty_sandbox)[0] == identity
    empty_sandbox.pulumi("preview", "--stack", "dev", "--expect-no-changes")


def test_a_state_folder_that_cannot_be_written(dev: Sandbox) -> None:
    folder = dev.folder / "state" / ".pulumi"
    before, project = (folder / "stacks" / "relay" / "dev.json").read_bytes(), _project(dev)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        assert dev.run(*_NO_OVERRIDE, "touch", str(folder / "probe"), check=False).returncode != 0, "it can be written"
        done = dev.run(*_NO_OVERRIDE, *_UP, check=False)
    finally:
        for path in folders:
            path.chmod(0o755)
    assert done.returncode != 0
    assert f"open {folder}" in done.stderr
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (folder / "stacks" / "relay" / "dev.json").read_bytes() == before
    assert _project(dev) == project
    assert up(dev, "dev") == {"updated": 1, "unchanged": 4}
