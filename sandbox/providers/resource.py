"""What the provider face knows of one resource type: its table, and how it reaches the cloud's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.providers.schema import Field, Fields, from_api, to_api

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.providers.values import Properties
    from sandbox.world import Transaction


class Resource:
    """A resource type. Subclasses fill in the table and the five calls.

    Attributes:
        type_name: Pulumi's type token.
        label: What the call log and the fault injection name it by; None for a type that no cloud stands behind.
        inputs: What a program may set.
        outputs: What only the service sets.
        import_id: The names of the import id's segments; empty where the real type cannot be imported.
        separator: What stands between them.
        one_of: Groups of inputs of which exactly one must be set.
        autoname: The input that gets a made-up name when left out.
        blind: Reading is a no-op in the real provider.
        forgets: Deleting is a no-op in the real provider.
        lenient_delete: Deleting something already gone succeeds.
    """

    type_name: ClassVar[str]
    label: ClassVar[str | None]
    inputs: ClassVar[Fields]
    outputs: ClassVar[Fields] = {}
    import_id: ClassVar[tuple[str, ...]] = ()
    separator: ClassVar[str] = "/"
    one_of: ClassVar[tuple[str, ...]] = ()
    autoname: ClassVar[str | None] = None
    blind: ClassVar[bool] = False
    forgets: ClassVar[bool] = False
    lenient_delete: ClassVar[bool] = False

    @property
    def fields(self) -> Fields:
        """Inputs and outputs together."""
        return {**self.inputs, **self.outputs}

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Yield what is wrong beyond the table, as (property, reason)."""
        del inputs
        return ()

    def replaced_by(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> set[str]:
        """Return changed properties that replace in this one case."""
        del tx, owner, state, inputs
        return set()

    def identity(self, state: Properties) -> str:
        """Return the id of the thing described by the state, which is also its import id unless said otherwise."""
        return self.separator.join(str(state[name]) for name in self.import_id)

    def locate(self, identity: str) -> Properties:
        """Return the beginnings of a state for an import id.

        Raises:
            ValueError: The id has not the segments that the real provider wants.
        """
        segments = identity.split(self.separator)
        if len(segments) != len(self.import_id) or not all(segments):
            wanted = self.separator.join(f"<{name}>" for name in self.import_id)
            raise ValueError(f"invalid ID {identity!r}: expected {wanted}")
        return dict(zip(self.import_id, segments, strict=True))

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the thing and return its state."""
        raise NotImplementedError

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Return the state as it is now.

        Raises:
            CloudError: 404 where the thing is gone.
        """
        raise NotImplementedError

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Bring the thing to what the inputs say and return its state."""
        raise NotImplementedError

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Take the thing away."""
        raise NotImplementedError

    def body(self, inputs: Properties) -> Any:
        """Return the inputs as the service spells them."""
        return to_api(Field(kind="object", members=self.inputs), inputs)

    def state(self, document: Properties, **more: Any) -> Properties:
        """Return what the service answered as a state, with what it did not answer."""
        return {**from_api(Field(kind="object", members=self.fields), document), **more}
