"""Run flyctl's stand-in, from its arguments to its exit code.

Exit codes: 0; 1 for any error; 3 for a panic; 127 after SIGTERM or SIGINT.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

# Run with `python -I`, so that neither the caller's folder nor PYTHONPATH can put modules in the way.
sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from sandbox.flyctl import apps, arguments, certs, releases, secrets, tokens
from sandbox.flyctl.arguments import UnmodelledError, UsageError
from sandbox.flyctl.importer import ParserPanicError
from sandbox.flyctl.run import FailureError, RefusedError, Run
from sandbox.world.errors import CloudError
from sandbox.world.store import World

_MODULES = {
    "certs": certs,
    "secrets": secrets,
    "tokens": tokens,
    **dict.fromkeys(("deploy", "releases", "logs"), releases),
}  # the other commands are in `apps`
_PANIC = "\x1b[31mpanic: runtime error: slice bounds out of range [1:0]\x1b[0m\n\ngoroutine 1 [running]:\nmain.main()"


def main(executable: str, argv: list[str]) -> int:
    """Run flyctl in the world it was installed into.

    Args:
        executable: The path it was started by; `clouds.sqlite` lies beside the executable's folder.
        argv: Its arguments.

    Returns:
        The exit code.
    """
    store = Path(executable).resolve().parent.parent / "clouds.sqlite"
    if not store.is_file():
        return _fail(f"the sandbox's flyctl found no world: {store} is missing; `bin/sandbox --reset` makes one")
    return execute(World(store), argv, os.environ)


def execute(world: World, argv: list[str], environment: Mapping[str, str]) -> int:
    """Run one command with this process's streams and working folder; return the exit code."""
    command = arguments.command(argv)
    detail = {"argv": argv, "environment": dict(environment), "directory": str(Path.cwd())}
    world.record("fly", command or "unknown", detail)
    try:
        parsed = arguments.parse(command, argv)
        run = Run(world, environment, parsed, fault=world.fault("fly", command))
        getattr(_MODULES.get(command.split(maxsplit=1)[0], apps), command.replace(" ", "_"))(run)
    except UnmodelledError as error:
        print(f"not implemented in the sandbox's flyctl: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"Usage:\n  flyctl {command} [flags]\n")
        return _fail(str(error))
    except ParserPanicError:
        print(_PANIC)
        return 3
    except (FailureError, RefusedError, CloudError) as error:
        return _fail(str(error))
    return 0


def _fail(message: str) -> int:
    print(f"Error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(127))  # at once, and without a word
    sys.exit(main(sys.argv[1], sys.argv[2:]))
