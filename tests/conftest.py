"""Tests are collected without collecting garbage: what imports make is kept, and there is much of it."""

from __future__ import annotations

import gc

import pytest

gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, then the tests that run the program, then the others.

    One worker gets the first half, and others take from its end when they are done with theirs. So one alone imports
    the providers' SDKs, which takes seconds, and runs each variant of the program; and no long test is the last.
    """

    def place(item: pytest.Item) -> int:
        if item.path.stem == "test_import_budget":
            return 0
        names = vars(item.module) if isinstance(item, pytest.Function) else {}
        return 1 if item.path.parent.name == "contract" or {"ran", "run_program"} & names.keys() else 2

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among what was imported."""
    gc.freeze()
    gc.enable()
