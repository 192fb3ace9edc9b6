"""`bin/preview`: previews a stack and keeps what the CLI said, redacted, for `bin/comment` and `bin/drift`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.backend import __main__ as backend
from ops.preview.reader import read
from ops.redact import credentials, redact, redacted_json
from ops.stacks import StackError, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.preview.reader import Preview

# The three files of a preview, in its folder.
STDOUT, STDERR, EXIT_CODE = "preview.json", "stderr.txt", "exit-code"


def run(stack: str, folder: Path, *, refresh: bool = False) -> int:
    """Preview a stack; write what the CLI said into a folder.

    It is redacted here, with the credentials of this process: what reads it later, in another step, has none of them.

    Args:
        stack: The stack's name.
        folder: Made where it is missing.
        refresh: Look at the clouds first, instead of taking the state's word for them.

    Returns:
        The CLI's exit code; 1 where it was not even started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (STDOUT, STDERR, EXIT_CODE):
        (folder / name).unlink(missing_ok=True)
    known = credentials(os.environ)
    code, stdout, stderr = _previewed(stack, refresh=refresh)
    # What is no JSON document nobody reads: see `ops.preview.reader.read`.
    (folder / STDOUT).write_text(redacted_json(stdout, known), encoding="utf-8")
    (folder / STDERR).write_text(redact(stderr, known), encoding="utf-8")
    (folder / EXIT_CODE).write_text(str(code), encoding="utf-8")
    return code


def _previewed(stack: str, *, refresh: bool) -> tuple[int, str, str]:
    """Return the CLI's exit code and what it wrote to its standard output and its standard error."""
    refused = backend.refusal()
    if refused:
        return 1, "", refused
    flags = ["--json", "--color", "never", *(["--refresh"] if refresh else [])]
    try:
        done = ask("preview", "--stack", stack, *flags)
    except StackError as error:
        return 127, "", str(error)
    return done.returncode, done.stdout, done.stderr


def load(stack: str, folder: Path) -> Preview:
    """Return the preview that `run` left in a folder; where it did not get that far, one that says so."""

    def text(name: str) -> str:
        path = folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    code = text(EXIT_CODE)
    stderr = text(STDERR) if code else "The job failed before the preview, or was cancelled during it; see its log."
    return read(
        stack,
        stdout=text(STDOUT) if code else "",
        stderr=stderr,
        exit_code=int(code or 1),
        secrets=credentials(os.environ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Preview, tell in one line how it went, and return the exit code."""
    parser = argparse.ArgumentParser(prog="bin/preview", description="Preview a stack; keep what the CLI said.")
    parser.add_argument("stack")
    parser.add_argument("folder", type=Path, help="where to keep it")
    options = parser.parse_args(arguments)
    code = run(options.stack, options.folder)
    preview = load(options.stack, options.folder)
    for error in preview.errors:
        print(error, file=sys.stderr)
    told = f"{len(preview.changes)} changes, {len(preview.warnings)} warnings" if preview.complete else "preview failed"
    print(f"{options.stack}: {told}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
