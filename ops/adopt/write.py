"""Write proposals into a stack's file.

`pulumi config set-all` edits the file and keeps its comments and order. A YAML library for that would be one more pin.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.config.across_stacks import SHARED
from infra.config.reading import data_of
from infra.config.stack_files import OWNERS
from ops import stacks
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.config.stack_files import StackFiles
    from ops.adopt.rows import Row


class Proposals(NamedTuple):
    """The keys that the proposals change, with their whole new values.

    Attributes:
        own: The keys of the stack's own file.
        shared: The keys of Pulumi.yaml, on which all stacks must agree.
        files: The files with these changes.
    """

    own: dict[str, Any]
    shared: dict[str, Any]
    files: StackFiles


def proposals(stack: str, rows: Iterable[Row], files: StackFiles) -> Proposals:
    """Return the changes that the rows propose, and the files with them.

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
            adopt[name] = _added(adopt.get(name), value)
        for path, value in row.settings.items():
            key, _, below = path.partition(".")
            if not below:
                wanted[key] = value
            elif value is None:
                member(key).pop(below, None)
            else:
                member(key)[below] = value
    changed = {key: value for key, value in wanted.items() if _text(value) != _text(data_of(effective.get(key)))}
    mine = files.stacks[stack]
    # A stack with its own bucket or Pages project has its own host, too.
    own_keys = mine.keys() | {key for key, owner in OWNERS.items() if owner in mine}
    shared = {key: value for key, value in changed.items() if key in SHARED and key not in own_keys}
    own = {key: value for key, value in changed.items() if key not in shared}
    then = files._replace(stacks={**files.stacks, stack: {**mine, **own}}, project={**files.project, **shared})
    return Proposals(own, shared, then)


def _added(before: Any, value: Any) -> Any:
    """Return a proposed value, merged with the present list or mapping."""
    if isinstance(value, list):
        return sorted({*(before or []), *value})
    return {**(before or {}), **value} if isinstance(value, dict) else value


def write(stack: str, changed: Mapping[str, Any], files: StackFiles) -> None:
    """Set new values in the stack's file.

    Raises:
        StackError: Pulumi did not write the file, or a new value contains an encrypted value.
    """
    if encrypted := [key for key, value in changed.items() if '"secure"' in json.dumps(value)]:
        raise StackError(f"Pulumi.{stack}.yaml: {', '.join(encrypted)} holds an encrypted value: write it by hand.")
    values: dict[str, Any] = {}
    for key, value in changed.items():
        whole = {"objectValue": value} if isinstance(value, dict | list) else {}
        values[f"{files.name}:{key}"] = {"value": _text(value), "secret": False, **whole}
    done = stacks.ask("config", "set-all", "--stack", stack, "--json", json.dumps(values), root=stacks.folder())
    if done.returncode != 0:
        first = f"\nFirst run:\n  pulumi stack init {stack}" if "no stack named" in done.stderr else ""
        raise StackError(f"Writing Pulumi.{stack}.yaml: {stacks.said(done)}{first}")


def _text(value: Any) -> str:
    """Return a value as Pulumi stores it: an object or a list as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
