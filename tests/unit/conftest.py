"""Unit tests run the program on the example configuration, in its folder."""

from __future__ import annotations

import pytest

from tests.unit.program import EXAMPLE


@pytest.fixture(autouse=True)
def in_example_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi runs a program in the folder of its files; the tests' files are the example's."""
    monkeypatch.chdir(EXAMPLE)
