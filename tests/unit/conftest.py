"""Unit tests run the program on the example configuration, in its folder, with every credential and nothing amiss."""

from __future__ import annotations

import pytest

from infra import preflight
from tests.unit.program import EXAMPLE


@pytest.fixture(autouse=True)
def in_example_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi runs a program in the folder of its files; the tests' files are the example's."""
    monkeypatch.chdir(EXAMPLE)


@pytest.fixture(autouse=True)
def nothing_amiss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every credential, and looks that find nothing: no unit test runs flyctl or asks a cloud."""
    for credential in preflight.CREDENTIALS:
        for variable in credential.variables:
            monkeypatch.setenv(variable, f"made-up-{variable}")
    for variable in ("GITHUB_OWNER", "GITHUB_ORGANIZATION"):
        monkeypatch.delenv(variable, raising=False)
    found_nothing = preflight.Looks(
        flyctl=lambda: None,
        cloudflare=lambda *_: None,
        neon=lambda *_: [],
        tokens=lambda *_: [],
        outputs=dict,
        managed=frozenset,
    )
    monkeypatch.setattr(preflight, "looks", lambda: found_nothing)
