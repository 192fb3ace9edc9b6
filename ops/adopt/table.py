"""Render the findings for a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ops.adopt.rows import at
from ops.terminal import labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.config.settings import Settings
    from ops.adopt.rows import Row


def render(rows: Iterable[Row], settings: Settings) -> str:
    """Return a paragraph for each resource: its existing ids, the proposals and the notes."""
    configured = settings.model_dump(by_alias=True)
    return "".join("\n".join(_paragraph(row, configured)) + "\n\n" for row in rows)


def _paragraph(row: Row, configured: dict[str, Any]) -> Iterator[str]:
    yield row.resource
    changes = [*((f"adopt.{key}", value) for key, value in row.adopt.items()), *row.settings.items()]
    absent = "no" if row.notes else "no: `up` makes it"
    for there in row.there or (absent,):
        yield labelled("  exists", there)
    for path, value in changes:
        yield _change(path, value, configured)
    for note in row.notes:
        yield labelled("  note", note)
    if row.there and not (changes or row.notes):
        yield labelled("  set", "nothing")
    if row.command:
        yield f"  {row.command}"


def _change(path: str, value: Any, configured: dict[str, Any]) -> str:
    before = at(configured, path)
    within = isinstance(value, dict) and isinstance(before, dict) and value.items() <= before.items()
    if value == before or within or (isinstance(value, list) and isinstance(before, list) and {*value} <= {*before}):
        return labelled("  is set", f"{path}: {_shown(value)}")
    was = f" (configured: {_shown(before)})" if before not in (None, [], "") else ""
    return labelled("  remove", f"{path}{was}") if value is None else labelled("  set", f"{path}: {_shown(value)}{was}")


def _shown(value: Any) -> str:
    """Return a value in one line, as in a stack file."""
    return value if isinstance(value, str) else json.dumps(value)
