"""Test the file of the clouds' state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.world.store import World
from setup.errors import SandboxError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_no_world_is_named(tmp_path: Path) -> None:
    (tmp_path / "clouds.sqlite").write_text("half a file" * 99)
    with pytest.raises(SandboxError, match=r"clouds\.sqlite: file is not a database\. Start over: bin/sandbox --reset"):
        World(tmp_path / "clouds.sqlite")
