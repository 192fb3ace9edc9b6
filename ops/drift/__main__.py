"""`bin/drift`: fail if a stack's clouds differ from its program, and warn of credentials that end soon."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.config.stack_files import StackFileError
from ops import stacks
from ops.doctor.stack import live
from ops.drift import credentials
from ops.drift.report import report
from ops.joblog import say, warn
from ops.preview import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.config.settings import Settings

REPORT, STATE = "drift.md", "state.json"
"""The files that stay in the folder: the report, empty without a difference, and a copy of the state."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the stack with its clouds, and return the exit code: 1 if they differ or cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="bin/drift",
        description="Compare a stack's clouds with its program; warn of credentials that end soon. Changes nothing.",
        epilog="Exit code 0: equal; 1: they differ, or could not be compared.",
    )
    parser.add_argument("stack", type=stacks.stack_name)
    parser.add_argument("folder", type=Path, nargs="?", help="where to keep the report and a copy of the state")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return _compare(options.stack, options.folder or Path(folder))
        except (StackFileError, stacks.StackError) as error:
            say(f"bin/drift: {error}", file=sys.stderr)
            return 1


def _compare(stack: str, folder: Path) -> int:
    """Compare, print and keep the report, warn of credentials, and keep the state.

    Raises:
        StackError: The state cannot be read.
        StackFileError: A stack file cannot be read.
    """
    run.run(stack, folder, refresh=True)
    preview = run.load(stack, folder)
    settings, findings = live(stack) if preview.complete else (None, [])
    drifted = not preview.complete or bool(preview.changes) or any(finding.stops for finding in findings)
    text = report(stack, preview, findings)
    say(text.rstrip("\n"))
    (folder / REPORT).write_text(text if drifted else "", encoding="utf-8")
    if "GITHUB_STEP_SUMMARY" in os.environ:
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(text)
    if settings is None:
        return 1
    # Secret values in it stay encrypted.
    done = stacks.ask("stack", "export", "--stack", stack)
    if done.returncode != 0:
        raise stacks.StackError(f"Reading the state of stack {stack}: {stacks.said(done)}")
    (folder / STATE).write_text(done.stdout, encoding="utf-8")
    for sentence in _ending(settings, stacks.document(done)):
        warn(f"A credential of {stack} ends soon", sentence)
    return 1 if drifted else 0


def _ending(settings: Settings, state: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each credential that ends soon; in the sandbox, of those in the state alone."""
    now = datetime.now(UTC)
    yield from credentials.in_state(state, now)
    if "RELAY_SANDBOX" not in os.environ:
        yield from credentials.of_process(settings.cloudflare_account_id, now)
        if settings.fly_app and settings.manages("backend"):
            for app in (settings.fly_app, *sorted(settings.apps)):
                yield from credentials.of_app(app, now)


if __name__ == "__main__":
    sys.exit(main())
