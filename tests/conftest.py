"""Tests are collected without collecting garbage: what the SDKs' imports make is kept, and there is much of it."""

from __future__ import annotations

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among what was imported."""
    gc.freeze()
    gc.enable()
