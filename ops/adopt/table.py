"""Render the findings as a table of text."""

from __future__ import annotations

import json
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ops.adopt.rows import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.config.settings import Settings
    from ops.adopt.rows import Row

_HEADINGS = ("THE STACK WOULD MAKE", "EXISTS", "PROPOSED")
_WIDTHS = (34, 46, 56)


def render(rows: Iterable[Row], settings: Settings) -> str:
    """Return the table: a resource takes as many lines as its longest cell."""
    configured = settings.model_dump(by_alias=True)
    lines = list(_cells([(heading,) for heading in _HEADINGS]))
    for row in rows:
        proposed = [_change(f"adopt.{key}", value, configured) for key, value in row.adopt.items()]
        proposed += [_change(path, value, configured) for path, value in row.settings.items()]
        nothing = () if proposed or row.notes else ("nothing" if row.there else "nothing: `up` makes it",)
        lines += _cells([(row.resource,), row.there or ("no",), (*proposed, *row.notes, *nothing)])
    return "\n".join(lines) + "\n"


def shown(value: Any) -> str:
    """Return a value as a stack file writes it in a line."""
    return value if isinstance(value, str) else json.dumps(value)


def _change(path: str, value: Any, configured: dict[str, Any]) -> str:
    before = at(configured, path)
    within = isinstance(value, dict) and isinstance(before, dict) and value.items() <= before.items()
    if value == before or within or (isinstance(value, list) and isinstance(before, list) and {*value} <= {*before}):
        return f"{path}: {shown(value)} (it is set)"
    was = f" (configured: {shown(before)})" if before not in (None, [], "") else ""
    return f"remove {path}{was}" if value is None else f"{path}: {shown(value)}{was}"


def _cells(cells: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of one row of the table."""
    columns = [
        [line for text in cell for line in wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [""]]
        for cell, width in zip(cells, _WIDTHS, strict=True)
    ]
    for line in zip_longest(*columns, fillvalue=""):
        yield "  ".join(text.ljust(width) for text, width in zip(line, _WIDTHS, strict=True)).rstrip()
