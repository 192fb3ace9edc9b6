"""`bin/environments`: the environments as they stand, from the stacks' real outputs. No secret is in it."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ops import costs, stacks
from ops.environments import mixups

if TYPE_CHECKING:
    from collections.abc import Sequence


def row(stack: str, outputs: dict[str, Any] | None) -> dict[str, str]:
    """Return one environment's row: what a person looks up about it, as texts; a dash where there is nothing."""
    if outputs is None:
        return {"Environment": stack, "Deploys on": f"not up yet: `pulumi up -s {stack}`"}
    app = outputs.get("flyApp")
    cost = costs.monthly(app=bool(app), bucket="bucketPublicHost" in outputs)
    environment = outputs["environment"]
    return {
        "Environment": environment,
        "Deploys on": outputs.get("deploysOn") or "-",
        "Backend": app or "local",
        "API": outputs["apiUrl"],
        "Database": outputs.get("neonProject") or "-",
        "Database host": outputs.get("databaseHost") or "-",
        "Frontend": outputs["frontendUrl"],
        "Logs": f"flyctl logs -a {app}" if app else "-",
        "Logfire filter": f"deployment_environment = '{environment}'",
        "Cost a month": f"${cost:.2f}",
    }


def text(rows: Sequence[dict[str, str]]) -> str:
    """Return the table for a terminal: a column for each environment, which fits where ten columns would not."""
    return _table(
        rows, lambda cells, widths: "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()
    )


def markdown(rows: Sequence[dict[str, str]]) -> str:
    """Return the table in Markdown."""
    lines = _table(
        rows, lambda cells, widths: f"| {' | '.join(c.ljust(w) for c, w in zip(cells, widths, strict=True))} |"
    ).splitlines()
    columns = len(rows) + 1
    return "\n".join([lines[0], "|" + " --- |" * columns, *lines[1:]])


def _table(rows: Sequence[dict[str, str]], line: Any) -> str:
    fields = list(dict.fromkeys(key for entry in rows for key in entry))
    cells = [[field, *(entry.get(field, "-") for entry in rows)] for field in fields]
    widths = [max(len(cells[r][c]) for r in range(len(cells))) for c in range(len(rows) + 1)]
    return "\n".join(line(entry, widths) for entry in cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report and return the exit code."""
    parser = argparse.ArgumentParser(prog="bin/environments", description="Print the environments as they stand.")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("stack", nargs="*", help="default: every stack that has a file")
    options = parser.parse_args(arguments)
    wanted = options.stack or stacks.names()
    try:
        with ThreadPoolExecutor() as pool:
            found = dict(zip(wanted, pool.map(stacks.outputs, wanted), strict=True))
    except stacks.StackError as error:
        print(f"bin/environments: {error}", file=sys.stderr)
        return 1
    rows = [row(stack, outputs) for stack, outputs in found.items()]
    comparison = mixups.compare({stack: outputs for stack, outputs in found.items() if outputs})
    if options.format == "json":
        print(json.dumps({"environments": rows, "cost": costs.BASIS, **comparison._asdict()}, indent=2))
    else:
        print({"text": text, "markdown": markdown}[options.format](rows))
        print("".join(f"\nWarning: {line}.\n" for line in comparison.wrong), end="")
        print("".join(f"\nNote: {line}.\n" for line in comparison.unknown), end="")
        print(f"\n{costs.BASIS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
