"""Read and repair a stack with the Pulumi CLI, which works alike on every backend."""

from __future__ import annotations

import json
import os
import re
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.errors import UserError
from ops import stacks
from ops.access import Access
from ops.redact import credentials, redact

if TYPE_CHECKING:
    import subprocess

# A URN that no stack has. A refresh of it takes the stack's lock, then fails before it reads a cloud.
_NOBODY = "urn:pulumi:nobody::nobody::nobody:nobody:Nobody::nobody"
_LOCK = re.compile(r"^\s+(\S+): created by (.+)@(\S+) \(pid (\d+)\) at (\S+)$", re.MULTILINE)


class RecoveryError(UserError):
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
        place: The URL of its file; empty if the backend keeps no file.
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


class Stack(NamedTuple):
    """A stack, by the name that `pulumi --stack` takes."""

    name: str

    @property
    def access(self) -> Access:
        """The stack's access to the clouds."""
        return Access.of(self.name)

    def state(self) -> State:
        """Read the state.

        Raises:
            RecoveryError: There is no such stack, or Pulumi cannot read its state.
        """
        done = self.pulumi("stack", "export")
        if "no stack named" in done.stderr:
            files = ", ".join(stacks.names())
            raise RecoveryError(
                f"There is no stack {self.name} here. Stack files: {files}; `pulumi stack ls` lists stacks."
            )
        _require(done, f"Reading the state of stack {self.name}")
        deployment = stacks.document(done)["deployment"] or {}
        pending = [
            Operation(operation["type"], operation["resource"])
            for operation in deployment.get("pending_operations") or []
        ]
        resources = deployment.get("resources") or []
        return State(pending, {resource["urn"]: resource for resource in resources if not resource.get("delete")})

    def locks(self) -> list[Lock]:
        """Return the locks that keep an update from starting. This does not change the state.

        Raises:
            RecoveryError: The stack cannot be updated for another reason.
        """
        done = self.pulumi("refresh", "--yes", "--skip-preview", "--target", _NOBODY)
        if "currently locked by" in done.stderr:
            found = _LOCK.findall(done.stderr)
            return [Lock(place, user, host, int(pid), since) for place, user, host, pid, since in found] or [Lock()]
        if re.search(r"another update is (currently )?in progress", done.stderr, re.IGNORECASE):
            return [Lock()]
        if "no resource named" not in done.stderr:
            _require(done, f"Asking stack {self.name} for its lock")
        return []

    def cancel(self) -> None:
        """Release the locks.

        Raises:
            RecoveryError: Pulumi did not release them.
        """
        _require(self.pulumi("cancel", "--yes"), f"Releasing the lock of stack {self.name}")

    def import_(self, operation: Operation, identity: str) -> str | None:
        """Import the resource that an interrupted creation made.

        Args:
            operation: The creation.
            identity: The import id.

        Returns:
            None; or Pulumi's errors if the import failed.
        """
        resource = operation.resource
        table = {"parent": resource.get("parent"), "provider": resource.get("provider", "").rpartition("::")[0]}
        names = {name: urn for name, urn in table.items() if urn}
        wanted = {"type": operation.type, "name": operation.name, "id": identity, **{name: name for name in names}}
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump({"nameTable": names, "resources": [wanted]}, file)
            file.flush()
            flags = ["--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
            done = self.pulumi("import", "--file", file.name, *flags)
        return None if done.returncode == 0 else _errors(done)

    def settle(self) -> None:
        """Forget the pending creations, and refresh the resources that an update was changing or deleting.

        Raises:
            RecoveryError: Pulumi could not read a resource.
        """
        done = self.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        then = f"\nThe lines above are done. Correct this error, then run:\n  pulumi refresh -s {self.name}"
        _require(done, f"Refreshing stack {self.name}", then)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the CLI on this stack, without questions.

        Raises:
            StackError: The CLI cannot be run.
        """
        return stacks.ask(*arguments, "--stack", self.name, "--color", "never", root=stacks.folder())


def _require(done: subprocess.CompletedProcess[str], action: str, then: str = "") -> None:
    """Check that the CLI succeeded.

    Raises:
        RecoveryError: The CLI failed.
    """
    if done.returncode != 0:
        raise RecoveryError(f"{action}: {_errors(done)}{then}")


def _errors(done: subprocess.CompletedProcess[str]) -> str:
    """Return Pulumi's errors without repetition. Both streams may have some."""
    text = f"{done.stderr}\n{done.stdout}"
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if "error:" in line)
    return redact("\n".join(lines), credentials(os.environ)) or stacks.said(done)
