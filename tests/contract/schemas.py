"""Provider schemas, where there are any: what the real providers declare, beyond what the SDKs' types tell.

A directory of schemas is named by `PROVIDER_SCHEMAS` and is looked for in `../shared/facts/schemas` otherwise; it
holds `<package>.json` as `pulumi package get-schema` writes it. An extra block `x-tf` in a resource may tell what
such a schema leaves out: replaceOnChanges, sensitive, enums, defaults, importId.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.sdks import is_a, items_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGES = ("cloudflare", "github", "neon")
"""Packages whose providers reach an account: a directory without one of these is not whole."""

_KINDS = {"array": "list", "object": "map"}


class SchemasError(Exception):
    """The named directory of schemas is not one."""


def directory() -> Path | None:
    """Return the directory of schemas; None where there is none and none was named."""
    named = os.environ.get("PROVIDER_SCHEMAS")
    if named is not None:
        return Path(named)
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "facts" / "schemas"
    return beside if beside.is_dir() else None


@cache
def load(folder: Path) -> Mapping[str, dict[str, Any]]:
    """Return the schemas in a directory, by package.

    Raises:
        SchemasError: A package that the program uses is missing, or its schema declares no resource.
    """
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    for package in PACKAGES:
        if not found.get(package, {}).get("resources"):
            raise SchemasError(
                f"{folder} holds no {package}.json that declares resources. `pulumi package get-schema` makes one; "
                "without PROVIDER_SCHEMAS only the SDKs' types are looked at."
            )
    return found


def resource(schemas: Mapping[str, dict[str, Any]], token: str) -> dict[str, Any] | None:
    """Return how a resource is declared, with the types its package declares and a block `x-tf`.

    Returns:
        None where there is no schema of the package.

    Raises:
        SchemasError: The package's schema has no such type.
    """
    schema = schemas.get(token.partition(":")[0])
    if schema is None:
        return None
    if token not in schema["resources"]:
        raise SchemasError(f"{schema['name']} {schema.get('version', '')} has no resource {token}")
    return {"types": schema["types"], "x-tf": {}, **schema["resources"][token]}


def target(types: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the type that a `$ref` names."""
    found: dict[str, Any] = types[declared["$ref"].removeprefix("#/types/")]
    return found


def element(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return how an item of a list or a map is declared."""
    found: dict[str, Any] = declared.get("items") or declared.get("additionalProperties") or {"type": "string"}
    return found


def secrets(declared: Mapping[str, Any]) -> set[str]:
    """Return the patterns of a resource's secret properties: `a.*.b`, `a[].b`."""
    every = {**declared["properties"], **declared["inputProperties"]}
    marked = {path for path, spec in _walk(every, declared["types"], "") if spec.get("secret")}
    return marked | set(declared["x-tf"].get("sensitive", []))


def replacing(declared: Mapping[str, Any]) -> set[str]:
    """Return the inputs of which a change replaces; empty, too, where the schema says nothing about it.

    A dynamically bridged package does not, nor does one of a provider built on Terraform's plugin framework.
    """
    inputs = declared["inputProperties"].items()
    marked = {name for name, spec in inputs if spec.get("willReplaceOnChanges") or spec.get("replaceOnChanges")}
    return marked | {path.partition(".")[0] for path in declared["x-tf"].get("replaceOnChanges", [])}


def alternatives(pattern: str) -> list[str]:
    """Return the patterns that one with `{a,b}` or `(a, b)` alternatives stands for."""
    if "(" in pattern:
        return [name.strip() for name in pattern.partition("(")[2].rstrip(")").split(",")]
    head, brace, rest = pattern.partition("{")
    inner, _, tail = rest.partition("}")
    return [f"{head}{name}{tail}" for name in inner.split(",")] if brace else [pattern]


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path is meant by a pattern. A star is one step, and may also lead in from anywhere."""
    steps = re.escape(pattern).replace(r"\[\]", r"\[\d*\]").replace(r"\*", r"[^.]+")
    return re.fullmatch(rf"(.*\.)?{steps}", path) is not None


def problems(declared: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a resource's inputs: keys, kinds, enums, constants, alternatives, what is required."""
    source, types = declared["x-tf"], declared["types"]
    required = declared.get("requiredInputs") or []
    yield from _object(declared["inputProperties"], required, types, values, "")
    every = given(values)
    for pattern, allowed in source.get("enums", {}).items():
        for path, value in every.items():
            if any(matches(path, name) for name in alternatives(pattern)) and str(value) not in allowed:
                yield f"{path}: not one of {', '.join(allowed)}"
    one_of = source.get("exactlyOneOf", [])
    if one_of and sum(values.get(name) is not None for name in one_of) != 1:
        yield f"exactly one of {', '.join(one_of)}"


def _object(
    members: Mapping[str, Any], required: list[str], types: Mapping[str, Any], values: Mapping[str, Any], where: str
) -> Iterator[str]:
    for name in sorted(values.keys() - members.keys()):
        yield f"{where}{name}: no such key"
    for name in required:
        if values.get(name) is None:
            yield f"{where}{name}: required"
    for name in members.keys() & values.keys():
        if values[name] is not None:
            yield from _value(members[name], types, values[name], f"{where}{name}")


def _value(declared: Mapping[str, Any], types: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    if "const" in declared and value != declared["const"]:
        yield f"{where}: not {declared['const']!r}"
    if "$ref" in declared:
        inner = target(types, declared)
        if "enum" in inner:
            if value not in [entry["value"] for entry in inner["enum"]]:
                yield f"{where}: not a value of {declared['$ref']}"
        elif not isinstance(value, dict):
            yield f"{where}: {type(value).__name__} instead of object"
        else:
            yield from _object(inner["properties"], inner.get("required") or [], types, value, f"{where}.")
    elif not is_a(_KINDS.get(declared["type"], declared["type"]), value):
        yield f"{where}: {type(value).__name__} instead of {declared['type']}"
    elif declared["type"] in _KINDS:
        for key, item in items_of(value):
            yield from _value(element(declared), types, item, f"{where}{key}")


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every value that holds no other, by its path."""
    return dict(_paths(values, ""))


def _paths(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, item in items_of(value):
            yield from _paths(item, f"{where}{key}".lstrip("."))
    else:
        yield where, value


def _walk(
    members: Mapping[str, Any], types: Mapping[str, Any], where: str, within: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield every declared property by its path; `[]` stands for a list's items and `*` for a free key."""
    for name, declared in members.items():
        path, spec = f"{where}{name}", declared
        yield path, spec
        while spec.get("type") in _KINDS:
            path += "[]" if spec["type"] == "array" else ".*"
            spec = element(spec)
            yield path, spec
        if "$ref" in spec and spec["$ref"] not in within:
            yield from _walk(target(types, spec).get("properties", {}), types, f"{path}.", (*within, spec["$ref"]))
