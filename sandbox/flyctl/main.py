"""The stand-in's entry point: one run from its arguments to its exit code.

Exit codes: 0; 1 for any error; 3 for a panic; 127 after SIGTERM or SIGINT (see `sandbox.flyctl.install`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sandbox.clouds.errors import CloudError
from sandbox.flyctl import apps, arguments, secrets, tokens
from sandbox.flyctl.arguments import UnmodelledError, UsageError
from sandbox.flyctl.importer import ParserPanicError
from sandbox.flyctl.run import FailureError, RefusedError, Run
from sandbox.world import World

_MODULES = {"secrets": secrets, "tokens": tokens}  # the other commands are in `apps`
_PANIC = "\x1b[31mpanic: runtime error: slice bounds out of range [1:0]\x1b[0m\n\ngoroutine 1 [running]:\nmain.main()"


def main(executable: str, argv: list[str]) -> int:
    """Run flyctl.

    Args:
        executable: The path it was started by; `clouds.sqlite` lies beside the executable's folder.
        argv: Its arguments.

    Returns:
        The exit code.
    """
    path = Path(executable).resolve()
    store = path.parent.parent / "clouds.sqlite"
    if not store.is_file():
        return _fail(f"the sandbox's flyctl found no world: {store} is missing; `bin/sandbox --reset` makes one")
    world = World(store)
    command = arguments.command(argv)
    detail = {"argv": argv, "environment": dict(os.environ), "directory": str(Path.cwd())}
    world.record("fly", command or "unknown", detail)
    try:
        _run(world, path.name, command, argv)
    except UnmodelledError as error:
        print(f"not implemented in the sandbox's flyctl: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(arguments.usage(command))
        return _fail(str(error))
    except ParserPanicError:
        print(_PANIC)
        return 3
    except (FailureError, RefusedError, CloudError) as error:
        return _fail(str(error))
    return 0


def _run(world: World, program: str, command: str, argv: list[str]) -> None:
    if not command:
        raise UnmodelledError(" ".join(argv[:2]))
    parsed = arguments.parse(command, argv[len(command.split()) :])
    if "help" in parsed.flags:
        print(arguments.usage(command))
    else:
        fault = world.fault("fly", command)
        run = Run(world, os.environ, parsed, program=program, fault=fault)
        getattr(_MODULES.get(command.split(maxsplit=1)[0], apps), command.replace(" ", "_"))(run)


def _fail(message: str) -> int:
    if os.environ.get("GITHUB_ACTIONS") and os.environ.get("FLY_GHA_ERROR_ANNOTATION"):
        print(f"::error title=flyctl error::{message}")
    print(f"Error: {message}", file=sys.stderr)
    return 1
