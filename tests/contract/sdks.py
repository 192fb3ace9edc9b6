"""Read the types of the pinned SDKs: resources, functions, and their arguments with nested keys."""

from __future__ import annotations

import collections.abc
import inspect
import json
import sys
import typing
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import pulumi
from pulumi import _types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

PACKAGES = ("cloudflare", "github", "neon", "random")


def sdk(package: str) -> ModuleType:
    """Return the SDK of a package; import it only for a test that needs it, because that takes a second and 160 MB."""
    return import_module(f"pulumi_{package}")


class Argument(NamedTuple):
    """An argument of a resource or of an object within it: its type hint, and whether it is required."""

    hint: Any
    required: bool


def resource_class(token: str) -> type[Any] | None:
    """Return the SDK's class of a type token; None where the pinned SDK has no such type."""
    package, _, name = token.partition(":")
    if package == "pulumi" and name.startswith("providers:"):
        package, name = name.removeprefix("providers:"), "Provider"
    if package not in PACKAGES:
        return None
    found: type[Any] | None = getattr(sdk(package), name.rpartition(":")[2], None)
    # A provider's own class does not tell its token.
    return found if found and getattr(found, "pulumi_type", token) == token else None


def arguments_class(resource: type[Any]) -> type[Any]:
    """Return the class of a resource's arguments."""
    found: type[Any] = getattr(sys.modules[resource.__module__], f"{resource.__name__}Args")
    return found


_ARGUMENTS: dict[type[Any], dict[str, Argument]] = {}


def arguments(cls: type[Any]) -> Mapping[str, Argument]:
    """Return the arguments of a class of arguments, by their names on the wire."""
    if cls not in _ARGUMENTS:
        _ARGUMENTS[cls] = _read(cls)
    return _ARGUMENTS[cls]


def _read(cls: type[Any]) -> dict[str, Argument]:
    scope = {**vars(sys.modules[cls.__module__]), "Output": pulumi.Output, "T": Any}
    hints = typing.get_type_hints(cls.__init__, scope)
    parameters = inspect.signature(cls.__init__).parameters
    return {
        wire: Argument(hints[name], parameters[name].default is inspect.Parameter.empty)
        for name, wire in _types.input_type_py_to_pulumi_names(cls).items()
    }


def kind_of(hint: Any) -> tuple[str, Any]:
    """Return the kind behind the SDK's `Input[…]`, which stands for a value, an awaitable or an output.

    Returns:
        string, boolean, integer or number, with None; list or map, with the hint of an item; object, with its class.
    """
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


def properties(resource: type[Any]) -> set[str]:
    """Return every property of a resource, inputs and outputs, by the names on the wire."""
    return set(_types.resource_types(resource))


def secret_properties(resource: type[Any]) -> set[str]:
    """Return the properties that the SDK has the engine encrypt."""
    # The module holds nothing beside the one resource, and to find a class in it would take a parse of the whole.
    source = inspect.getsource(sys.modules[resource.__module__])
    _, _, marked = source.partition("additional_secret_outputs=")
    return set(json.loads(marked[: marked.index("]") + 1])) if marked else set()


def problems(cls: type[Any], values: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield each problem of an object's values: unknown keys, missing keys, values of another kind.

    A real provider drops a key that it does not know without a word.
    """
    known = arguments(cls)
    for name in sorted(values.keys() - known.keys()):
        yield f"{where}.{name}: {cls.__name__} takes no such key"
    for name, argument in known.items():
        if values.get(name) is not None:
            yield from _problems(argument.hint, values[name], f"{where}.{name}")
        elif argument.required:
            yield f"{where}.{name}: required"


def _problems(hint: Any, value: Any, where: str) -> Iterator[str]:
    kind, inner = kind_of(hint)
    if not is_a(kind, value):
        yield f"{where}: {type(value).__name__} instead of {kind}"
    elif kind == "object":
        yield from problems(inner, value, where)
    elif kind in {"list", "map"}:
        for key, item in items_of(value):
            yield from _problems(inner, item, f"{where}{key}")


def is_a(kind: str, value: Any) -> bool:
    """Return whether a value on the wire is of a kind; a whole number may come as a float."""
    if kind in {"integer", "number"}:
        whole = kind == "number" or float(value).is_integer() if isinstance(value, int | float) else False
        return whole and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict, "map": dict, "list": list}[kind])


def items_of(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the items of a map or a list, each with its step of a path."""
    if isinstance(value, dict):
        yield from ((f".{key}", item) for key, item in value.items())
    else:
        yield from ((f"[{n}]", item) for n, item in enumerate(value))
