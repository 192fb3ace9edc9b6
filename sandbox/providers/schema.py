"""Describe a resource's properties as a table; derive checks, defaults, differences and secrets from it.

The semantics are those of the bridged Terraform providers. A property that the program does not set
- gets its default where it has one;
- keeps the service's value where it is `computed`;
- is otherwise removed from the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sandbox.providers.values import UNKNOWN, has_unknown, secret

_TYPES: dict[str, Any] = {"string": str, "json": str, "boolean": bool, "number": (int, float), "integer": int}
_TYPES |= {"object": dict, "map": dict, "list": list, "unmodelled": ()}
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property.

    Attributes:
        kind: A key of `_TYPES`. "object" has `members`; "map" and "list" have an `element`; "json" is a string
            compared by its meaning, not its spelling; "unmodelled" exists in reality, and the sandbox refuses it.
        required: The program must set it.
        computed: Without a value of the program, the service's own stays. Every pure output is computed.
        replace: A change makes a new resource.
        secret: Encrypted in the state.
        default: The value where the program sets none.
        enum: The only allowed values.
        null_when_empty: The provider keeps an empty list as null, so that a declared `[]` is a change in every plan.
    """

    kind: str = "string"
    required: bool = False
    computed: bool = False
    replace: bool = False
    secret: bool = False
    default: Any = None
    enum: tuple[str, ...] = ()
    null_when_empty: bool = False
    members: Mapping[str, Field] = field(default_factory=dict)
    element: Field | None = None


Fields = dict[str, Field]


text = Field
number = partial(Field, kind="integer")
flag = partial(Field, kind="boolean")


def nest(members: Fields, **options: Any) -> Field:
    """Return an object property with the given members."""
    return Field(kind="object", members=members, **options)


def many(element: Field | None = None, **options: Any) -> Field:
    """Return a list property, by default of strings."""
    return Field(kind="list", element=element or Field(), **options)


def table(element: Field | None = None, **options: Any) -> Field:
    """Return a property with free keys, by default of strings."""
    return Field(kind="map", element=element or Field(), **options)


def each(names: str, spec: Field) -> Fields:
    """Return the same specification for several names, separated by spaces."""
    return dict.fromkeys(names.split(), spec)


def problems(spec: Field, value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (property path, problem) for everything that a real provider, or its SDK, would refuse."""
    if value == UNKNOWN:
        return
    if wrong := _wrong(spec, value):
        yield path, wrong
    elif spec.kind == "object":
        for name in value.keys() - spec.members.keys():
            yield _join(path, name), f"unknown property; this type has: {', '.join(sorted(spec.members))}"
        for name, member in spec.members.items():
            if value.get(name) is not None:
                yield from problems(member, value[name], _join(path, name))
            elif member.required:
                yield _join(path, name), "missing required property"
    elif spec.element is not None:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from problems(spec.element, item, _join(path, key))


def _wrong(spec: Field, value: Any) -> str:
    if spec.kind == "unmodelled":
        return "not implemented in the sandbox"
    # In Python a boolean is an integer; on the wire it is not.
    if not isinstance(value, _TYPES[spec.kind]) or (isinstance(value, bool) and spec.kind != "boolean"):
        return f"expected {spec.kind}, got {type(value).__name__}"
    if spec.enum and value not in spec.enum:
        return f"expected one of {', '.join(map(repr, spec.enum))}, got {value!r}"
    try:
        json.loads(value if spec.kind == "json" else "0")
    except ValueError:
        return "expected a string that holds JSON"
    return ""


def _mapped(visit: Callable[[Field, Any], Any], spec: Field, value: Any) -> Any:
    """Return a value with each of its items visited, and without nulls in maps."""
    if isinstance(value, list) and spec.element is not None:
        return [visit(spec.element, item) for item in value]
    if not isinstance(value, dict) or spec.kind not in {"object", "map"}:
        return value
    items = ((key, spec.element or spec.members.get(key), item) for key, item in value.items() if item is not None)
    return {key: visit(inner, item) if inner else item for key, inner, item in items}


def fill(spec: Field, value: Any) -> Any:
    """Return the value with defaults for absent members, and without nulls, at every depth."""
    if spec.kind == "object" and isinstance(value, dict):
        given = {name: item for name, item in value.items() if item is not None and name in spec.members}
        value = {name: member.default for name, member in spec.members.items()} | given
    return _mapped(fill, spec, value)


def conceal(spec: Field, value: Any) -> Any:
    """Return the value with every secret property wrapped, at every depth."""
    return secret(value) if spec.secret else _mapped(conceal, spec, value)


def to_api(spec: Field, value: Any) -> Any:
    """Return an input in the service's spelling: snake_case members, parsed JSON, unchanged free keys."""
    if spec.kind == "json":
        return json.loads(value)
    shown = _mapped(to_api, spec, value)
    return {snake(name): item for name, item in shown.items()} if spec.kind == "object" else shown


def from_api(spec: Field, value: Any) -> Any:
    """Return the service's answer in the provider's spelling, with the table's members alone."""
    if spec.kind == "json":
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    if spec.kind == "object":
        found = {name: (member, value.get(snake(name))) for name, member in spec.members.items()}
        value = {
            name: None if member.null_when_empty and item == [] else item for name, (member, item) in found.items()
        }
    return _mapped(from_api, spec, value)


def changes(spec: Field, have: Any, want: Any, path: str = "", *, replace: bool = False) -> dict[str, str]:
    """Return the differences by property path: ADD, UPDATE or DELETE, with the suffix _REPLACE where they replace."""
    replace = replace or spec.replace
    if have is not None and isinstance(want, dict):
        keys = sorted(have.keys() | want.keys()) if spec.element else spec.members
        found: dict[str, str] = {}
        for name in keys:
            member = spec.element or spec.members[name]
            found |= changes(member, have.get(name), want.get(name), _join(path, name), replace=replace)
        return found
    if want is None:
        kind = "" if spec.computed or _empty(have) else "DELETE"
    elif have is None:
        kind = "" if _empty(want) and not spec.null_when_empty else "ADD"
    else:
        kind = "" if same(spec, have, want) else "UPDATE"
    return {path: f"{kind}_REPLACE" if replace else kind} if kind else {}


def same(spec: Field, have: Any, want: Any) -> bool:
    """Return whether the service already has the program's value."""
    if has_unknown(want):
        return False
    if spec.kind == "list" and spec.element is not None:
        return len(have) == len(want) and all(map(partial(same, spec.element), have, want))
    if spec.kind == "object":
        return not changes(spec, have, want)
    if spec.kind == "json":
        return bool(json.loads(have) == json.loads(want))
    return bool(have == want)


def project(spec: Field, known: Any, actual: Any) -> Any:
    """Return the actual value of the members that the program sets: the inputs after a refresh."""
    if spec.kind == "object" and isinstance(known, dict) and isinstance(actual, dict):
        shared = [name for name in known if name in spec.members and name in actual]
        return {name: project(spec.members[name], known[name], actual[name]) for name in shared}
    return known if same(spec, actual, known) else actual


def snake(name: str) -> str:
    """Return `pythonName` as `python_name`."""
    return _SNAKE.sub("_", name).lower()


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {}, 0, False)


def _join(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name
