"""Collect no garbage among imported modules, which stay: that saves `make unit` 3 of 22 seconds of processor time."""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among the modules."""
    gc.freeze()
    gc.enable()
