"""`bin/backend`: refuses a backend on which no team can work. Workflows run it before they touch a stack."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ops import stacks

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence


def whoami() -> subprocess.CompletedProcess[str]:
    """Ask the CLI for its user and its backend's `url`, as JSON.

    Raises:
        StackError: There is no CLI that can be run.
    """
    return stacks.ask("whoami", "--json")


def refusal() -> str | None:
    """Return why this backend is not used here, or None.

    A file backend on a CI machine is gone with the machine, and its stack would be created a second time. The sandbox
    is the exception: its clouds are gone with it, too.
    """
    if os.environ.get("RELAY_SANDBOX"):
        return None
    try:
        done = whoami()
        if done.returncode != 0:
            return f"There is no backend to work on: {stacks.said(done)}\nSee docs/backend.md."
        url = str(stacks.document(done).get("url", ""))
    except stacks.StackError as error:
        return str(error)
    if url.startswith("file:"):
        return (
            "The state would be kept in a local folder, which is gone with this machine: set PULUMI_BACKEND_URL to the "
            "team's backend (docs/backend.md). Only the sandbox uses a local one."
        )
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what is wrong with the backend, and return the exit code."""
    description = "Fail where the Pulumi CLI is logged in to no backend that a team can work on."
    argparse.ArgumentParser(prog="bin/backend", description=description).parse_args(arguments)
    refused = refusal()
    if refused:
        print(f"bin/backend: {refused}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
