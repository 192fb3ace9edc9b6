"""The sandbox's Fly.io as the provider's flyctl: its state in memory, its commands within this process."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from infra.providers.fly.process import Completed
from sandbox.credentials import FLY_TOKEN
from sandbox.flyctl import arguments
from sandbox.flyctl.run import Run
from sandbox.world import fly
from sandbox.world.store import Document, World
from tests.unit.sandbox.flyctl_world import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ENVIRONMENT = {"PATH": "/usr/bin", "HOME": "/home/jane", "FLY_API_TOKEN": FLY_TOKEN}
READS = {"version", "status", "secrets list", "tokens list", "orgs list", "machine list", "volumes list"}


class MemoryWorld(World):
    """A world without a file, for tests that run thousands of commands."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        super().__init__(Path(":memory:"))

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with self._connection:
            self._connection.execute("BEGIN")
            yield self._connection


@dataclass
class Call:
    """One run of flyctl."""

    command: str
    argv: tuple[str, ...]
    stdin: bytes
    env: dict[str, str]


class StoppedError(Exception):
    """Stands for the end of flyctl's process: the injected fault "kill" or "timeout"."""


class StandIn:
    """Our organization `acme`, and a flyctl that refuses every command the sandbox does not know.

    Attributes:
        calls: The runs of flyctl so far.
        replies: Results to give instead of running a command.
    """

    def __init__(self) -> None:
        self.world: World = MemoryWorld()
        self.calls: list[Call] = []
        self.replies: dict[str, Completed] = {}
        self._faults: dict[int, str] = {}
        self._broken: tuple[str, str] = ("", "")
        self.join("acme")

    def __call__(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run flyctl, as `process.Run` describes it."""
        command = arguments.command(list(argv[1:]))
        if fault := self._faults.pop(len(self.calls), None):
            self._broken = (command, fault)
        self.calls.append(Call(command, tuple(argv), stdin, dict(env)))
        if command in self.replies:
            return self.replies[command]
        if self._broken[0] == command:
            self.world.inject("fly", command, self._broken[1])
        try:
            with patch.object(Run, "_stop", _stop), patch.object(time, "time", NOW.timestamp):
                done = in_process(self.world, argv[1:], stdin=stdin, environment=env, cwd=cwd)
        except StoppedError as stopped:
            if str(stopped).startswith("timeout"):
                raise TimeoutError from None
            return Completed(-9)
        assert b"not implemented" not in done.stderr, done.stderr
        return Completed(done.returncode, done.stdout.decode(), done.stderr.decode())

    def break_at(self, index: int, fault: str) -> None:
        """Let the call of that index, counted from 0, and every repeat of it, suffer a fault of the stand-in's."""
        self._faults[index] = fault

    def heal(self) -> None:
        """Let everything go right again."""
        self._broken = ("", "")

    @property
    def broken(self) -> str:
        """The command that suffers a fault."""
        return self._broken[0]

    def commands(self, since: int = 0) -> list[str]:
        """Return the commands run, from the call of that index on."""
        return [call.command for call in self.calls[since:]]

    def writes(self) -> Counter[str]:
        """Return how often each command that writes was run."""
        return Counter(command for command in self.commands() if command not in READS)

    def join(self, organization: str) -> None:
        """Let the login belong to an organization."""
        with self.world.transaction() as tx:
            fly.put_organization(tx, organization, organization.title())

    def leave(self, organization: str) -> None:
        """Let the login see an organization and its apps no more."""
        with self.world.transaction() as tx:
            tx.delete("fly", "organization", organization)

    def add_app(self, name: str, organization: str = "acme", *, machines: int = 0, **secrets: str) -> None:
        """Make an app by hand; with machines, it was deployed."""
        with self.world.transaction() as tx:
            fly.put_app(tx, name, organization, secrets, machines=machines)

    def app(self, name: str) -> Document:
        """Return an app's document."""
        return self._list("app")[name]

    def change_app(self, name: str, **changes: object) -> None:
        """Change an app's document."""
        with self.world.transaction() as tx:
            tx.put("fly", "app", name, {**tx.list("fly", "app")[name], **changes})

    def drop_apps(self) -> None:
        """Destroy every app by hand."""
        with self.world.transaction() as tx:
            for name in tx.list("fly", "app"):
                fly.Fly(tx, FLY_TOKEN, 0).destroy_app(name)

    def apps(self) -> dict[str, str]:
        """Return each app's organization."""
        return {name: app["organization"] for name, app in self._list("app").items()}

    def set_secrets(self, app: str, **values: str | None) -> None:
        """Set secrets by hand, or unset them (None)."""
        with self.world.transaction() as tx:
            fly.put_secrets(tx, tx.list("fly", "app")[app], values)

    def deploy(self, app: str) -> None:
        """Bring an app's secrets to a machine, as a deployment does."""
        with self.world.transaction() as tx:
            document = tx.list("fly", "app")[app]
            machine = {"id": f"{app}-1", "name": "machine-1", "state": "started", "region": "iad", "release": "1"}
            tx.put("fly", "app", app, {**document, "deployed": True, "machines": document["machines"] or [machine]})
            fly.Fly(tx, FLY_TOKEN, 0).release(app)

    def secrets(self, app: str) -> dict[str, Document]:
        """Return the documents of an app's secrets, by name."""
        return {s["name"]: s for key, s in self._list("secret").items() if key.startswith(f"{app}/")}

    def values(self, app: str) -> dict[str, str]:
        """Return the values of an app's secrets."""
        return {name: secret["value"] for name, secret in self.secrets(app).items()}

    def add_token(self, name: str, app: str, *, hours: float = 1) -> str:
        """Mint a deploy token by hand; return its id."""
        with self.world.transaction() as tx:
            fly.Fly(tx, FLY_TOKEN, 0).mint(app, name, NOW.timestamp() + hours * 3600)
        return max(self._list("token"))

    def change_token(self, identity: str, **changes: object) -> None:
        """Change a token's document."""
        with self.world.transaction() as tx:
            tx.put("fly", "token", identity, {**tx.list("fly", "token")[identity], **changes})

    def revoke(self, identity: str) -> None:
        """Revoke a token by hand."""
        self.change_token(identity, revoked=NOW.timestamp())

    def forget_token(self, identity: str) -> None:
        """Let Fly.io list a token no more."""
        with self.world.transaction() as tx:
            tx.delete("fly", "token", identity)

    def working_tokens(self) -> list[str]:
        """Return the ids of the tokens that were not revoked."""
        return [identity for identity, token in self._list("token").items() if not token["revoked"]]

    def _list(self, kind: str) -> dict[str, Document]:
        with self.world.transaction() as tx:
            return tx.list("fly", kind)


def _stop(run: Run, hang: str, kill: str) -> None:
    if run.fault in {hang, kill}:
        raise StoppedError(run.fault)
