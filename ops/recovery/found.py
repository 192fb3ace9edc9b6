"""What `bin/recover` finds: what an update was doing, who holds a lock, when updates ran. Its errors, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple


class RecoveryError(Exception):
    """Recovery cannot go on. The message says why and what to do, and holds no secret."""


class StateError(RecoveryError):
    """The state is there, and cannot be read."""


class Operation(NamedTuple):
    """Something that was under way when the stack's last update ended.

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
        """Its type token."""
        return str(self.resource["type"])

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def inputs(self) -> dict[str, Any]:
        """What it was to be made with; a secret is an object that holds ciphertext."""
        return dict(self.resource.get("inputs") or {})


class State(NamedTuple):
    """A stack's state.

    Attributes:
        pending: What was under way when it was written.
        resources: Its resources, by URN; one that waits for its deletion is left out.
        written: When it was written, in ISO 8601; empty where nothing was ever made.
    """

    pending: list[Operation]
    resources: dict[str, dict[str, Any]]
    written: str = ""


class Lock(NamedTuple):
    """A lock that an update of the stack took.

    Attributes:
        place: Its file's URL; empty where the backend keeps none.
        user: Who ran the update.
        host: On which machine.
        pid: As which process.
        since: When it began, in ISO 8601.
    """

    place: str = ""
    user: str = ""
    host: str = ""
    pid: int = 0
    since: str = ""


class Window(NamedTuple):
    """The time in which an update ran."""

    start: datetime
    end: datetime


def moment(text: str) -> datetime:
    """Return a time that was written in ISO 8601, in UTC where it names no zone.

    Raises:
        ValueError: It is none.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
