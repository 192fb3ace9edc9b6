"""Run `pulumi up` for a workflow, then compare the clouds with the program.

It is not interactive, changes the clouds, and redacts its log. The exit code is
that of `pulumi up`; 1: the backend is not shared, `pulumi` cannot be run, or
the clouds differ afterwards.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ops import stacks
from ops.backend import require_shared
from ops.drift import __main__ as drift

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the stack up, and return the CLI's exit code; 1 if the clouds differ."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bin/up", description=__doc__, formatter_class=raw)
    parser.add_argument("stack", type=stacks.stack_name)
    stack = parser.parse_args(arguments).stack
    require_shared()
    return stacks.stream("up", "--stack", stack) or drift.main([stack])


if __name__ == "__main__":
    sys.exit(main())
