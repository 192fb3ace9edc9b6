"""What a person can mend, and how it is told."""

import errno
import os
import signal
import sys
from collections.abc import Callable

_UNWRITABLE = ". Where the checkout cannot be written, RELAY_SANDBOX can name an empty folder for the sandbox's files."


class SandboxError(Exception):
    """An error with a message for the person at the terminal; no traceback is shown."""


def guarded(program: str, main: Callable[[], int]) -> int:
    """Run a program's `main`, turn what a person can mend into a message, and return the exit code.

    The scripts in bin/ start Python with Ctrl-C ignored: before it gets here, it would answer with a traceback.
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
    except BrokenPipeError:  # `| head` has seen enough
        os._exit(128 + signal.SIGPIPE)  # the interpreter's own end would complain of it once more
    except OSError as error:
        message = f"{error.strerror or error}: {error.filename}" if error.filename else error.strerror or str(error)
        message += _UNWRITABLE if error.errno in {errno.EACCES, errno.EROFS} else ""
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(f"{program}: {message}", file=sys.stderr)
    return 1


def _interrupted_again(dropped: "sys.UnraisableHookArgs") -> None:
    """Have a dropped Ctrl-C come again a moment later; tell of anything else as Python does.

    What a weak reference's callback or a `__del__` raises is dropped, and the imports of a start run many such.
    """
    if isinstance(dropped.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    else:
        sys.__unraisablehook__(dropped)
