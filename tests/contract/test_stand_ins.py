"""Compare the stand-ins' tables with the pinned SDKs' types, nested keys included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.providers import cloudflare, github, neon, random, schema
from sandbox.providers.server import BRIDGE_VERSION
from tests.contract import sdks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from sandbox.providers.resource import Resource
    from sandbox.providers.schema import Field

TABLES: dict[str, ModuleType] = {"cloudflare": cloudflare, "github": github, "neon": neon, "random": random}
RESOURCES: list[Resource] = [resource for tables in TABLES.values() for resource in tables.RESOURCES]

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
MARKED_BY_SDK = {
    "cloudflare:index/accountToken:AccountToken",
    "github:index/actionsSecret:ActionsSecret",
    "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
    "neon:index/project:Project",
    "random:index/randomPassword:RandomPassword",
}


def test_inputs_are_those_of_the_sdks_arguments() -> None:
    for resource in RESOURCES:
        arguments = sdks.arguments_class(_sdk_class(resource))
        compared = list(_compare_arguments(resource.inputs, arguments, resource.type_name))
        assert len(compared) >= len(resource.inputs)


def test_inputs_and_outputs_together_are_the_sdks_properties() -> None:
    here = {resource.type_name: {*resource.whole.members} for resource in RESOURCES}
    assert here == {resource.type_name: sdks.properties(_sdk_class(resource)) for resource in RESOURCES}


def test_what_the_sdk_marks_as_a_secret_output_is_secret_here() -> None:
    marked = {resource.type_name: sdks.secret_properties(_sdk_class(resource)) for resource in RESOURCES}
    assert {name for name, secrets in marked.items() if secrets} == MARKED_BY_SDK
    for resource in RESOURCES:
        secret = {name for name, member in resource.whole.members.items() if member.secret}
        assert marked[resource.type_name] <= secret, resource.type_name


@pytest.mark.parametrize("package", TABLES)
def test_versions_are_those_of_the_pinned_sdks(package: str) -> None:
    plugin = json.loads((Path(str(sdks.sdk(package).__file__)).parent / "pulumi-plugin.json").read_text())
    if package == "neon":
        assert plugin["version"] == BRIDGE_VERSION
        plugin = plugin["parameterization"]
    assert plugin["version"] == TABLES[package].PACKAGE_VERSION


def _sdk_class(resource: Resource) -> type[Any]:
    found = sdks.resource_class(resource.type_name)
    assert found is not None
    return found


def _compare_arguments(fields: Mapping[str, Field], arguments: type[Any], where: str) -> Iterator[str]:
    known = sdks.arguments(arguments)
    assert known.keys() == fields.keys(), where
    for name, argument in known.items():
        spec, here = fields[name], f"{where}.{name}"
        assert spec.required == argument.required, here
        yield from _compare_hint(spec, argument.hint, here)


def _compare_hint(spec: Field, hint: Any, where: str) -> Iterator[str]:
    yield where
    if spec.kind == "unmodelled":
        return
    kind, inner = sdks.kind_of(hint)
    assert spec.kind in KINDS[kind], where
    if kind == "object":
        yield from _compare_arguments(spec.members, inner, where)
    elif kind in {"map", "list"}:
        assert spec.element is not None
        yield from _compare_hint(spec.element, inner, f"{where}[]")


def _lists(spec: Field, where: str) -> Iterator[tuple[str, Field]]:
    if spec.kind == "list":
        yield where, spec
    for name, inner in [*spec.members.items(), *([("[]", spec.element)] if spec.element else [])]:
        yield from _lists(inner, f"{where}.{name}")


def test_cloudflares_provider_alone_keeps_an_empty_list_as_null() -> None:
    """The others are built on Terraform's older SDK, where an empty list is an absent one."""
    for resource in RESOURCES:
        for path, spec in _lists(resource.program, resource.type_name):
            assert bool(schema.changes(spec, None, [])) == path.startswith("cloudflare:"), path
