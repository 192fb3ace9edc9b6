"""Tell which stack's state has a resource."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.kinds import KINDS
from ops import stacks
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.kinds import Kind


class Inventory(NamedTuple):
    """The resources in the states of a project's stacks.

    Attributes:
        owners: Stacks by type token and key: the import id where it follows from the inputs, else the resource's id.
        pending: Stacks whose last update was interrupted.
        unread: The problem of each stack whose state could not be read.
    """

    owners: dict[tuple[str, str], str]
    pending: frozenset[str]
    unread: dict[str, str]

    def owner(self, kind: Kind, key: str) -> str:
        """Return the stack whose state has a resource; empty where none has it."""
        return self.owners.get((kind.type, key), "")

    def keys(self, kind: Kind, stack: str) -> list[str]:
        """Return the keys of the resources of a kind in one stack's state."""
        return [key for (type_, key), owner in self.owners.items() if type_ == kind.type and owner == stack]


def read(names: Iterable[str]) -> Inventory:
    """Read the states of stacks; one that was never made has none."""
    owners: dict[tuple[str, str], str] = {}
    pending, unread = set(), {}
    names = list(names)
    with ThreadPoolExecutor() as pool:
        for name, found in zip(names, pool.map(_export, names), strict=True):
            if isinstance(found, str):
                unread[name] = found
                continue
            if found.get("pending_operations"):
                pending.add(name)
            for resource in found.get("resources") or []:
                if kind := KINDS.get(resource["type"]):
                    owners[kind.type, _key(kind, resource)] = name
    return Inventory(owners, frozenset(pending), unread)


def _export(stack: str) -> dict[str, Any] | str:
    """Return a stack's deployment, or the problem with it."""
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
