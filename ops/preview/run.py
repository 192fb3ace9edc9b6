"""Run `pulumi preview`, keep its redacted output in a folder, and read it back in a later step."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ops.backend import require_shared
from ops.preview.reader import read
from ops.redact import credentials, redact, redacted_json
from ops.stacks import StackError, ask

if TYPE_CHECKING:
    from pathlib import Path

    from ops.preview.reader import Preview

STDOUT, STDERR, EXIT_CODE = "preview.json", "stderr.txt", "exit-code"
"""The files of a preview, in its folder."""


def run(stack: str, folder: Path, *, refresh: bool = False) -> int:
    """Preview a stack and write the CLI's output into a folder.

    This process redacts its own credentials here, because a later step that reads the folder does not have them.

    Args:
        stack: The stack's name.
        folder: Where to write; created if missing.
        refresh: Read the clouds first, instead of trusting the state.

    Returns:
        The CLI's exit code; 1 if it did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (STDOUT, STDERR, EXIT_CODE):
        (folder / name).unlink(missing_ok=True)
    known = credentials(os.environ)
    code, stdout, stderr = 1, "", ""
    try:
        require_shared()
        done = ask("preview", "--stack", stack, "--json", "--color", "never", *(["--refresh"] if refresh else []))
        code, stdout, stderr = done.returncode, done.stdout, done.stderr
    except StackError as error:
        stderr = str(error)
    (folder / STDOUT).write_text(redacted_json(stdout, known), encoding="utf-8")
    (folder / STDERR).write_text(redact(stderr, known), encoding="utf-8")
    (folder / EXIT_CODE).write_text(str(code), encoding="utf-8")
    return code


def load(stack: str, folder: Path) -> Preview:
    """Return the preview that `run` left in a folder; a failed preview if `run` did not finish."""

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
