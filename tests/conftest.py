"""Run tests with their folders in memory and without collections of garbage; leave the full form to `make faults`."""

import gc
import os
import signal
import tempfile

import pytest

FULL = os.environ.get("RELAY_FAULTS") == "full"
"""Whether to try every case (`make faults`), or what `make test` has time for."""
_MEMORY = "/dev/shm"

# Modules stay: to collect none of them saves `make unit` 3 of 22 seconds of processor time.
gc.disable()


def pytest_configure() -> None:
    """Let child processes be interrupted, and put temporary folders into memory.

    A shell starts a background job with SIGINT ignored, and every child inherits that. A busy disk takes 3 ms for each
    folder; memory is used where there is room and programs may run.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not os.access(_MEMORY, os.W_OK):
        return
    memory = os.statvfs(_MEMORY)
    if not memory.f_flag & os.ST_NOEXEC and memory.f_bavail * memory.f_frsize > 2**31:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _MEMORY)
        tempfile.tempdir = _MEMORY


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked `full`, except in the full form."""
    left_out = [] if FULL else [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among the modules."""
    gc.freeze()
    gc.enable()
