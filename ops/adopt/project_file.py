"""Set values in Pulumi.yaml, which every stack shares, and leave the rest of its text as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def with_values(text: str, values: Mapping[str, Any]) -> str:
    """Return the text of Pulumi.yaml with new values. A key that is missing goes below `config`.

    `pulumi config` cannot do this: it writes only a stack's file.

    Args:
        text: The file's text.
        values: The values by key.
    """
    for key, value in values.items():
        config = _member(yaml.compose(text, Loader=yaml.SafeLoader), "config")
        declared = _member(config, key)
        node = _member(declared, "value") or _member(declared, "default") or declared
        if node is not None:
            start, end = node.start_mark.index, node.end_mark.index
            text = f"{text[:start]}{_scalar(value)}{text[end:]}"
        elif isinstance(config, yaml.MappingNode) and config.flow_style:
            start = config.start_mark.index + 1
            text = f"{text[:start]}{key}: {_scalar(value)}, {text[start:]}"
        elif config is not None:
            # Above the first comment, which belongs to the key below it.
            start = text.index("\n", text.rindex("config:", 0, config.start_mark.index)) + 1
            indent = " " * config.start_mark.column
            added = f"{indent}{key}:\n{indent}  type: string\n{indent}  default: {_scalar(value)}\n"
            text = text[:start] + added + text[start:]
        else:
            text = f"{text.rstrip()}\nconfig:\n  {key}:\n    type: string\n    default: {_scalar(value)}\n"
    return text


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Set values in a Pulumi.yaml."""
    path.write_text(with_values(path.read_text(encoding="utf-8"), values), encoding="utf-8")


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the value of a key in a mapping, or None."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


def _scalar(value: Any) -> str:
    """Return a value in YAML: a plain text if YAML reads it back unchanged, else a quoted text."""
    if isinstance(value, str) and yaml.safe_load(value or "null") == value and not {*value} & {*"#:,{}[]"}:
        return value
    return json.dumps(value)
