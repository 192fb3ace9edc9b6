"""Name commands as a person types them: in the sandbox, with `bin/sandbox` before them.

Standard library only: doctor runs before `.venv` exists.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Commands that a message names: at the start of a line, after an arrow or a pipe, in backticks. Not `flyctl auth`: the
# sandbox's flyctl is logged in.
_TOOLS = "pulumi|flyctl(?! auth)|env -u|bin/(?:adopt|doctor|drift|environments|recover|strays)"
_COMMAND = re.compile(rf"(^ +|→ |`)(?=(?:{_TOOLS}) )|(?<=\| )(?=pulumi )", re.MULTILINE)


def as_typed(text: str) -> str:
    """Return a message with `bin/sandbox` before each command, where this process runs in the sandbox."""
    return _COMMAND.sub(r"\g<0>bin/sandbox ", text) if "RELAY_SANDBOX" in os.environ else text


def change_texts(printer: object, change: Callable[[str], str], *functions: str) -> None:
    """Make printing functions of an object change their first argument, a text, before they print it.

    Args:
        printer: An object, such as a stream or a module.
        change: Returns the text to print.
        functions: The names of the functions.
    """
    for name in functions:
        setattr(printer, name, _changing(getattr(printer, name), change))


def _changing(function: Callable[..., Any], change: Callable[[str], str]) -> Callable[..., Any]:
    return lambda text, *options, **named: function(change(text), *options, **named)
