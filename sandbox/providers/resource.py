"""What the provider face knows of one resource type: its table, and how it reaches the cloud's model."""

# ruff: noqa: ARG002 -- what is the same for most types is written here once

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from sandbox.providers.schema import Field, Fields, from_api, nest, to_api
from sandbox.providers.values import Properties
from sandbox.world.store import Document, Transaction


class At(NamedTuple):
    """Where a call goes: the world, and the owner that GitHub's provider is configured with."""

    tx: Transaction
    owner: str


class Resource:
    """A resource type. Subclasses fill in the table and the calls, which return what the service answers.

    Attributes:
        type_name: Pulumi's type token.
        label: What the call log and the fault injection name it by.
        model: The module of `sandbox.world` that reads and deletes by kind and path.
        kind: The thing's kind there.
        inputs: What a program may set.
        outputs: What only the service sets.
        import_id: The names of the import id's segments; empty where the real type cannot be imported.
        path: The names of its path's parts; the import id's unless given.
        separator: What stands between the import id's segments.
        id_is: The property that is the id; the import id unless given.
        one_of: Inputs of which exactly one must be set.
        blind: Reading is a no-op in the real provider.
        forgets: Deleting is a no-op in the real provider.
        lenient_delete: Deleting something already gone succeeds.
    """

    type_name: ClassVar[str]
    label: ClassVar[str]
    model: Any
    kind: ClassVar[str]
    inputs: ClassVar[Fields]
    outputs: ClassVar[Fields] = {}
    import_id: ClassVar[tuple[str, ...]] = ()
    path: ClassVar[tuple[str, ...]] = ()
    separator: ClassVar[str] = "/"
    id_is: ClassVar[str] = ""
    one_of: ClassVar[tuple[str, ...]] = ()
    blind: ClassVar[bool] = False
    forgets: ClassVar[bool] = False
    lenient_delete: ClassVar[bool] = False

    @cached_property
    def program(self) -> Field:
        """The inputs as one property."""
        return nest(self.inputs)

    @cached_property
    def whole(self) -> Field:
        """Inputs and outputs as one property."""
        return nest({**self.inputs, **self.outputs})

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Yield what is wrong beyond the table, as (property, reason)."""
        return ()

    def replaced_by(self, at: At, state: Properties, inputs: Properties) -> set[str]:
        """Return changed properties that replace in this one case."""
        return set()

    def identity(self, state: Properties) -> str:
        """Return the id of the thing described by the state."""
        if self.id_is:
            return str(state[self.id_is])
        return self.separator.join(str(state[name]) for name in self.import_id)

    def locate(self, identity: str) -> Properties:
        """Return the beginnings of a state for an import id.

        Raises:
            ValueError: The id has not the segments that the real provider wants, or it cannot import.
        """
        if not self.import_id:
            raise ValueError("this type does not support import")
        segments = identity.split(self.separator)
        if len(segments) != len(self.import_id) or not all(segments):
            wanted = self.separator.join(f"<{name}>" for name in self.import_id)
            raise ValueError(f"invalid ID {identity!r}: expected {wanted}")
        return dict(zip(self.import_id, segments, strict=True))

    def place(self, at: At, properties: Properties) -> tuple[Any, ...]:
        """Return the path under which the model has the thing."""
        return tuple(properties[name] for name in self.path or self.import_id)

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the thing."""
        raise NotImplementedError

    def read(self, at: At, state: Properties) -> Document:
        """Look at the thing.

        Raises:
            CloudError: 404 where the thing is gone.
        """
        found: Document = self.model.get(at.tx, self.kind, *self.place(at, state))
        return found

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Bring the thing to what the inputs say; a service that has a PUT makes it anew."""
        return self.create(at, inputs)

    def delete(self, at: At, state: Properties) -> None:
        """Take the thing away."""
        self.model.delete(at.tx, self.kind, *self.place(at, state))

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return what the service answered as a state, given the inputs or the old state."""
        identity = {"id": found["id"]} if "id" in found else {}
        return {**from_api(self.whole, found), **identity}

    def body(self, inputs: Properties) -> Any:
        """Return the inputs as the service spells them."""
        return to_api(self.program, inputs)
