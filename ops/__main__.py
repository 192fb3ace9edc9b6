"""Runs one of the tools by its name, as `bin/` does: an interrupted one ends without a traceback."""

from __future__ import annotations

import runpy
import sys


def main() -> int:
    """Run the tool that the first argument names, with the others; return the exit code of an interrupted one."""
    del sys.argv[0]
    try:
        runpy.run_module(f"ops.{sys.argv[0]}", run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
