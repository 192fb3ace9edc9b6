"""A stack as `bin/recover` reads and mends it.

Everything goes through the Pulumi CLI, so it is the same for every backend.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from ops import stacks
from ops.recovery.found import Lock, Operation, RecoveryError, State, StateError
from ops.redact import credentials, redact

if TYPE_CHECKING:
    import subprocess

# What no stack has: asking to refresh it takes the stack's lock, and then fails without looking at anything.
_NOBODY = "urn:pulumi:nobody::nobody::nobody:nobody:Nobody::nobody"
_LOCK = re.compile(r"^\s+(\S+): created by (.+)@(\S+) \(pid (\d+)\) at (\S+)$", re.MULTILINE)


class Stack(NamedTuple):
    """A stack, by the name that `pulumi --stack` takes."""

    name: str

    def state(self) -> State:
        """Read the state.

        Raises:
            RecoveryError: There is no such stack.
            StateError: It cannot be read.
        """
        done = self.pulumi("stack", "export")
        if "no stack named" in done.stderr:
            known = ", ".join(stacks.names())
            raise RecoveryError(
                f"There is no stack {self.name} here. Stack files: {known}; `pulumi stack ls` lists stacks."
            )
        if done.returncode != 0:
            raise StateError(f"Reading the state of stack {self.name}: {said(done)}")
        deployment = stacks.document(done)["deployment"] or {}
        pending = [Operation(one["type"], one["resource"]) for one in deployment.get("pending_operations") or []]
        resources = {one["urn"]: one for one in deployment.get("resources") or [] if not one.get("delete")}
        return State(pending, resources, str((deployment.get("manifest") or {}).get("time", "")))

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
            raise RecoveryError(f"Stack {self.name} cannot be updated: {said(done)}")
        return []

    def cancel(self) -> None:
        """Release the locks.

        Raises:
            RecoveryError: That failed.
        """
        done = self.pulumi("cancel", "--yes")
        if done.returncode != 0:
            raise RecoveryError(f"Releasing the lock of stack {self.name}: {said(done)}")

    def take_in(self, operation: Operation, identity: str) -> str | None:
        """Import what an interrupted creation made.

        Args:
            operation: The creation.
            identity: The import id.

        Returns:
            None; or what Pulumi said, where it was not imported.
        """
        resource = operation.resource
        table = {"parent": resource.get("parent"), "provider": resource.get("provider", "").rpartition("::")[0]}
        names = {name: urn for name, urn in table.items() if urn}
        one = {"type": operation.type, "name": operation.name, "id": identity, **{name: name for name in names}}
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump({"nameTable": names, "resources": [one]}, file)
            file.flush()
            flags = ["--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
            done = self.pulumi("import", "--file", file.name, *flags)
        return None if done.returncode == 0 else said(done)

    def settle(self) -> None:
        """Forget the pending creations, and read from the clouds what else was under way.

        Raises:
            RecoveryError: Something could not be read.
        """
        done = self.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        if done.returncode != 0:
            raise RecoveryError(
                f"Refreshing stack {self.name}: {said(done)}\n"
                f"What is listed above is done. Once that is mended: `pulumi refresh -s {self.name}`."
            )

    def setting(self, key: str) -> str | None:
        """Return a setting of the stack's configuration, decrypted, or None."""
        done = self.pulumi("config", "get", key)
        return done.stdout.rstrip("\n") if done.returncode == 0 else None

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the CLI on this stack, without questions.

        Raises:
            StackError: It cannot be run.
        """
        return stacks.ask(*arguments, "--stack", self.name, "--color", "never", root=stacks.folder())


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the errors Pulumi reported; it repeats some of them, and progress goes to the other stream."""
    text = f"{done.stderr}\n{done.stdout}"
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if "error:" in line)
    return redact("\n".join(lines), credentials(os.environ)) or stacks.said(done)
