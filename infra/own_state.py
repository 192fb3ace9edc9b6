"""This stack's own state as its last `up` left it: a program cannot read it, but its engine reads any stack's."""

import contextlib
import time
from typing import Any

import pulumi
import pulumi.runtime


def outputs() -> dict[str, Any]:
    """Return the stack's outputs: fewer where its last `up` failed halfway, none where it was killed.

    Raises:
        Exception: See `_read`.
    """
    return dict(_read("pulumi:pulumi:readStackOutputs", "name").get("outputs") or {})


def managed() -> frozenset[str]:
    """Return the logical names of the resources in the state; what was just being made is not among them.

    Raises:
        Exception: See `_read`.
    """
    found = _read("pulumi:pulumi:readStackResourceOutputs", "stackName")["outputs"]
    return frozenset(urn.rpartition("::")[2] for urn in found)


def _read(token: str, argument: str) -> dict[str, Any]:
    """Call the engine.

    Raises:
        Exception: The engine could not read the state; its errors have no type of their own.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for _ in range(4):
        # A local backend's file cannot be read at the moment when the engine, busy with this very `up`, writes it.
        with contextlib.suppress(Exception):
            return dict(pulumi.runtime.invoke(token, {argument: name}).value)
        time.sleep(0.25)
    return dict(pulumi.runtime.invoke(token, {argument: name}).value)
