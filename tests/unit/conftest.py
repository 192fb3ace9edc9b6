"""Run unit tests in the example's folder, with every credential and with clouds that have no problems."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def pytest_configure() -> None:
    """Keep Hypothesis' files out of the example's folder, and its clock out of the tests; half its examples do."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
    settings.register_profile("unit", deadline=None, max_examples=50)
    settings.load_profile("unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that run the whole program: so one worker imports the providers' SDKs, not both.

    That takes 1.2 s, and what one test had the program do is kept for the next.
    """
    items.sort(key=lambda item: not _runs_program(item))


def _runs_program(item: pytest.Item) -> bool:
    module = item.getparent(pytest.Module)
    return module is not None and bool({"ran", "run_program", "VARIANTS", "sdks"} & vars(module.obj).keys())


# Both fixtures run once for a folder's tests: a test undoes its own changes with `monkeypatch`.
@pytest.fixture(autouse=True, scope="package")
def in_example_folder() -> Iterator[None]:
    """Work in the example's folder, because Pulumi runs a program in the folder of its files."""
    with contextlib.chdir(ROOT / "tests" / "example"):
        yield


@pytest.fixture(autouse=True, scope="package")
def no_problems() -> Iterator[None]:
    """Set every credential, and replace the checks that ask flyctl or a cloud: no unit test uses the network."""
    # Imported here, because the process of xdist loads this file too.
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
