"""Bring stacks up in the sandbox, with one line of progress for each: `make sandbox`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# `python -I` leaves this project's folder off the path.
sys.path.insert(0, str(Path(__file__).absolute().parents[1]))

from setup import progress
from setup.errors import guarded


def main() -> int:
    """Bring up the stacks that the arguments name, in their order."""
    logs = Path(os.environ["RELAY_SANDBOX"], "logs")
    logs.mkdir(exist_ok=True)
    for stack in sys.argv[1:]:
        command = ["pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive"]
        progress.run(f"Bringing up {stack}", command, log=logs / f"up.{stack}.log")
    print(f"Pulumi's own output is in {logs}. The clouds as they stand: bin/sandbox show", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(guarded("make sandbox", main))
