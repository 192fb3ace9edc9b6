"""Describe one resource type: its table of properties, and its calls to the cloud's model."""

# ruff: noqa: ARG002 -- defaults for most types

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from sandbox.providers.schema import Field, Fields, from_api, nest, to_api
from sandbox.providers.values import Properties
from sandbox.world.store import Document, Transaction


class At(NamedTuple):
    """The target of a call: the world, and the owner in the configuration of GitHub's provider."""

    tx: Transaction
    owner: str


class Resource:
    """A resource type. Subclasses fill in the table and the calls, which return the service's answer.

    Attributes:
        type_name: Pulumi's type token.
        label: The name in the call log and for faults.
        model: The module of `sandbox.world` that reads and deletes by kind and path.
        kind: The document's kind in that module.
        inputs: Properties that a program may set.
        outputs: Properties that only the service sets.
        import_id: The names of the import id's segments; empty where the real type cannot be imported.
        path: The names of the path's parts; by default those of the import id.
        separator: The text between the import id's segments.
        id_is: The property that is the id; by default the import id.
        one_of: Inputs of which the program must set exactly one.
        blind: Reading is a no-op in the real provider.
        forgets: Deleting is a no-op in the real provider.
        unnamed: A pattern of properties whose change or removal the real provider's difference does not name.
        lenient_delete: Deleting a resource that is already gone succeeds.
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
    unnamed: ClassVar[str] = "(?!)"
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
        """Yield problems that the table does not show, as (property, reason)."""
        return ()

    def replaced_by(self, state: Properties, inputs: Properties) -> set[str]:
        """Return changed properties that replace the resource in this case only."""
        return set()

    def identity(self, state: Properties) -> str:
        """Return the resource's id, from its state."""
        if self.id_is:
            return str(state[self.id_is])
        return self.separator.join(str(state[name]) for name in self.import_id)

    def locate(self, identity: str) -> Properties:
        """Return the first properties of a state, from an import id.

        Raises:
            ValueError: The id lacks the segments that the real provider wants, or the type has no import.
        """
        if not self.import_id:
            raise ValueError("this type does not support import")
        segments = identity.split(self.separator)
        if len(segments) != len(self.import_id) or not all(segments):
            wanted = self.separator.join(f"<{name}>" for name in self.import_id)
            raise ValueError(f"invalid ID {identity!r}: expected {wanted}")
        return dict(zip(self.import_id, segments, strict=True))

    def place(self, at: At, properties: Properties) -> tuple[Any, ...]:
        """Return the resource's path in the model."""
        return tuple(properties[name] for name in self.path or self.import_id)

    def create(self, at: At, inputs: Properties) -> Document:
        """Create the resource."""
        raise NotImplementedError

    def read(self, at: At, state: Properties) -> Document:
        """Read the resource.

        Raises:
            CloudError: 404 where it is gone.
        """
        found: Document = self.model.get(at.tx, self.kind, *self.place(at, state))
        return found

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the resource to the inputs; by default like its creation, for a service with one PUT."""
        return self.create(at, inputs)

    def delete(self, at: At, state: Properties) -> None:
        """Delete the resource."""
        self.model.delete(at.tx, self.kind, *self.place(at, state))

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the service's answer as a state, given the inputs or the old state."""
        identity = {"id": found["id"]} if "id" in found else {}
        return {**from_api(self.whole, found), **identity}

    def body(self, inputs: Properties) -> Any:
        """Return the inputs in the service's spelling."""
        return to_api(self.program, inputs)
