"""What a resource's properties look like, as a table, and what follows from it: check, defaults, diff, secrets.

The semantics are those of the bridged Terraform providers. A property that the program leaves out is
- set to its default where it has one;
- kept as the service has it where it is `computed`;
- otherwise taken away from the service.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.providers.values import UNKNOWN, Properties, has_unknown, secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "json": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "map": (dict,),
    "list": (list,),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property.

    Attributes:
        kind: A key of `_TYPES`. "object" has `members`; "map" and "list" have an `element`; "json" is a string
            compared by what it says, not by its spelling.
        required: The program must set it.
        computed: Left out, the service's own value stays. Every output that is no input is computed.
        replace: A change makes a new resource.
        frozen: The provider ignores every change after creation.
        secret: Encrypted in the state.
        default: What it is where the program is silent.
        enum: The only values allowed, in any case where `any_case`.
    """

    kind: str = "string"
    required: bool = False
    computed: bool = False
    replace: bool = False
    frozen: bool = False
    secret: bool = False
    default: Any = None
    enum: tuple[str, ...] = ()
    any_case: bool = False
    members: Mapping[str, Field] = field(default_factory=dict)
    element: Field | None = None


Fields = dict[str, Field]


def text(**options: Any) -> Field:
    """Return a string property."""
    return Field(**options)


def number(**options: Any) -> Field:
    """Return a whole-number property."""
    return Field(kind="integer", **options)


def flag(**options: Any) -> Field:
    """Return a boolean property."""
    return Field(kind="boolean", **options)


def nest(members: Fields, **options: Any) -> Field:
    """Return an object property with the given members."""
    return Field(kind="object", members=members, **options)


def many(element: Field | None = None, **options: Any) -> Field:
    """Return a list property; of strings unless told otherwise."""
    return Field(kind="list", element=element or Field(), **options)


def table(element: Field | None = None, **options: Any) -> Field:
    """Return a property with free keys; of strings unless told otherwise."""
    return Field(kind="map", element=element or Field(), **options)


def each(names: str, spec: Field) -> Fields:
    """Return one and the same specification for each of the space-separated names."""
    return dict.fromkeys(names.split(), spec)


def problems(fields: Mapping[str, Field], values: Properties, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (property path, what is wrong with it) for everything a real provider, or its SDK, would refuse."""
    for name in values.keys() - fields.keys():
        yield _join(path, name), f"unknown property; this type has: {', '.join(sorted(fields))}"
    for name, spec in fields.items():
        value = values.get(name)
        if value is not None:
            yield from _problems_of(spec, value, _join(path, name))
        elif spec.required:
            yield _join(path, name), "missing required property"


def _problems_of(spec: Field, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value == UNKNOWN:
        return
    if not _has_kind(value, spec.kind):
        yield path, f"expected {spec.kind}, got {type(value).__name__}"
    elif spec.kind == "object":
        yield from problems(spec.members, value, path)
    elif spec.element is not None:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _problems_of(spec.element, item, _join(path, key))
    elif spec.enum and (value.lower() if spec.any_case else value) not in spec.enum:
        yield path, f"expected one of {', '.join(map(repr, spec.enum))}, got {value!r}"
    elif spec.kind == "json" and not _is_json(value):
        yield path, "expected a string that holds JSON"


def _has_kind(value: Any, kind: str) -> bool:
    # In Python a boolean is an integer; on the wire it is not.
    return isinstance(value, _TYPES[kind]) and (not isinstance(value, bool) or kind == "boolean")


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def fill(fields: Mapping[str, Field], values: Properties) -> Properties:
    """Return the values with defaults in place of what is absent, and without nulls, at every depth."""
    filled = {}
    for name, spec in fields.items():
        value = values.get(name)
        if value is None:
            value = spec.default
        if value is not None:
            filled[name] = _fill_item(spec, value)
    return filled


def _fill_item(spec: Field, value: Any) -> Any:
    if spec.kind == "object" and isinstance(value, dict):
        return fill(spec.members, value)
    if spec.element is not None and isinstance(value, dict):
        return {key: _fill_item(spec.element, item) for key, item in value.items() if item is not None}
    if spec.element is not None and isinstance(value, list):
        return [_fill_item(spec.element, item) for item in value]
    return value


def conceal(fields: Mapping[str, Field], values: Properties) -> Properties:
    """Return the values with every secret property wrapped, at every depth."""
    return {name: _conceal_item(fields[name], value) if name in fields else value for name, value in values.items()}


def _conceal_item(spec: Field, value: Any) -> Any:
    if spec.secret:
        return secret(value)
    if spec.kind == "object" and isinstance(value, dict):
        return conceal(spec.members, value)
    if spec.element is not None and isinstance(value, dict):
        return {key: _conceal_item(spec.element, item) for key, item in value.items()}
    if spec.element is not None and isinstance(value, list):
        return [_conceal_item(spec.element, item) for item in value]
    return value


@dataclass(frozen=True)
class Change:
    """One difference between the program and the state: add, update or delete, and whether it replaces."""

    kind: str
    replace: bool


def changes(
    fields: Mapping[str, Field], state: Properties, wanted: Properties, path: str = "", *, replace: bool = False
) -> dict[str, Change]:
    """Return what differs, by property path."""
    found: dict[str, Change] = {}
    for name, spec in fields.items():
        if not spec.frozen:
            here = _join(path, name)
            found |= _changes_of(spec, state.get(name), wanted.get(name), here, replace=replace or spec.replace)
    return found


def _changes_of(spec: Field, have: Any, want: Any, path: str, *, replace: bool) -> dict[str, Change]:
    if want is None:
        gone = not spec.computed and not _empty(have)
        return {path: Change("delete", replace)} if gone else {}
    if have is None:
        return {} if _empty(want) else {path: Change("add", replace)}
    if spec.kind == "object" and isinstance(want, dict):
        return changes(spec.members, have, want, path, replace=replace)
    if spec.kind == "map" and isinstance(want, dict) and spec.element is not None:
        found: dict[str, Change] = {}
        for key in sorted(have.keys() | want.keys()):
            here = _join(path, key)
            found |= _changes_of(spec.element, have.get(key), want.get(key), here, replace=replace)
        return found
    return {} if same(spec, have, want) else {path: Change("update", replace)}


def same(spec: Field, have: Any, want: Any) -> bool:
    """Tell whether the service already has what the program wants."""
    if has_unknown(want):
        return False
    if spec.kind == "list" and spec.element is not None:
        item = spec.element
        return len(have) == len(want) and all(same(item, a, b) for a, b in zip(have, want, strict=True))
    if spec.kind == "object":
        return not changes(spec.members, have, want)
    if spec.kind == "json":
        return bool(json.loads(have) == json.loads(want))
    if spec.any_case:
        return bool(have.lower() == want.lower())
    return bool(have == want)


def project(spec: Field, known: Any, actual: Any) -> Any:
    """Return the actual value cut down to the members that the program sets: inputs after a refresh."""
    if spec.kind == "object" and isinstance(known, dict) and isinstance(actual, dict):
        return {
            name: project(spec.members[name], value, actual[name])
            for name, value in known.items()
            if name in spec.members and name in actual
        }
    return known if same(spec, actual, known) else actual


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {}, 0, False)


def _join(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name


_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def to_api(spec: Field, value: Any) -> Any:
    """Return an input in the service's own spelling: snake_case members, parsed JSON; free keys as they are."""
    if spec.kind == "object":
        return {snake(name): to_api(spec.members[name], item) for name, item in value.items()}
    if spec.element is not None and isinstance(value, dict):
        return {key: to_api(spec.element, item) for key, item in value.items()}
    if spec.element is not None:
        return [to_api(spec.element, item) for item in value]
    return json.loads(value) if spec.kind == "json" else value


def from_api(spec: Field, value: Any) -> Any:
    """Return what the service says in the provider's spelling; members the table does not have are left out."""
    if value is None:
        return None
    if spec.kind == "object":
        shown = {name: from_api(item, value.get(snake(name))) for name, item in spec.members.items()}
        return {name: item for name, item in shown.items() if item is not None}
    if spec.element is not None and isinstance(value, dict):
        return {key: from_api(spec.element, item) for key, item in value.items()}
    if spec.element is not None:
        return [from_api(spec.element, item) for item in value]
    return json.dumps(value, separators=(",", ":"), sort_keys=True) if spec.kind == "json" else value


def snake(name: str) -> str:
    """Return `pythonName` as `python_name`."""
    return _SNAKE.sub("_", name).lower()
