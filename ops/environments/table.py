"""Lay out the environments as a table: for a terminal, or in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops import costs
from ops.terminal import WIDTH, labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, str]


def row(stack: str, outputs: dict[str, Any] | None) -> Row:
    """Return an environment's facts by title. A dash means that the fact does not apply."""
    if outputs is None:
        return {"Environment": stack, "Deploys on": f"not up yet: `pulumi up -s {stack}`"}
    app = outputs.get("flyApp")
    idle = "neonBranch" in outputs  # a pull request's machine and compute stop while nobody uses them
    cost = costs.monthly(app=bool(app) and not idle, bucket="bucketPublicHost" in outputs)
    environment = outputs["environment"]
    return {
        "Environment": environment,
        "Deploys on": outputs.get("deploysOn") or "-",
        "Backend": app or "local",
        "API": outputs["apiUrl"],
        "Database": "/".join(outputs[key] for key in ("neonProject", "neonBranch") if outputs.get(key)) or "-",
        "Database host": outputs.get("databaseHost") or "-",
        "Frontend": outputs.get("frontendUrl") or "-",  # a new staging may not know it yet
        "Logs": f"flyctl logs -a {app}" if app else "-",
        "Logfire filter": f"deployment_environment = '{environment}'",
        "Cost a month": f"${cost:.2f}",
    }


def text(rows: Sequence[Row]) -> str:
    """Return a column for each environment if all fit a terminal, else a paragraph for each environment."""
    columns = ["  ".join(cells).rstrip() for cells in _padded(rows)]
    if max(map(len, columns)) <= WIDTH:
        return "\n".join(columns)
    indent = max(len(title) for entry in rows for title in entry) + 2
    return "\n\n".join("\n".join(labelled(title, fact, indent) for title, fact in entry.items()) for entry in rows)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in _padded(rows)]
    return "\n".join([lines[0], "|" + " --- |" * (len(rows) + 1), *lines[1:]])


def _padded(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells by line, the title first, padded to the width of the column."""
    titles = list(dict.fromkeys(title for entry in rows for title in entry))
    lines = [[title, *(entry.get(title, "-") for entry in rows)] for title in titles]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
