"""Run one Pulumi program from the language host's JSON order on standard input."""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi
import pulumi.runtime

# The language host's ALREADY_REPORTED.
_REPORTED = 32
# The engine's answer to a call that it cancelled, for which it shows the reason itself.
_CANCELLED = "context canceled"


def _program_traceback(program: str) -> str:
    """Return the current exception's traceback, from the program's first frame on if there is one."""
    kind, error, frames = sys.exc_info()
    first = frames
    while first and not first.tb_frame.f_code.co_filename.startswith(program):
        first = first.tb_next
    return "".join(traceback.format_exception(kind, error, first or frames))


def main() -> int:
    """Run the program and return the exit code: 0, or `_REPORTED` where the engine shows the error."""
    # The engine interrupts the host's whole process group. That is no error of the program, so print no traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    order = json.load(sys.stdin)
    pulumi.runtime.set_all_config(order["config"], order["secret_keys"])
    pulumi.runtime.configure(pulumi.runtime.Settings(**order["settings"]))
    program = order["program"]
    sys.argv = [program, *order["arguments"]]

    # A failed program leaves awaitables behind; asyncio's warnings about them would bury the error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Each pending resource occupies a thread: four per parallel operation, as in the official launcher.
    executor = ThreadPoolExecutor(4 * max(1, order["settings"]["parallel"]))
    loop.set_default_executor(executor)

    def run() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return _REPORTED
    except Exception as error:  # noqa: BLE001 -- the engine shows any exception of the program as its error
        if str(error) != _CANCELLED:
            shown = _program_traceback(str(Path(program).resolve()))
            pulumi.log.error(f"Program failed with an unhandled exception:\n{shown}")
        return _REPORTED
    finally:
        executor.shutdown()
        loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
