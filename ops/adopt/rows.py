"""Hold the findings of one resource, and compare real values with the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.settings import Settings
    from infra.kinds import Kind
    from ops.access import Access
    from ops.inventory import Inventory


class Row(NamedTuple):
    """The findings of one resource.

    Attributes:
        resource: The resource that the stack would make: its kind and name.
        there: A line for each existing resource: its id, its date, and the stack that has it.
        adopt: Proposed values by key under `adopt`. A list or a mapping extends the present value.
        settings: Real values by configuration path, where they differ; None removes the key.
        notes: Differences that no setting keeps, and advice.
        command: A command that revokes useless resources, printed last.
    """

    resource: str
    there: tuple[str, ...] = ()
    adopt: Mapping[str, Any] = {}
    settings: Mapping[str, Any] = {}
    notes: tuple[str, ...] = ()
    command: str = ""


def absent(resource: str, *, adopted: bool) -> Row:
    """Return the findings of a missing resource, with a note if the settings adopt it."""
    note = "adopt names it, but this credential does not see it: remove it from `adopt`, or correct the credential"
    return Row(resource, notes=(note,) if adopted else ())


class Look(NamedTuple):
    """The stack whose resources a part looks for, with access to the clouds and the states.

    Attributes:
        settings: The stack's settings.
        access: The stack's access to the clouds.
        inventory: The resources in the states of all stacks.
    """

    settings: Settings
    access: Access
    inventory: Inventory

    def line(self, kind: Kind, key: str, made: object = None, name: str = "") -> str:
        """Describe an existing resource: its id, its date, and the stack that has it."""
        date = f", made {str(made)[:16].replace('T', ' ')}" if made else ""
        owner = self.inventory.owner(kind, key)
        whose = f"; stack {owner} has it" if owner else ""
        return f"{name or key}{date}{whose}"


def differing(settings: Settings, real: Mapping[str, Any]) -> dict[str, Any]:
    """Return the real values that differ from the settings, by configuration path."""
    configured = settings.model_dump(by_alias=True)
    return {path: value for path, value in real.items() if at(configured, path) != value}


def at(values: Any, path: str) -> Any:
    """Return the value at a configuration path, a set as a sorted list; None if there is no value."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return sorted(values) if isinstance(values, set | frozenset) else values
