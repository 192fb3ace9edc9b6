"""The `random` package 4.21.4: values made once and kept in the state. No cloud stands behind it."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

import base64
import binascii
import secrets
import string
from typing import TYPE_CHECKING

from sandbox.providers.resource import Resource
from sandbox.providers.schema import flag, number, table, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.providers.values import Properties
    from sandbox.world import Transaction

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = {
    "Lower": string.ascii_lowercase,
    "Upper": string.ascii_uppercase,
    "Numeric": string.digits,
    "Special": _SPECIAL,
}


class _Random(Resource):
    label = None

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Return the state: it is all there is."""
        return state

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Forget it."""


class RandomBytes(_Random):
    """Random bytes. The resource's id is the value itself, in base64 and in clear, as in the real provider."""

    type_name = "random:index/randomBytes:RandomBytes"
    import_id = ("base64",)
    inputs = {"keepers": table(replace=True), "length": number(required=True, replace=True)}
    outputs = {"base64": text(secret=True), "hex": text(secret=True)}

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse what is shorter than one byte."""
        if isinstance(inputs.get("length"), int) and inputs["length"] < 1:
            yield "length", "must be at least 1"

    def locate(self, identity: str) -> Properties:
        """Take the value from the import id; base64 may hold slashes, so it is not split."""
        try:
            raw = base64.b64decode(identity, validate=True)
        except binascii.Error as error:
            raise ValueError("invalid ID: expected the value as a base64 string") from error
        return self._of(raw)

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the bytes."""
        return {**inputs, **self._of(secrets.token_bytes(inputs["length"]))}

    def _of(self, raw: bytes) -> Properties:
        return {"length": len(raw), "base64": base64.b64encode(raw).decode(), "hex": raw.hex()}


class RandomPassword(_Random):
    """A random password. Its id is always `none`."""

    type_name = "random:index/randomPassword:RandomPassword"
    import_id = ("result",)
    inputs = {
        "keepers": table(replace=True),
        "length": number(required=True, replace=True),
        "overrideSpecial": text(replace=True),
        "number": flag(computed=True, replace=True),
        **{name.lower(): flag(default=True, replace=True) for name in _CLASSES},
        **{f"min{name}": number(default=0, replace=True) for name in _CLASSES},
    }
    outputs = {"bcryptHash": text(secret=True), "result": text(secret=True)}

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse a length that cannot hold what is asked for, and a password of no character at all."""
        least = sum(inputs[f"min{name}"] for name in _CLASSES if isinstance(inputs[f"min{name}"], int))
        if isinstance(inputs.get("length"), int) and inputs["length"] < max(1, least):
            yield "length", f"must be at least {max(1, least)}"
        if not any(inputs[name.lower()] for name in _CLASSES):
            yield "lower", "at least one kind of character must be allowed"

    def identity(self, state: Properties) -> str:
        """Return the one id that every password has."""
        return "none"

    def locate(self, identity: str) -> Properties:
        """Take the password from the import id."""
        defaults = {name: spec.default for name, spec in self.inputs.items() if spec.default is not None}
        return {**defaults, **self._of(identity)}

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the password: the least of each kind first, then whatever is allowed, shuffled."""
        sets = {**_CLASSES, "Special": inputs.get("overrideSpecial") or _SPECIAL}
        picked = [secrets.choice(sets[name]) for name in sets for _ in range(inputs[f"min{name}"])]
        allowed = "".join(sets[name] for name in sets if inputs[name.lower()])
        picked += [secrets.choice(allowed) for _ in range(inputs["length"] - len(picked))]
        secrets.SystemRandom().shuffle(picked)
        return {**inputs, **self._of("".join(picked))}

    def _of(self, result: str) -> Properties:
        # A made-up hash: what counts is that it is there, is secret, and changes with the password.
        return {"length": len(result), "result": result, "bcryptHash": f"$2a$10${secrets.token_urlsafe(40)[:53]}"}


PACKAGE_VERSION = "4.21.4"
CONFIG: tuple[str, ...] = ()
CREDENTIALS: tuple[str, ...] = ()
RESOURCES: tuple[Resource, ...] = (RandomBytes(), RandomPassword())
