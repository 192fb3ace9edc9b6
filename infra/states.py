"""Read from the engine what the last `up` of a stack left in its state."""

import time
from typing import Any, NamedTuple

import pulumi
import pulumi.runtime


class StateError(pulumi.RunError):
    """Report that the engine cannot read a state, or that there is no such stack. The message ends with its words."""


class Recorded(NamedTuple):
    """A resource as a state records it.

    Attributes:
        type: Its type token.
        outputs: Its outputs, secrets in clear.
    """

    type: str
    outputs: dict[str, Any]

    @property
    def id(self) -> str:
        """Return the `id` among its outputs; empty where its provider puts none there."""
        return str(self.outputs.get("id") or "")


State = dict[str, Recorded]
"""A stack's resources by logical name, without those that the last `up` was still creating; its outputs are under
`PROJECT-STACK`."""


def outputs(stack: str) -> dict[str, Any]:
    """Return the outputs of a stack: fewer if its last `up` failed halfway, none if it was killed.

    Raises:
        StateError: The engine cannot read them. A secret that it cannot decrypt is no error, but `{}`.
    """
    return _read("pulumi:pulumi:readStackOutputs", "name", stack)


def own() -> State:
    """Return this stack's resources, without providers.

    Raises:
        StateError: The engine cannot read them.
    """
    found = _read("pulumi:pulumi:readStackResourceOutputs", "stackName", pulumi.get_stack())
    recorded = {}
    for urn, resource in found.items():
        *_, types, name = urn.split("::")
        type_ = types.rpartition("$")[2]  # the parents' types come first
        if not type_.startswith("pulumi:providers:"):
            recorded[name] = Recorded(type_, resource["outputs"])
    return recorded


def _read(token: str, argument: str, stack: str) -> dict[str, Any]:
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    problem = ""
    for _ in range(5):
        # A local backend's file is unreadable while an engine, perhaps this very run's, writes it.
        try:
            return dict(pulumi.runtime.invoke(token, {argument: name}).value["outputs"])
        except Exception as error:  # noqa: BLE001  (the engine's errors have no type of their own)
            problem = str(error)
            time.sleep(0.25)
    raise StateError(f"The state of stack {stack} cannot be read: {problem}")
