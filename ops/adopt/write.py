"""Write proposals into a stack's file.

`pulumi config set-all` edits the file, so that its comments and its order stay; a YAML library would be one more pin.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from infra.config.reading import data_of
from ops import stacks
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.config.stack_files import StackFiles
    from ops.adopt.rows import Row


def changes(stack: str, rows: Iterable[Row], files: StackFiles) -> dict[str, Any]:
    """Return the keys that the proposals change, each with its whole new value.

    Args:
        stack: The stack's name.
        rows: The findings.
        files: The files as they were read.
    """
    effective = files.effective(stack)
    wanted: dict[str, Any] = {}

    def member(key: str) -> Any:
        return wanted.setdefault(key, copy.deepcopy(data_of(effective.get(key))) or {})

    for row in rows:
        for name, value in row.adopt.items():
            adopt = member("adopt")
            adopt[name] = sorted({*(adopt.get(name) or []), *value}) if isinstance(value, list) else value
        for path, value in row.settings.items():
            key, _, below = path.partition(".")
            if not below:
                wanted[key] = value
            elif value is None:
                member(key).pop(below, None)
            else:
                member(key)[below] = value
    return {key: value for key, value in wanted.items() if _text(value) != _text(data_of(effective.get(key)))}


def write(stack: str, changed: Mapping[str, Any], files: StackFiles) -> None:
    """Set new values in the stack's file.

    Raises:
        StackError: Pulumi did not write the file, or a new value holds an encrypted one.
    """
    if encrypted := [key for key, value in changed.items() if '"secure"' in json.dumps(value)]:
        raise StackError(f"Pulumi.{stack}.yaml: {', '.join(encrypted)} holds an encrypted value: write it by hand.")
    values: dict[str, Any] = {}
    for key, value in changed.items():
        whole = {"objectValue": value} if isinstance(value, dict | list) else {}
        values[f"{files.name}:{key}"] = {"value": _text(value), "secret": False, **whole}
    if not values:
        return
    done = stacks.ask("config", "set-all", "--stack", stack, "--json", json.dumps(values), root=stacks.folder())
    if done.returncode != 0:
        raise StackError(f"Writing Pulumi.{stack}.yaml: {stacks.said(done)}")


def _text(value: Any) -> str:
    """Return a value as Pulumi keeps it: an object or a list as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
