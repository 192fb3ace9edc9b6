"""What each process of a test run need not do: collect the garbage of imports, compile again, run what another runs."""

from __future__ import annotations

import gc
import sys

import pytest

# What imports make is kept, and there is much of it.
gc.disable()
# Whatever the environment says: to compile and rewrite these modules takes each process a second, every time.
sys.dont_write_bytecode = False


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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let pytest's last look for garbage, which tests may have left, be short where xdist ran them elsewhere."""
    if session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput"):
        gc.freeze()
