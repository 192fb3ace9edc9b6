"""What a person can mend, and how it is told."""

import sys
from collections.abc import Callable


class SandboxError(Exception):
    """An error with a message for the person at the terminal; no traceback is shown."""


def guarded(program: str, main: Callable[[], int]) -> int:
    """Run a program's `main`, turn what a person can mend into a message, and return the exit code."""
    try:
        return main()
    except SandboxError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    except KeyboardInterrupt:
        return 130
    print(f"{program}: {message}", file=sys.stderr)
    return 1
