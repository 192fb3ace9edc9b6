"""`bin/environments`: print the environments from the stacks' real outputs, none of them secret."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import fill
from typing import TYPE_CHECKING

from ops import costs, stacks
from ops.environments import live
from ops.environments.table import markdown, row, text
from ops.terminal import WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="bin/environments",
        description="Print each environment's addresses, database and cost from the stacks' outputs. Changes nothing.",
        epilog="Exit code 0: printed; 1: a stack could not be read.",
    )
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("--live", action="store_true", help="also ask which release runs, and whether it answers")
    parser.add_argument(
        "stack",
        nargs="*",
        type=stacks.stack_name,
        help="default: every stack that has a file, and every pull request's",
    )
    options = parser.parse_args(arguments)
    wanted = options.stack or [*stacks.names(), *(f"pr-{number}" for number in stacks.pull_requests())]
    with ThreadPoolExecutor() as pool:
        rows = list(pool.map(lambda stack: _row(stack, ask_clouds=options.live), wanted))
    if options.format == "json":
        print(json.dumps({"environments": rows, "cost": costs.BASIS}, indent=2))
    else:
        print({"text": text, "markdown": markdown}[options.format](rows))
        print(f"\n{fill(costs.BASIS, WIDTH)}")
    return 0


def _row(stack: str, *, ask_clouds: bool) -> dict[str, str]:
    outputs = stacks.outputs(stack)
    return row(stack, outputs) | (live.rows(stack, outputs) if ask_clouds and outputs else {})


if __name__ == "__main__":
    sys.exit(main())
