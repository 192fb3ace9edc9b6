"""Unit tests run the program on the example configuration, in its folder, with every credential and nothing amiss."""

from __future__ import annotations

import pytest

from infra import preflight
from tests.unit.program import EXAMPLE, LOOKS


@pytest.fixture(autouse=True)
def in_example_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi runs a program in the folder of its files; the tests' files are the example's."""
    monkeypatch.chdir(EXAMPLE)


@pytest.fixture(autouse=True)
def nothing_amiss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every credential, and looks that find nothing: no unit test runs flyctl or asks a cloud."""
    for credential in preflight.CREDENTIALS.values():
        for variable in credential.variables:
            monkeypatch.setenv(variable, f"made-up-{variable}")
    for variable in ("GITHUB_OWNER", "GITHUB_ORGANIZATION"):
        monkeypatch.delenv(variable, raising=False)
    for target, nothing in LOOKS.values():
        monkeypatch.setattr(target, nothing)
