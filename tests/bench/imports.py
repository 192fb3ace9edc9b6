"""What importing a program's modules takes, by package, from `python -X importtime`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_RUNS = 3
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
# As the program does: without the collector, from its own folder. A module that cannot be imported by its name alone
# was made by one that can.
_IMPORT = """\
import gc, sys
gc.disable()
sys.path.insert(0, sys.argv[1])
for name in sys.stdin.read().split():
    try:
        __import__(name)
    except ImportError:
        pass
"""


def by_package(modules: Sequence[str], folder: Path) -> dict[str, float]:
    """Import modules in a fresh interpreter, and return the seconds that each package's own code took.

    Args:
        modules: Names, in the order in which the program loaded them.
        folder: The program's folder.
    """
    runs = []
    for _ in range(_RUNS):
        done = subprocess.run(
            [sys.executable, "-I", "-W", "ignore", "-X", "importtime", "-c", _IMPORT, str(folder)],
            input="\n".join(name for name in modules if name != "__main__"),
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(totals(done.stderr.splitlines()))
    return {name: median(run.get(name, 0.0) for run in runs) for name in runs[0]}


def totals(lines: Iterable[str]) -> dict[str, float]:
    """Sum up `-X importtime`'s lines: seconds by package, the standard library as one."""
    found: Counter[str] = Counter()
    for line in lines:
        if match := _LINE.match(line):
            found[_package(match[2])] += int(match[1])
    return {name: microseconds / 1e6 for name, microseconds in found.most_common()}


def _package(module: str) -> str:
    top = module.partition(".")[0]
    return "standard library" if top in sys.stdlib_module_names else top
