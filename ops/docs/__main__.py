"""`bin/docs`: write the generated documents, or check that they match the code."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ops.docs import configuration as settings_reference
from ops.docs import credentials
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WRITTEN: dict[str, Callable[[], str]] = {
    "docs/configuration.md": settings_reference.render,
    "docs/credentials.md": credentials.render,
}
"""The generated documents, with the function that renders each."""


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the documents below a folder, or with `--check` name those that differ; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="bin/docs",
        description=f"Write {', '.join(WRITTEN)} from the code.",
        epilog="Exit code 0: written, or equal; 1: with --check, a document differs.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a document differs")
    check = parser.parse_args(arguments).check
    stale = [name for name, render in WRITTEN.items() if _read(root / name) != render()]
    for name in stale:
        if check:
            print(f"{name} differs from the code. To write it:\n  bin/docs", file=sys.stderr)
        else:
            (root / name).write_text(WRITTEN[name](), encoding="utf-8")
            print(f"{name} written")
    return 1 if check and stale else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
