"""A small Fly.io and its flyctl, for the tests of the stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.clouds import fly
from sandbox.credentials import FLY_TOKEN
from sandbox.flyctl.install import install
from sandbox.world import World

Completed = subprocess.CompletedProcess[bytes]


class FlyctlWorld:
    """Our organization `acme` with a deployed app `relay-api`, and a stranger's app `taken`."""

    def __init__(self, directory: Path) -> None:
        home = directory / 'a world\'s "home"'
        self.configuration = home / "fly"
        self.cwd = home / "empty"
        self.cwd.mkdir(parents=True)
        self.world = World(home / "clouds.sqlite")
        self.executable = install(home, Path(sys.executable))
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "FLY_API_TOKEN": FLY_TOKEN,
            "FLY_CONFIG_DIR": str(self.configuration),
            "FLY_SEND_METRICS": "0",
        }
        with self.world.transaction() as transaction:
            fly.put_organization(transaction, "acme", "Acme & Söhne")
            fly.put_app(transaction, "relay-api", "acme", {"KEPT": "by hand"})
            fly.put_app(transaction, "fresh", "acme", machines=0)
            fly.put_app(transaction, "taken", "somebody-else")

    def run(self, *argv: str, stdin: bytes = b"", timeout: float = 30, **environment: str | None) -> Completed:
        """Run flyctl; a variable of None is left out of its environment."""
        return self._run(argv, environment, stdin, timeout)

    def json(self, *argv: str, **environment: str | None) -> Any:
        """Run flyctl, which must succeed, and return its JSON."""
        done = self._run((*argv, "--json"), environment, b"", 30)
        assert (done.returncode, done.stderr) == (0, b"")
        return json.loads(done.stdout)

    def _run(
        self, argv: tuple[str, ...], environment: dict[str, str | None], stdin: bytes, timeout: float
    ) -> Completed:
        merged = {**self.environment, **environment}
        return subprocess.run(
            [self.executable, *argv],
            input=stdin,
            env={name: value for name, value in merged.items() if value is not None},
            cwd=self.cwd,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    def values(self, app: str) -> dict[str, str]:
        """Return the values that the cloud holds for an app."""
        with self.world.transaction() as transaction:
            secrets = transaction.list("fly", "secret").items()
        return {document["name"]: document["value"] for key, document in secrets if key.startswith(f"{app}/")}

    def apps(self) -> set[str]:
        """Return the names of all apps there are."""
        with self.world.transaction() as transaction:
            return set(transaction.list("fly", "app"))


def failed(done: Completed, text: str, *, code: int = 1) -> None:
    """Require a failure with this text in its error, and nothing on standard output."""
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr.decode().startswith("Error: ")
    assert text in done.stderr.decode()
