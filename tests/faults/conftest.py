"""The engine tests' sandboxes, and which form of these tests is run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.engine.conftest import checkout, empty_sandbox, empty_standing, once, prepared, sandbox, standing, stood

if TYPE_CHECKING:
    import pytest

__all__ = [
    "FULL",
    "checkout",
    "empty_sandbox",
    "empty_standing",
    "once",
    "prepared",
    "sandbox",
    "standing",
    "stood",
]

FULL = os.environ.get("RELAY_FAULTS") == "full"
"""Whether everything is tried (`make faults`), or what `make test` has time for."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "full: left to `make faults`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked `full`, but for the full form."""
    left_out = [] if FULL else [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
