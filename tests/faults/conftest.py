"""Give these tests the engine tests' sandboxes, and print the table at their end."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import FULL
from tests.engine.conftest import (
    Opened,
    checkout,
    empty_sandbox,
    empty_standing,
    once,
    prepared,
    requested,
    requested_world,
    sandbox,
    standing,
    stood,
)
from tests.engine.sandboxes import Sandbox, copied, held
from tests.faults.page import COLUMNS, PAGE, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "checkout",
    "empty_sandbox",
    "empty_standing",
    "once",
    "prepared",
    "requested",
    "requested_world",
    "sandbox",
    "standing",
    "stood",
]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Return what opens a copy of a world with stand-ins of its own: here calls hang, and engines are killed."""

    @contextmanager
    def open_copy(original: Sandbox) -> Iterator[Sandbox]:
        with held(copied(original, tmp_path / "opened")) as world:
            yield world

    return open_copy


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what was done to the program and what was left of it, by class: a class is a test.

    Where everything was tried it is written into docs/faults.md, too.
    """
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", "") == "call":
            name = report.nodeid.partition("::test_")[2].partition("[")[0].replace("_", " ")
            for found in (value for key, value in report.user_properties if key == "fault"):
                table[name].update(found)
    if not table:
        return
    total: Counter[str] = Counter()
    for row in table.values():
        total.update(row)
    # A worker of xdist's knows its own share alone.
    whole = not hasattr(config, "workerinput") and config.args == ["tests/faults"] and not config.option.keyword
    if FULL and whole:
        passed, failed = (len(terminalreporter.stats.get(outcome, ())) for outcome in ("passed", "failed"))
        rows = {**dict(sorted(table.items())), "**all**": total}
        PAGE.write_text(page(rows, passed=passed, failed=failed), encoding="utf-8")
    width = max(map(len, table))
    terminalreporter.section("faults")
    terminalreporter.write_line("  ".join(["class".ljust(width), *COLUMNS]))
    for name, row in [*sorted(table.items()), ("all", total)]:
        cells = [str(row[column]).rjust(len(column)) for column in COLUMNS]
        terminalreporter.write_line("  ".join([name.ljust(width), *cells]))
