"""Turn errors that the user can fix into one message without a traceback."""

import errno
import os
import signal
import sys
from collections.abc import Callable

_UNWRITABLE = ". If the checkout is read-only, set RELAY_SANDBOX to an empty folder for the sandbox's files."


class SandboxError(Exception):
    """An error that the user can fix. Its message is all that the terminal shows."""


def guarded(program: str, main: Callable[[], int]) -> int:
    """Run a program's `main`, print errors that the user can fix as a message, and return the exit code.

    The scripts in bin/ start Python with Ctrl-C ignored, because Ctrl-C before this function would print a traceback.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.unraisablehook = _interrupted_again
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()
    except SandboxError as error:
        message = str(error)
    except BrokenPipeError:  # `| head` stopped reading
        os._exit(128 + signal.SIGPIPE)  # an orderly exit would flush, fail and print once more
    except OSError as error:
        message = f"{error.strerror or error}: {error.filename}" if error.filename else error.strerror or str(error)
        message += _UNWRITABLE if error.errno in {errno.EACCES, errno.EROFS} else ""
    except (KeyboardInterrupt, RuntimeError) as error:
        # Python 3.11 wraps a Ctrl-C in `__set_name__`, which a class with a cached property calls at its import.
        if not isinstance(error.__cause__ or error, KeyboardInterrupt):
            raise
        return 128 + signal.SIGINT
    print(f"{program}: {message}", file=sys.stderr)
    return 1


def _interrupted_again(dropped: "sys.UnraisableHookArgs") -> None:
    """Repeat a Ctrl-C that Python dropped; report any other dropped exception as Python does.

    Python drops exceptions in `__del__` and in callbacks of weak references. Imports at start run many of both.
    """
    if isinstance(dropped.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    else:
        sys.__unraisablehook__(dropped)
