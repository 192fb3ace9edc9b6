"""Make and destroy the stack of a pull request. Its configuration is in no file of the project."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from infra import kinds
from infra.clouds import neon
from infra.config import pull_requests
from infra.config.load import examine_files
from infra.config.stack_files import TEMPLATE, load
from ops import inventory, stacks
from ops.access import Access
from ops.pull_request import leftovers
from ops.stacks import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.config.settings import Settings
    from infra.config.stack_files import StackFiles

LIFETIME = timedelta(days=7)
"""How long an environment stays after the last push."""


@dataclass(frozen=True)
class Environment:
    """The environment of a pull request.

    Attributes:
        number: The pull request's number.
        files: The stack files.
    """

    number: int
    files: StackFiles

    @property
    def stack(self) -> str:
        """The name of the environment's stack."""
        return pull_requests.stack_of(self.number)

    def settings(self, branch: str) -> Settings:
        """Return the environment's settings, with a stand-in for each encrypted secret.

        Raises:
            StackError: The settings break a rule. The message lists every problem.
            StackFileError: The template cannot be used.
        """
        values, _ = pull_requests.values(self.number, branch, self.files)
        files = self.files._replace(stacks={**self.files.stacks, self.stack: values})
        settings, problems = examine_files(self.stack, files)
        if problems:
            raise StackError("\n  - ".join([f"Stack {self.stack} cannot be made, and nothing was changed:", *problems]))
        return settings

    def up(self, branch: str, *, nothing_runs: bool) -> int:
        """Bring the environment up, renew its expiry, and return Pulumi's exit code.

        Args:
            branch: The pull request's branch.
            nothing_runs: The caller vouches that no update of this stack is running, so that a lock is stale.

        Raises:
            StackError: The settings break a rule, too many environments exist, or Pulumi cannot be run.
            StackFileError: The template cannot be used.
            CloudError, FlyError: A cloud did not answer.
        """
        settings = self.settings(branch)
        there = stacks.pull_requests()
        new = self.number not in there
        if new and len(there) >= settings.preview_limit:
            raise StackError(
                f"previewLimit is {settings.preview_limit}, and these pull requests have an environment: "
                f"{', '.join(map(str, there))}. Take one away:\n  bin/pull-request down {next(iter(there))}"
            )
        values, secrets = pull_requests.values(self.number, branch, self.files)
        with self._configured(values, secrets, new=new) as options:
            if not new and (code := self._settled(options, nothing_runs=nothing_runs)):
                return code
            if leftovers.remove(self.number, self.files) and (code := self._settled(options, nothing_runs=False)):
                return code
            try:
                code = stacks.stream("up", *options)
            finally:
                made = self._renew()
            # An empty stack would count toward the limit.
            if code and new and not made:
                print(f"The update made nothing. Removing stack {self.stack}:")
                stacks.stream("destroy", *options, "--remove")
            return code

    def down(self, *, nothing_runs: bool) -> int:
        """Destroy the environment and its stack, then leftovers of interrupted updates. Return Pulumi's exit code.

        Raises:
            StackError: Pulumi cannot be run.
            StackFileError: The template cannot be used.
            CloudError, FlyError: A cloud did not answer.
        """
        if self.number in stacks.pull_requests():
            with self._configured({}, frozenset(), new=False) as options:
                code = self._settled(options, nothing_runs=nothing_runs)
                code = code or stacks.stream("destroy", *options, "--remove")
            if code:
                return code
        leftovers.remove(self.number, self.files)
        return 0

    @contextmanager
    def _configured(self, values: dict[str, Any], secrets: frozenset[str], *, new: bool) -> Iterator[tuple[str, ...]]:
        """Yield the CLI's options for this stack, with its configuration in a temporary folder.

        Raises:
            StackError: Pulumi failed.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copy(stacks.folder() / "Pulumi.yaml", folder)
            file = folder / f"Pulumi.{self.stack}.yaml"
            template = load(stacks.folder() / f"Pulumi.{TEMPLATE}.yaml")
            if new:
                provider = ("--secrets-provider", template["secretsprovider"]) if "secretsprovider" in template else ()
                self._ask(folder, "stack", "init", self.stack, "--no-select", *provider)
            # Keep the new stack's salt, unless the template has a salt for its own secrets.
            document = {**load(file), **template}
            plain = {f"{self.files.name}:{key}": value for key, value in values.items() if key not in secrets}
            file.write_text(yaml.safe_dump({**document, "config": plain}), encoding="utf-8")
            for key, text in self._copied(secrets).items():
                where = ("config", "set", "--secret", f"{self.files.name}:{key}", "--stack", self.stack)
                self._ask(folder, *where, text=text)
            yield ("--stack", self.stack, "--config-file", str(file))

    def _copied(self, secrets: frozenset[str]) -> dict[str, str]:
        """Return the values of the copied stack's secrets.

        Raises:
            StackError: Pulumi did not decrypt them.
        """
        if not secrets:
            return {}
        parent = pull_requests.parent_of(self.files)
        done = stacks.ask("config", "--json", "--show-secrets", "--stack", parent, root=stacks.folder())
        if done.returncode != 0:
            raise StackError(f"Reading the secrets of stack {parent}: {stacks.said(done)}")
        found: dict[str, dict[str, Any]] = stacks.document(done)
        shown = {key: found[f"{self.files.name}:{key}"] for key in secrets}
        return {
            key: json.dumps(entry["objectValue"]) if "objectValue" in entry else str(entry["value"])
            for key, entry in shown.items()
        }

    def _ask(self, folder: Path, *arguments: str, text: str = "") -> None:
        """Run the CLI in a folder.

        Raises:
            StackError: The CLI failed.
        """
        done = stacks.ask("-C", str(folder), *arguments, text=text)
        if done.returncode != 0:
            raise StackError(f"Preparing stack {self.stack}: {stacks.said(done)}")

    def _settled(self, options: tuple[str, ...], *, nothing_runs: bool) -> int:
        """Release a stale lock if `nothing_runs`, refresh, forget interrupted creations. Return the exit code."""
        if nothing_runs:
            stacks.ask("cancel", "--yes", "--stack", self.stack, root=stacks.folder())
        return stacks.stream("refresh", *options, "--clear-pending-creates")

    def _renew(self) -> bool:
        """Tell Neon to delete the branch a week from now, and return whether the stack has any resource.

        Raises:
            CloudError: Neon refused.
        """
        states = inventory.read_these([self.stack])
        project = leftovers.project_of(self.files)
        for branch in states.keys(kinds.NEON_BRANCH, self.stack) if project else ():
            neon.expire_branch(Access({}).client("Neon"), project, branch, datetime.now(UTC) + LIFETIME)
        return any(states)
