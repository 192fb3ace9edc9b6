"""Make a small Fly.io and its flyctl, for the tests of the stand-in."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from sandbox.credentials import FLY_TOKEN
from sandbox.flyctl.install import install
from sandbox.flyctl.main import execute
from sandbox.world import fly
from sandbox.world.store import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Completed = subprocess.CompletedProcess[bytes]


def in_process(
    world: World, argv: Sequence[str], *, stdin: bytes, environment: Mapping[str, str], cwd: Path
) -> Completed:
    """Run the stand-in's flyctl within this process, which saves its start."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = execute(world, list(argv), environment)
    return Completed(argv, code, out.getvalue().encode(), err.getvalue().encode())


class FlyctlWorld:
    """Our organization `acme` with a deployed app `relay-api`, and a stranger's app `taken`."""

    def __init__(self, directory: Path) -> None:
        home = directory / 'a world\'s "home"'
        self.configuration = home / "configuration"
        self.cwd = home / "empty"
        self.cwd.mkdir(parents=True)
        self.world = World(home / "clouds.sqlite")
        self.executable = install(home, Path(sys.executable))
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "FLY_API_TOKEN": FLY_TOKEN,
            "FLY_CONFIG_DIR": str(self.configuration),
        }
        with self.world.transaction() as transaction:
            fly.put_organization(transaction, "acme", "Acme & Söhne")
            fly.put_app(transaction, "relay-api", "acme", {"KEPT": "by hand"})
            fly.put_app(transaction, "fresh", "acme", {}, machines=0)
            fly.put_app(transaction, "taken", "somebody-else", {})

    def run(self, *argv: str, stdin: bytes = b"", **environment: str | None) -> Completed:
        """Run flyctl; a variable of None is left out of its environment."""
        return in_process(self.world, argv, stdin=stdin, environment=self._merged(environment), cwd=self.cwd)

    def start(self, *argv: str, stdin: bytes = b"", **environment: str | None) -> subprocess.Popen[bytes]:
        """Start flyctl as a program, with this on its standard input."""
        process = subprocess.Popen(
            [self.executable, *argv],
            env=self._merged(environment),
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def json(self, *argv: str, **environment: str | None) -> Any:
        """Run flyctl, which must succeed, and return its JSON."""
        done = self.run(*argv, "--json", stdin=b"", **environment)
        assert (done.returncode, done.stderr) == (0, b"")
        return json.loads(done.stdout)

    def _merged(self, environment: dict[str, str | None]) -> dict[str, str]:
        return {name: value for name, value in {**self.environment, **environment}.items() if value is not None}

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
