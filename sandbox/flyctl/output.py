"""Draw a table as flyctl does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest


def table(titles: str, rows: Iterable[Sequence[str]]) -> str:
    """Return a table below these titles, which stand between bars; a line break in a cell splits the row."""
    cells: list[Sequence[str]] = [titles.split("|")]
    for row in rows:
        cells += zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join(" │ ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + "\n" for row in cells)
