"""The stand-ins' tables against the real contracts: the pinned SDKs' types, and provider schemas where there are any.

A directory of schemas is named by `PROVIDER_SCHEMAS` and is looked for in `../shared/facts/schemas` otherwise; it
holds `<package>.json` as `pulumi package get-schema` writes it. An extra block `x-tf` in a resource may tell what
such a schema leaves out: replaceOnChanges, sensitive, enums, defaults, importId.
"""

from __future__ import annotations

import collections.abc
import inspect
import json
import os
import sys
import typing
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_cloudflare
import pulumi_github
import pulumi_neon
import pulumi_random
import pytest
from pulumi import _types

from sandbox.providers import cloudflare, github, neon, random
from sandbox.providers.server import BRIDGE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from sandbox.providers.resource import Resource
    from sandbox.providers.schema import Field

PACKAGES: dict[str, tuple[ModuleType, ModuleType]] = {
    "cloudflare": (cloudflare, pulumi_cloudflare),
    "github": (github, pulumi_github),
    "neon": (neon, pulumi_neon),
    "random": (random, pulumi_random),
}
RESOURCES = [resource for tables, _ in PACKAGES.values() for resource in tables.RESOURCES]

_GIVEN = os.environ.get("PROVIDER_SCHEMAS")
SCHEMAS = Path(_GIVEN or Path(__file__).resolve().parents[2].parent / "shared" / "facts" / "schemas")

# A schema may say more than holds for the pinned version: x-tf of Neon's Project covers 0.13.0 as well.
REPLACED_BEFORE = {("neon:index/project:Project", "enableLogicalReplication")}
# In the dynamic bridge every Terraform number is a float; whole ones stay whole here.
KINDS = {
    "string": {"string", "json"},
    "boolean": {"boolean"},
    "integer": {"integer"},
    "number": {"number", "integer"},
    "object": {"object"},
    "map": {"map"},
    "list": {"list"},
}

by_type = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.type_name)


# The SDKs


@by_type
def test_inputs_are_those_of_the_sdks_arguments(resource: Resource) -> None:
    compared = list(_compare_arguments(resource.inputs, _arguments(resource), resource.type_name))
    assert len(compared) >= len(resource.inputs)


@by_type
def test_inputs_and_outputs_together_are_the_sdks_properties(resource: Resource) -> None:
    assert set(_types.resource_types(_sdk_class(resource))) == resource.whole.members.keys()


@by_type
def test_what_the_sdk_marks_as_a_secret_output_is_secret_here(resource: Resource) -> None:
    source = inspect.getsource(_sdk_class(resource))
    _, _, marked = source.partition("additional_secret_outputs=")
    names = json.loads(marked[: marked.index("]") + 1]) if marked else []
    for name in names:
        assert resource.whole.members[name].secret, name
    assert bool(marked) == (resource.type_name in MARKED_BY_SDK)


MARKED_BY_SDK = {
    "cloudflare:index/accountToken:AccountToken",
    "github:index/actionsSecret:ActionsSecret",
    "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
    "neon:index/project:Project",
    "random:index/randomPassword:RandomPassword",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_versions_are_those_of_the_pinned_sdks(package: str) -> None:
    tables, sdk = PACKAGES[package]
    plugin = json.loads((Path(str(sdk.__file__)).parent / "pulumi-plugin.json").read_text())
    if package == "neon":
        assert plugin["version"] == BRIDGE_VERSION
        plugin = plugin["parameterization"]
    assert plugin["version"] == tables.PACKAGE_VERSION


def _sdk_class(resource: Resource) -> type[Any]:
    sdk = PACKAGES[resource.type_name.partition(":")[0]][1]
    name = resource.type_name.rpartition(":")[2]
    found: type[Any] = getattr(sdk, name)
    assert found.pulumi_type == resource.type_name
    return found


def _arguments(resource: Resource) -> type[Any]:
    cls = _sdk_class(resource)
    found: type[Any] = getattr(sys.modules[cls.__module__], f"{cls.__name__}Args")
    return found


def _compare_arguments(fields: Mapping[str, Field], arguments: type[Any], where: str) -> Iterator[str]:
    wire = _types.input_type_py_to_pulumi_names(arguments)
    assert set(wire.values()) == set(fields), where
    scope = {**vars(sys.modules[arguments.__module__]), "Output": pulumi.Output, "T": Any}
    hints = typing.get_type_hints(arguments.__init__, scope)
    parameters = inspect.signature(arguments.__init__).parameters
    for name, spelled in wire.items():
        spec, here = fields[spelled], f"{where}.{spelled}"
        assert spec.required == (parameters[name].default is inspect.Parameter.empty), here
        yield from _compare_hint(spec, hints[name], here)


def _compare_hint(spec: Field, hint: Any, where: str) -> Iterator[str]:
    yield where
    if spec.kind == "unmodelled":
        return
    kind, inner = _kind_of_hint(hint)
    assert spec.kind in KINDS[kind], where
    if kind == "object":
        yield from _compare_arguments(spec.members, inner, where)
    elif kind in {"map", "list"}:
        assert spec.element is not None
        yield from _compare_hint(spec.element, inner, f"{where}[]")


def _kind_of_hint(hint: Any) -> tuple[str, Any]:
    """Return the kind behind the SDK's `Input[…]`, which stands for a value, an awaitable or an output."""
    if typing.get_origin(hint) is typing.Union:
        hint = typing.get_args(hint)[0]
    origin = typing.get_origin(hint)
    if origin is collections.abc.Sequence:
        return "list", typing.get_args(hint)[0]
    if origin is collections.abc.Mapping:
        return "map", typing.get_args(hint)[1]
    if _types.is_input_type(hint):
        return "object", hint
    return {str: "string", bool: "boolean", int: "integer", float: "number"}[hint], None


# The provider schemas


@cache
def _schema(package: str) -> dict[str, Any] | None:
    path = SCHEMAS / f"{package}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def test_a_named_directory_of_schemas_has_something_to_compare() -> None:
    if not SCHEMAS.is_dir() and not _GIVEN:
        pytest.skip("no provider schemas here; PROVIDER_SCHEMAS names a directory of them")
    assert any(_schema(package) for package in PACKAGES), f"no <package>.json in {SCHEMAS}"


@pytest.fixture
def declared(resource: Resource) -> dict[str, Any]:
    """The resource as the package's schema declares it, with the schema's types."""
    schema = _schema(resource.type_name.partition(":")[0])
    if schema is None:
        pytest.skip("no schema of this package here")
    return {"types": schema["types"], "x-tf": {}, **schema["resources"][resource.type_name]}


@by_type
def test_inputs_are_those_of_the_schema(resource: Resource, declared: dict[str, Any]) -> None:
    required = declared.get("requiredInputs") or []
    _compare_declared(resource.inputs, declared["inputProperties"], required, declared["types"], resource.type_name)
    assert set(declared["properties"]) | set(declared["inputProperties"]) == resource.whole.members.keys()


@by_type
def test_secrets_are_those_of_the_schema(resource: Resource, declared: dict[str, Any]) -> None:
    here = {path for path, spec in _paths(resource.whole.members) if spec.secret}
    marked = {n for part in ("properties", "inputProperties") for n, p in declared[part].items() if p.get("secret")}
    patterns = marked | set(declared["x-tf"].get("sensitive", []))
    assert {path for path in here if not any(fnmatchcase(path, p) for p in patterns)} == set()
    assert {pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in here)} == set()


@by_type
def test_what_replaces_is_what_the_schema_says(resource: Resource, declared: dict[str, Any]) -> None:
    there = {
        name
        for name, spec in declared["inputProperties"].items()
        if spec.get("willReplaceOnChanges") or spec.get("replaceOnChanges")
    }
    there |= {path.partition(".")[0] for path in declared["x-tf"].get("replaceOnChanges", [])}
    there -= {name for kind, name in REPLACED_BEFORE if kind == resource.type_name}
    assert {name for name, spec in resource.inputs.items() if spec.replace} == there


@by_type
def test_defaults_enums_and_import_ids_are_the_sources(resource: Resource, declared: dict[str, Any]) -> None:
    source = declared["x-tf"]
    known = dict(_paths(resource.inputs))
    for pattern, default in source.get("defaults", {}).items():
        found = _matching(known, pattern)
        assert {spec.default for spec in found} == {default}, pattern
    for pattern, values in source.get("enums", {}).items():
        found = _matching(known, pattern)
        assert {frozenset(spec.enum) for spec in found} <= {frozenset(values), frozenset({"Age"})}, pattern
    for name in source.get("ignoredAfterCreate", []):
        assert resource.inputs[name].frozen
    assert resource.forgets == source.get("deleteIsNoop", False)
    assert resource.blind == source.get("readIsNoop", False)
    if resource.one_of or "exactlyOneOf" in source:
        assert set(resource.one_of) == set(source["exactlyOneOf"])
    if "importId" in source:
        segments = (source["importId"] or "").replace(":", "/").split("/") if source["importId"] else []
        assert len(resource.import_id) == len(segments)
        assert not segments or resource.separator in source["importId"] or len(segments) == 1


def _compare_declared(
    fields: Mapping[str, Field], properties: dict[str, Any], required: list[str], types: dict[str, Any], where: str
) -> None:
    assert set(properties) == set(fields), where
    assert {name for name, spec in fields.items() if spec.required} == set(required), where
    for name, declared in properties.items():
        _compare_type(fields[name], declared, types, f"{where}.{name}")


def _compare_type(spec: Field, declared: dict[str, Any], types: dict[str, Any], where: str) -> None:
    if spec.kind == "unmodelled":
        return
    if "$ref" in declared:
        assert spec.kind == "object", where
        target = types[declared["$ref"].removeprefix("#/types/")]
        _compare_declared(spec.members, target["properties"], target.get("required") or [], types, where)
    elif declared["type"] in {"array", "object"}:
        assert spec.kind == {"array": "list", "object": "map"}[declared["type"]], where
        assert spec.element is not None
        inner = declared.get("items") or declared.get("additionalProperties") or {"type": "string"}
        _compare_type(spec.element, inner, types, f"{where}[]")
    else:
        assert spec.kind in KINDS[declared["type"]], where


def _paths(fields: Mapping[str, Field], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every property by its path; `[]` stands for a list's items and `*` for a free key."""
    for name, spec in fields.items():
        yield from _paths_of(spec, f"{prefix}{name}")


def _paths_of(spec: Field, path: str) -> Iterator[tuple[str, Field]]:
    yield path, spec
    if spec.element is not None:
        yield from _paths_of(spec.element, path + ("[]" if spec.kind == "list" else ".*"))
    yield from _paths(spec.members, f"{path}.")


def _matching(known: dict[str, Field], pattern: str) -> list[Field]:
    """Return the properties a pattern of the schema's source means: wildcards, {a,b} and (a, b) alternatives."""
    names = [pattern]
    if "(" in pattern:
        names = [name.strip() for name in pattern.partition("(")[2].rstrip(")").split(",")]
    elif "{" in pattern:
        head, _, rest = pattern.partition("{")
        inner, _, tail = rest.partition("}")
        names = [f"{head}{name}{tail}" for name in inner.split(",")]
    found = []
    for name in names:
        # A bracket is a character class to fnmatch; a star may also lead in from anywhere.
        glob = name.replace("[]", "[[]]")
        hits = [s for p, s in known.items() if fnmatchcase(p, glob) or fnmatchcase(p, f"*.{glob}")]
        assert hits, name
        found += hits
    return found
