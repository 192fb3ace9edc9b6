"""Run `pulumi preview`, keep its redacted output in a folder, and read it back in a later step."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from ops.backend import require_shared
from ops.preview.reader import Preview, read
from ops.redact import credentials, redact, redacted_json
from ops.stacks import StackError, ask

if TYPE_CHECKING:
    from pathlib import Path

KEPT = "preview.json"
"""The file that holds a preview in its folder: the arguments of `reader.read`."""


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
    (folder / KEPT).unlink(missing_ok=True)
    code, stdout, stderr = 1, "", ""
    try:
        require_shared()
        done = ask("preview", "--stack", stack, "--json", "--color", "never", *(["--refresh"] if refresh else []))
        code, stdout, stderr = done.returncode, done.stdout, done.stderr
    except StackError as error:
        stderr = str(error)
    known = credentials(os.environ)
    kept = {"stdout": redacted_json(stdout, known), "stderr": redact(stderr, known), "exit_code": code}
    (folder / KEPT).write_text(json.dumps(kept), encoding="utf-8")
    return code


def load(stack: str, folder: Path) -> Preview:
    """Return the preview that `run` left in a folder; a failed preview if `run` did not finish."""
    path = folder / KEPT
    if not path.exists():
        reason = "The job failed before the preview, or was cancelled during it; see its log."
        return Preview(stack, (), (), (reason,), complete=False)
    return read(stack, **json.loads(path.read_text(encoding="utf-8")), secrets=credentials(os.environ))
