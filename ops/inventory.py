"""Tell which stack's state has a resource."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.kinds import KINDS
from ops import stacks
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.kinds import Kind


class Inventory(NamedTuple):
    """The resources in the states of a project's stacks.

    Attributes:
        owners: The stack by type token and key. The key is the import id, if it follows from the inputs, or the id.
        pending: Stacks whose last update was interrupted.
        unread: The error of each stack whose state could not be read.
    """

    owners: dict[tuple[str, str], str]
    pending: frozenset[str]
    unread: dict[str, str]

    def owner(self, kind: Kind, key: str) -> str:
        """Return the stack whose state has a resource; empty if no state has it."""
        return self.owners.get((kind.type, key), "")

    def keys(self, kind: Kind, stack: str) -> list[str]:
        """Return the keys of the resources of a kind in one stack's state."""
        return [key for (type_, key), owner in self.owners.items() if type_ == kind.type and owner == stack]


def read(names: Iterable[str]) -> Inventory:
    """Read the states of stacks and of every other stack in the backend. A stack may not exist yet."""
    return read_these({*names, *_listed()})


def read_these(names: Iterable[str]) -> Inventory:
    """Read the states of these stacks alone. A stack may not exist yet."""
    names = sorted(names)
    with ThreadPoolExecutor() as pool:
        found = dict(zip(names, pool.map(_export, names), strict=True))
    unread = {name: state for name, state in found.items() if isinstance(state, str)}
    return of({name: state for name, state in found.items() if not isinstance(state, str)})._replace(unread=unread)


def of(states: Mapping[str, dict[str, Any]]) -> Inventory:
    """Return the inventory of deployments, which are given by stack."""
    owners = {
        (kind.type, _key(kind, resource)): stack
        for stack, state in states.items()
        for resource in state.get("resources") or []
        if (kind := KINDS.get(resource["type"]))
    }
    return Inventory(owners, frozenset(name for name, state in states.items() if state.get("pending_operations")), {})


def _listed() -> list[str]:
    """Return the project's stacks in the backend. If the CLI fails, return none: reading a state reports the error."""
    done = stacks.ask("stack", "ls", "--json", root=stacks.folder())
    listed = stacks.document(done) if done.returncode == 0 else []
    return [stack["name"].rpartition("/")[2] for stack in listed]


def _export(stack: str) -> dict[str, Any] | str:
    """Return a stack's deployment, or the error as text."""
    try:
        done = stacks.ask("stack", "export", "--stack", stack, root=stacks.folder())
        if "no stack named" in done.stderr:
            return {}
        if done.returncode != 0:
            return stacks.said(done)
        deployment: dict[str, Any] = stacks.document(done)["deployment"] or {}
    except StackError as error:
        return str(error)
    return deployment


def _key(kind: Kind, resource: dict[str, Any]) -> str:
    inputs = resource.get("inputs") or {}
    return kind.import_id(inputs) if kind.named else str(resource.get("id", ""))
