"""`bin/backend`: refuses a backend on which no team can work. Workflows run it before they touch a stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ops.redact import credentials, redact
from ops.stacks import ROOT


def whoami() -> subprocess.CompletedProcess[str]:
    """Ask the CLI for its user and its backend's `url`, as JSON.

    Raises:
        FileNotFoundError: There is no CLI.
    """
    return subprocess.run(
        ["pulumi", "whoami", "--json", "--non-interactive"],  # noqa: S607
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def refusal() -> str | None:
    """Return why this backend is not used here, or None.

    A file backend on a CI machine is gone with the machine, and its stack would be created a second time. The sandbox
    is the exception: its clouds are gone with it, too.
    """
    if os.environ.get("RELAY_SANDBOX"):
        return None
    try:
        done = whoami()
    except FileNotFoundError:
        return "`pulumi` is not on PATH: install the Pulumi CLI, or use `bin/sandbox`."
    if done.returncode != 0:
        said = redact(done.stderr.strip(), credentials(os.environ))
        return f"There is no backend to work on: {said}\nSee docs/backend.md."
    url = str(json.loads(done.stdout).get("url", ""))
    if url.startswith("file:"):
        return (
            "The state would be kept in a local folder, which is gone with this machine: set PULUMI_BACKEND_URL to the "
            "team's backend (docs/backend.md). Only the sandbox uses a local one."
        )
    return None


def main() -> int:
    """Say what is wrong with the backend, and return the exit code."""
    refused = refusal()
    if refused:
        print(f"bin/backend: {refused}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
