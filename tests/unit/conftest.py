"""Unit tests run the program on the example configuration, in its folder, with every credential and nothing amiss."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
# The tests' files take a tenth of it.
_ENOUGH = 256 << 20


def pytest_configure() -> None:
    """Keep the example's folder clean, where tests run, and their files in memory."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
    _work_in_memory()


def _work_in_memory() -> None:
    """Keep temporary files in memory where there is room: thousands are made and deleted, which a disk makes slow.

    Not where nothing in memory may be run, as in some containers: a few tests run a script that they wrote.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and os.access(memory, os.W_OK | os.X_OK):
        found = os.statvfs(memory)
        if found.f_bavail * found.f_frsize > _ENOUGH and not found.f_flag & os.ST_NOEXEC:
            os.environ["TMPDIR"] = str(memory)
            tempfile.tempdir = None  # it is asked for anew


# Both once for a folder's tests, of which there are many: what one changes, its own `monkeypatch` undoes.
@pytest.fixture(autouse=True, scope="package")
def in_example_folder() -> Iterator[None]:
    """Pulumi runs a program in the folder of its files; the tests' files are the example's."""
    with contextlib.chdir(ROOT / "tests" / "example"):
        yield


@pytest.fixture(autouse=True, scope="package")
def nothing_amiss() -> Iterator[None]:
    """Give every credential, and looks that find nothing: no unit test runs flyctl or asks a cloud."""
    # Here, as xdist's own process loads this file too, and needs none of it.
    from infra.checks.credentials import CREDENTIALS
    from tests.unit.program import LOOKS

    with pytest.MonkeyPatch.context() as patch:
        for credential in CREDENTIALS.values():
            for variable in credential.variables:
                patch.setenv(variable, f"made-up-{variable}")
        for variable in ("GITHUB_OWNER", "GITHUB_ORGANIZATION"):
            patch.delenv(variable, raising=False)
        for target, nothing in LOOKS.values():
            patch.setattr(target, nothing)
        yield
