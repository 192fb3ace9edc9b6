"""Stand in for the `random` package 4.21.4: passwords made once and kept in the state, without any cloud."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

import secrets
import string

from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, number, table, text
from sandbox.providers.values import Properties
from sandbox.world.store import Document

_CLASSES = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "numeric": string.digits}
_CLASSES |= {"special": "!@#$%&*()-_=+[]{}<>:?"}


class RandomPassword(Resource):
    """A random password. Its id is always `none`. The sandbox has no import for it."""

    type_name = "random:index/randomPassword:RandomPassword"
    label = "password"
    id_is = "id"
    blind = forgets = True
    inputs = {
        "keepers": table(replace=True),
        "length": number(required=True, replace=True),
        **{name: flag(default=True, replace=True) for name in _CLASSES},
        **each("number overrideSpecial minLower minUpper minNumeric minSpecial", Field(kind="unmodelled")),
    }
    outputs = {"bcryptHash": text(secret=True), "result": text(secret=True)}

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the password."""
        allowed = "".join(characters for name, characters in _CLASSES.items() if inputs[name])
        result = "".join(secrets.choice(allowed) for _ in range(inputs["length"]))
        # A made-up hash: it exists, is secret and changes with the password.
        made_up = f"$2a$10${secrets.token_urlsafe(40)[:53]}"
        return {**inputs, "id": "none", "result": result, "bcryptHash": made_up}

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the state unchanged, because no service answers."""
        return found


PACKAGE_VERSION = "4.21.4"
CREDENTIALS: tuple[str, ...] = ()
RESOURCES: tuple[Resource, ...] = (RandomPassword(),)
