"""Check that the Pulumi backend is one that a team shares."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ops import stacks

if TYPE_CHECKING:
    import subprocess


def whoami() -> subprocess.CompletedProcess[str]:
    """Ask the CLI for its user and its backend's `url`, as JSON.

    Raises:
        StackError: The CLI cannot be run.
    """
    return stacks.ask("whoami", "--json")


def refusal() -> str | None:
    """Return why no workflow may use this backend; None for a good one.

    A file backend on a CI machine is lost with the machine, and the next run would create the stack a second time.
    In the sandbox a file backend is right: its clouds are local too.
    """
    if os.environ.get("RELAY_SANDBOX"):
        return None
    try:
        done = whoami()
        if done.returncode != 0:
            return f"There is no backend to work on: {stacks.said(done)}\nSee docs/operating.md."
        url = str(stacks.document(done).get("url", ""))
    except stacks.StackError as error:
        return str(error)
    if url.startswith("file:"):
        return (
            "The state would be in a local folder, which is lost with this machine: set PULUMI_BACKEND_URL to the "
            "team's backend (docs/operating.md). Only the sandbox uses a local one."
        )
    return None
