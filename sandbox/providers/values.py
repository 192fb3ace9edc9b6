"""Encode and decode the property values between engine and provider: unknowns, secrets, plain JSON.

A test compares the protocol's constants with those of the Pulumi SDK.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

Properties = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a protocol constant, not a credential)


def decode(struct: Struct) -> Properties:
    """Return the properties as Python values: unwrapped secrets, whole numbers as int, unknowns as `UNKNOWN`."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        properties = decode(value.struct_value)
        return properties["value"] if properties.get(SIGNATURE) == SECRET else properties
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return None if kind in {None, "null_value"} else getattr(value, kind)


def encode(properties: Properties) -> Struct:
    """Return the properties in wire form. Wrap secrets with `secret` first."""
    struct = Struct()
    struct.update(properties)
    return struct


def secret(value: Any) -> Properties:
    """Wrap a value so that the engine encrypts it in the state and masks it on the terminal."""
    return {SIGNATURE: SECRET, "value": value}


def has_unknown(value: Any) -> bool:
    """Return whether a value is, or contains, a value that is only known after the update."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return bool(value == UNKNOWN)
