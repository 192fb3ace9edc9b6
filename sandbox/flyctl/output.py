"""How flyctl prints: tables, or JSON indented by four spaces."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.flyctl.run import Run


def show(run: Run, document: object, text: str) -> None:
    """Print the document as JSON where that is asked for, else the text."""
    print(json.dumps(document, indent=4, ensure_ascii=False) if run.switch("json", "FLY_JSON") else text)


def table(titles: tuple[str, ...], rows: list[Any]) -> str:
    """Return a table as flyctl draws it; a line break in a cell splits the row."""
    cells = [tuple(title.upper() for title in titles)]
    for row in rows:
        cells += zip_longest(*(str(cell).split("\n") for cell in row), fillvalue="")
    widths = [max(len(row[n]) for row in cells) for n in range(len(titles))]
    return "".join(" │ ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + "\n" for row in cells)
