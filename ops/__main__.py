"""Run a tool by its name, for the scripts in `bin/`. An error that the user can fix becomes a message."""

from __future__ import annotations

import runpy
import sys

from infra.errors import UserError
from infra.typed import as_typed, change_texts
from ops.joblog import harmless
from setup.errors import SandboxError, guarded

# Folders whose name is not their command.
_COMMANDS = {"recovery": "recover", "pull_request": "pull-request"}


def run() -> int:
    """Run the tool that the first argument names, with the other arguments. The tool exits with its own code.

    `harmless` cleans its output: a text from outside may hold commands to a workflow's runner or the terminal.
    """
    for stream in (sys.stdout, sys.stderr):
        change_texts(stream, lambda text: harmless(as_typed(text)), "write")
    try:
        runpy.run_module(f"ops.{sys.argv[0]}", run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        raise SandboxError(f"{error.name} is not installed in {sys.prefix}: run `bin/setup`.") from None
    except UserError as error:
        raise SandboxError(str(error)) from None
    return 0


if __name__ == "__main__":
    del sys.argv[0]
    sys.exit(guarded(f"bin/{_COMMANDS.get(sys.argv[0], sys.argv[0])}", run))
