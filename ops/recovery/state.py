"""Hold the parts of a stack's state that recovery reads: pending operations, resources, locks."""

from __future__ import annotations

from typing import Any, NamedTuple


class RecoveryError(Exception):
    """Report that recovery cannot go on. The message says why and what to do, and holds no secret."""


class Operation(NamedTuple):
    """An operation that was under way when the stack's last update ended.

    Attributes:
        kind: `creating`, `updating`, `deleting`, `importing` or `reading`.
        resource: The resource as the state has it.
    """

    kind: str
    resource: dict[str, Any]

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return str(self.resource["urn"])

    @property
    def type(self) -> str:
        """The resource's type token."""
        return str(self.resource["type"])

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def inputs(self) -> dict[str, Any]:
        """The resource's inputs; a secret is an object that holds ciphertext."""
        return dict(self.resource.get("inputs") or {})


class State(NamedTuple):
    """A stack's state.

    Attributes:
        pending: The operations that were under way when the engine wrote it.
        resources: The resources by URN, without those that wait for their deletion.
    """

    pending: list[Operation]
    resources: dict[str, dict[str, Any]]

    def owner(self, resource: dict[str, Any]) -> str:
        """Return the owner of the repository that a GitHub resource belongs to.

        Raises:
            KeyError: The state has no provider that names the owner.
        """
        provider = self.resources.get(resource["provider"].rpartition("::")[0], {})
        return str(provider.get("inputs", {})["owner"])


class Lock(NamedTuple):
    """A lock that an update of the stack took.

    Attributes:
        place: Its file's URL; empty where the backend keeps no file.
        user: The user who ran the update.
        host: The machine that ran it.
        pid: Its process id there.
        since: When it began, in ISO 8601.
    """

    place: str = ""
    user: str = ""
    host: str = ""
    pid: int = 0
    since: str = ""

    def __str__(self) -> str:
        """Describe the update that took the lock."""
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since}" if self.pid else "another update"
