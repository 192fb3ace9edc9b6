"""Render docs/faults.md: what `make faults` did to the program, and what was left."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from ops.upgrade import pins
from tests.engine.sandboxes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = ROOT / "docs" / "faults.md"
COLUMNS = ("cases", "converged", "lost", "duplicated", "tracebacks")
"""The counts of a case, which `tests.faults.blows.survive` records."""

_TEXT = """\
# What it survives

Written by `make faults`, with the random lives some two hours on two cores: edit `tests/faults/page.py`, not this file.
`make test` tries one case of each class.

A case is a run of the real engine in the sandbox, with the whole program or the Fly resources alone, to which one thing
is done: a process is killed (`kill -9`) or interrupted before, during or after one call to a cloud, or that call is
answered badly. After that comes at most one `bin/recover`, and the same command again; where something was made twice,
the other is deleted first, as the error says. The case has

- **converged** where the clouds, the state and the secrets are then as after an undisturbed run, and a further run has
  nothing to do;
- **lost** or **duplicated** something where an app, a project, a token, a bucket or a secret is missing, or is there
  twice;
- shown a **traceback** where our code printed one.

A class is a test of `tests/faults`. "Elsewhere" is Neon, Cloudflare and GitHub, whose stand-ins repeat calls as the
real providers do; the others are Fly's calls, through flyctl.

{table}

{tests} tests in all, those of leaks, of edits by hand and of the state's folder among them: {outcome}. Engine {engine},
Python {python}. The clouds are stand-ins: what the real ones do beside this was not seen ([evidence](evidence.md)).
"""


def page(table: Mapping[str, Mapping[str, int]], *, passed: int, failed: int) -> str:
    """Return the page.

    Args:
        table: Class → column → count; the last row is the sum.
        passed: How many tests passed.
        failed: How many did not.
    """
    lines = [f"| class | {' | '.join(COLUMNS)} |", f"| --- |{' --- |' * len(COLUMNS)}"]
    lines += [f"| {name} | {' | '.join(str(row[column]) for column in COLUMNS)} |" for name, row in table.items()]
    outcome = f"{failed} failed" if failed else "all passed"
    facts = {"engine": pins.engine(ROOT), "python": platform.python_version(), "tests": passed + failed}
    return _TEXT.format(table="\n".join(lines), outcome=outcome, **facts)
