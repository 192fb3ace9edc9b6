"""`bin/up`: run `pulumi up` for a workflow, print no secret and no command to the runner, and compare the clouds."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ops import stacks
from ops.backend import refusal
from ops.drift import __main__ as drift
from ops.joblog import say
from ops.up.run import streamed

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the stack up, and return the CLI's exit code; 1 if the backend is refused, or the clouds differ."""
    parser = argparse.ArgumentParser(
        prog="bin/up",
        description="Run `pulumi up` for a workflow: without asking, with a redacted log. Changes the clouds. Then "
        "compares them with the program, as `bin/drift` does.",
        epilog="The exit code is that of `pulumi up`; 1: the backend is refused, or the clouds differ afterwards; "
        "127: `pulumi` cannot be run.",
    )
    parser.add_argument("stack", type=stacks.stack_name)
    stack = parser.parse_args(arguments).stack
    refused = refusal()
    if refused:
        say(f"bin/up: {refused}", file=sys.stderr)
        return 1
    flags = ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--color", "never"]
    try:
        return streamed("up", "--stack", stack, *flags) or drift.main([stack])
    except OSError as error:
        say(f"bin/up: {stacks.not_started(error)}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
