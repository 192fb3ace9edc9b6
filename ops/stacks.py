"""Asks the Pulumi CLI about the project's stacks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class StackError(Exception):
    """A stack could not be read. The message says which, and what Pulumi answered."""


def folder() -> Path:
    """Return the folder with the stack files that `pulumi` uses: this project's, or in the sandbox their mirror."""
    world = Path(os.environ.get("RELAY_SANDBOX", ""))
    shim = world / "bin" / "pulumi"
    return world / "mirror" if world.is_absolute() and shutil.which("pulumi") == str(shim) else ROOT


def names(root: Path = ROOT) -> list[str]:
    """Return the stacks that have a file, production first: the order they are read and set up in."""
    found = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml")]
    order = {"production": 0, "staging": 1, "dev": 3}
    return sorted(found, key=lambda stack: (order.get(stack, 2), stack))


def outputs(stack: str, root: Path = ROOT) -> dict[str, Any] | None:
    """Return a stack's outputs, secret ones masked by Pulumi.

    Returns:
        The outputs; None for a stack that does not exist or was never brought up.

    Raises:
        StackError: Pulumi could not be run, or failed for another reason.
    """
    try:
        done = subprocess.run(
            ["pulumi", "stack", "output", "--json", "--stack", stack, "--non-interactive"],  # noqa: S607
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise StackError("`pulumi` is not on PATH: install the Pulumi CLI, or use `bin/sandbox`.") from None
    if done.returncode != 0:
        if "no stack named" in done.stderr:
            if stack in names(root):
                return None
            raise StackError(f"There is neither a stack {stack} nor its file. Stack files: {', '.join(names(root))}.")
        raise StackError(f"Reading the outputs of stack {stack}: {done.stderr.strip()}")
    return json.loads(done.stdout) or None
