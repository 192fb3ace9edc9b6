"""Tests are collected without collecting garbage: what imports make is kept, and there is much of it."""

from __future__ import annotations

import gc

import pytest

gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that run the program first.

    One worker gets the first half, and others take from its end when they are done with theirs. So one alone imports
    the providers' SDKs, which takes seconds, and runs each variant of the program.
    """

    def place(item: pytest.Item) -> bool:
        names = vars(item.module) if isinstance(item, pytest.Function) else {}
        return not (item.path.parent.name == "contract" or {"ran", "run_program"} & names.keys())

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among what was imported."""
    gc.freeze()
    gc.enable()
