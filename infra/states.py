"""What the stacks' states say as their last `up` left them: a program cannot read its own, but its engine reads any."""

import time
from typing import Any

import pulumi
import pulumi.runtime


class StateError(Exception):
    """A stack's state could not be read, or there is no such stack; holds the engine's words."""


def outputs(stack: str) -> dict[str, Any]:
    """Return a stack's outputs: fewer where its last `up` failed halfway, none where it was killed.

    Raises:
        StateError: They could not be read. A secret that cannot be decrypted is no error, but `{}`.
    """
    return _read("pulumi:pulumi:readStackOutputs", "name", stack)


def own_ids() -> dict[str, str]:
    """Return the ids of this stack's resources by their logical names, without what was just being made.

    Taken from the outputs, where Pulumi's bridge of Terraform's providers has them; empty where a resource has none
    there.

    Raises:
        StateError: They could not be read.
    """
    found = _read("pulumi:pulumi:readStackResourceOutputs", "stackName", pulumi.get_stack())
    return {urn.rpartition("::")[2]: str(one["outputs"].get("id") or "") for urn, one in found.items()}


def _read(token: str, argument: str, stack: str) -> dict[str, Any]:
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    problem = ""
    for _ in range(5):
        # A local backend's file cannot be read at the moment when an engine, such as the one busy with this very `up`,
        # writes it.
        try:
            return dict(pulumi.runtime.invoke(token, {argument: name}).value["outputs"])
        except Exception as error:  # noqa: BLE001  (the engine's errors have no type of their own)
            problem = str(error)
            time.sleep(0.25)
    raise StateError(problem)
