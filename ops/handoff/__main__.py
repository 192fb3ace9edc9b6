"""`bin/handoff`: write the application's deployment files into the application's repository."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.handoff.facts import facts
from ops.handoff.files import files
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or compare the files, and return the exit code: 1 if they cannot be written, or differ."""
    parser = argparse.ArgumentParser(
        prog="bin/handoff",
        description="Write the application's deployment files from the templates in deploy/ and the stack files.",
        epilog="Exit code 0: written, or up to date; 1: they cannot be written, or --check found a difference.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the files are out of date")
    parser.add_argument("folder", type=Path, nargs="?", help="the application's repository")
    options = parser.parse_args(arguments)
    if not (options.folder or options.check):
        parser.error("name the application's repository, such as ../relay")
    wanted = files(facts(root))
    if options.folder is None:  # `--check` alone: every file can be rendered
        return 0
    folder: Path = options.folder
    old = [name for name, text in wanted.items() if not _same(folder / name, text)]
    for name in old:
        if options.check:
            print(f"{folder / name} is out of date:\nbin/handoff {folder}", file=sys.stderr)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(wanted[name], encoding="utf-8")
            print(f"wrote {folder / name}")
    return 1 if options.check and old else 0


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
