"""Read and mend a stack through the Pulumi CLI, which is the same for every backend."""

from __future__ import annotations

import json
import os
import re
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from ops import stacks
from ops.access import Access
from ops.recovery.state import Lock, Operation, RecoveryError, State
from ops.redact import credentials, redact

if TYPE_CHECKING:
    import subprocess

# A URN that no stack has: asking to refresh it takes the stack's lock, and then fails without reading any cloud.
_NOBODY = "urn:pulumi:nobody::nobody::nobody:nobody:Nobody::nobody"
_LOCK = re.compile(r"^\s+(\S+): created by (.+)@(\S+) \(pid (\d+)\) at (\S+)$", re.MULTILINE)


class Stack(NamedTuple):
    """A stack, by the name that `pulumi --stack` takes."""

    name: str

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
        if done.returncode != 0:
            raise RecoveryError(f"Reading the state of stack {self.name}: {errors(done)}")
        deployment = stacks.document(done)["deployment"] or {}
        pending = [
            Operation(operation["type"], operation["resource"])
            for operation in deployment.get("pending_operations") or []
        ]
        resources = deployment.get("resources") or []
        return State(pending, {resource["urn"]: resource for resource in resources if not resource.get("delete")})

    def locks(self) -> list[Lock]:
        """Return the locks that keep an update from starting; the state stays as it is.

        Raises:
            RecoveryError: The stack cannot be updated for another reason.
        """
        done = self.pulumi("refresh", "--yes", "--skip-preview", "--target", _NOBODY)
        if "currently locked by" in done.stderr:
            found = _LOCK.findall(done.stderr)
            return [Lock(place, user, host, int(pid), since) for place, user, host, pid, since in found] or [Lock()]
        if re.search(r"another update is (currently )?in progress", done.stderr, re.IGNORECASE):
            return [Lock()]
        if done.returncode != 0 and "no resource named" not in done.stderr:
            raise RecoveryError(f"Stack {self.name} cannot be updated: {errors(done)}")
        return []

    def cancel(self) -> None:
        """Release the locks.

        Raises:
            RecoveryError: Pulumi did not release them.
        """
        done = self.pulumi("cancel", "--yes")
        if done.returncode != 0:
            raise RecoveryError(f"Releasing the lock of stack {self.name}: {errors(done)}")

    def import_(self, operation: Operation, identity: str) -> str | None:
        """Import the resource that an interrupted creation made.

        Args:
            operation: The creation.
            identity: The import id.

        Returns:
            None; or Pulumi's errors where it did not import the resource.
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
        return None if done.returncode == 0 else errors(done)

    def settle(self) -> None:
        """Forget the pending creations, and refresh the resources that an update was changing or deleting.

        Raises:
            RecoveryError: Pulumi could not read a resource.
        """
        done = self.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        if done.returncode != 0:
            raise RecoveryError(
                f"Refreshing stack {self.name}: {errors(done)}\n"
                f"The lines above are done. Once the error is mended, run:\n  pulumi refresh -s {self.name}"
            )

    @property
    def access(self) -> Access:
        """The stack's access to the clouds."""
        return Access.of(self.name)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the CLI on this stack, without questions.

        Raises:
            StackError: The CLI cannot be run.
        """
        return stacks.ask(*arguments, "--stack", self.name, "--color", "never", root=stacks.folder())


def errors(done: subprocess.CompletedProcess[str]) -> str:
    """Return the errors that Pulumi reported, once each: progress goes to the other stream."""
    text = f"{done.stderr}\n{done.stdout}"
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if "error:" in line)
    return redact("\n".join(lines), credentials(os.environ)) or stacks.said(done)
