"""`bin/drift`: fail if a stack's clouds differ from its program, and warn of credentials that end soon."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import stacks
from ops.drift.report import ending, report
from ops.joblog import say, warn
from ops.preview import run
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the stack with its clouds, and return the exit code: 1 if they differ or cannot be compared."""
    parser = argparse.ArgumentParser(prog="bin/drift", description="Compare a stack with its clouds.")
    parser.add_argument("stack", type=stacks.stack_name)
    stack = parser.parse_args(arguments).stack
    with tempfile.TemporaryDirectory() as folder:
        run.run(stack, Path(folder), refresh=True)
        preview = run.load(stack, Path(folder))
    text = report(stack, preview)
    say(text.rstrip("\n"))
    if "GITHUB_STEP_SUMMARY" in os.environ:
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(text)
    if not preview.complete:
        return 1
    try:
        for sentence in ending(_state(stack), datetime.now(UTC)):
            warn(f"A credential of {stack} ends soon", sentence)
    except StackError as error:
        say(f"bin/drift: {error}", file=sys.stderr)
        return 1
    return 1 if preview.changes else 0


def _state(stack: str) -> dict[str, Any]:
    done = stacks.ask("stack", "export", "--stack", stack)
    if done.returncode != 0:
        raise StackError(f"Reading the state of stack {stack}: {stacks.said(done)}")
    state: dict[str, Any] = stacks.document(done)
    return state


if __name__ == "__main__":
    sys.exit(main())
