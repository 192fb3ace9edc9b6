"""A state folder that takes no more, or nothing at all: what is said, and how the old state comes back.

Both work as root too. A full disk is a limit on the size of a file, with its signal ignored: a write ends halfway, with
an error, as it does where there is no space. Against a folder without the right to write, root has to lose its own
right to write everywhere first.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import Sandbox, copied, held
from tests.engine.test_environments import objects, up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Once

_UP = ("pulumi", "up", "--stack", "dev", "--yes", "--skip-preview", "--color", "never", "--non-interactive")
# One block of 512 or 1024 bytes, by the shell: far less than a state.
_NO_SPACE = ("sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh")
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


def test_a_full_disk(dev: Sandbox) -> None:
    """The engine leaves half a state in the place of the whole one; what docs/backend.md says puts it back."""
    folder = dev.folder / "state" / ".pulumi"
    state = folder / "stacks" / "relay" / "dev.json"
    before, (identity, _) = state.read_bytes(), _project(dev)
    done = dev.run(*_NO_SPACE, *_UP, check=False)
    assert done.returncode != 0
    assert "failed to save snapshot: An IO error occurred while writing" in done.stdout
    assert str(state) in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "failed to load checkpoint" in dev.pulumi("preview", "--stack", "dev", check=False).stderr

    (copy,) = [path for path in (folder / "backups" / "relay" / "dev").glob("*.json") if path.read_bytes() == before]
    shutil.copy(copy, state)
    assert up(dev, "dev", "--refresh") == {"updated": 1, "unchanged": 4}
    assert _project(dev) == (identity, 3600)


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
