"""Lay out labelled texts for a terminal of 80 columns. Standard library only: doctor runs before `.venv` exists."""

from __future__ import annotations

import re
from textwrap import wrap

from infra.typed import as_typed

WIDTH = 80
"""Characters in a line of a terminal."""

# A command in backticks, or a text that is a whole command.
_COMMAND = re.compile(r"`[^`]*`|^(?:bin/sandbox )?(?:pulumi|flyctl) .*")


def labelled(label: str, text: str, indent: int = 11) -> str:
    """Return a label with a text beside it, wrapped to `WIDTH`.

    A command stays on one line, so that it can be copied. A word that is too long has a line of its own.

    Args:
        label: The label, with the spaces before it.
        text: The text.
        indent: The column in which the text begins.
    """
    typed = as_typed(f"{label:{indent - 1}} {text}")[indent:]
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", "\xa0"), typed)
    lines = wrap(whole, WIDTH - indent, break_long_words=False, break_on_hyphens=False) or [""]
    placed = [line if indent + len(line) > WIDTH else " " * indent + line for line in lines]
    placed[0] = f"{label}\n{lines[0]}" if placed[0] == lines[0] else f"{label:{indent}}{lines[0]}"
    return "\n".join(placed).replace("\xa0", " ").rstrip()
