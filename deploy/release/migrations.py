"""Rehearse a migration and a restore on copies of the database. These steps print no row and no credential."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote, urlsplit

from release import neon
from release.calls import CallError, ReleaseError, variable
from release.points import points

if TYPE_CHECKING:
    from collections.abc import Iterator

LIFETIME = timedelta(hours=2)
"""Neon deletes a copy after this time, so that a killed run leaves no copy for long."""
MINUTES = 30
"""Minutes that a command may run."""

# Alembic's own lines, and the class of an error. Every other line may quote a row.
_SHOWN = re.compile(
    r"^(?:(?:INFO|ERROR) +\[alembic[\w.]*\] .*|FAILED: .*revision.*|(?:alembic|asyncpg|psycopg|sqlalchemy)[\w.]+(?=:))",
    re.MULTILINE,
)


@contextmanager
def copy(name: str, parent: neon.Branch) -> Iterator[str]:
    """Make a copy-on-write branch with a compute, yield its database's address, and always delete the branch.

    Args:
        name: The beginning of the branch's name.
        parent: The branch to copy.
    """
    now = datetime.now(UTC)
    ends = (now + LIFETIME).isoformat(timespec="seconds").replace("+00:00", "Z")
    unique = f"{name}-{now:%Y%m%d-%H%M%S}-{os.environ.get('GITHUB_RUN_ID', os.getpid())}"
    before = {number: signal.signal(number, _stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    branch = None
    try:
        branch = neon.create(unique, parent["id"], expires_at=ends, endpoints=[{"type": "read_write"}])
        yield neon.database_url(branch, os.environ.get("DATABASE_SCHEME") or "postgresql+psycopg")
    finally:
        for number in before:  # a cancelled job still deletes the branch
            signal.signal(number, signal.SIG_IGN)
        try:
            for left in [branch] if branch else [each for each in neon.branches() if each["name"] == unique]:
                neon.delete(left)
        except CallError as problem:
            print(f"Branch {unique} stays until it ends at {ends}: {problem}")
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopped(number: int, _: object) -> NoReturn:
    raise ReleaseError(f"stopped by {signal.Signals(number).name}")


def rehearse() -> None:
    """Run the migration on a copy of the default branch, and check that it leads to the release's revision.

    The variables MIGRATION, REVISION and HEADS hold the commands.

    Raises:
        ReleaseError: The migration failed, or the revision is not the release's.
    """
    if not os.environ.get("NEON_API_KEY"):
        print("No rehearsal: `neonRestoreKey` is not set.")
        return
    commands = [variable(name) for name in ("MIGRATION", "REVISION", "HEADS")]
    with copy("rehearsal", neon.default(neon.branches())) as url:
        start = time.monotonic()
        output = run(commands[0], url)
        seconds = time.monotonic() - start
        for line in _SHOWN.findall(output):
            print(line)
        revision = _at_head(commands[1], commands[2], url)
    print(f"The migration took {seconds:.1f} s on a copy of the database, which is at {revision}.")


def schema() -> str:
    """Return the revision of the default branch, read from a copy.

    Raises:
        ReleaseError: The revision is not this release's.
    """
    commands = [variable(name) for name in ("REVISION", "HEADS")]
    with copy("proof", neon.default(neon.branches())) as url:
        return f"the database is at {_at_head(commands[0], commands[1], url)}"


def _at_head(revision: str, heads: str, url: str) -> str:
    """Return the database's revision.

    Raises:
        ReleaseError: The code has several heads, or the database is at another revision.
    """
    wanted, found = (_revisions(run(command, url)) for command in (heads, revision))
    if len(wanted) != 1:
        raise ReleaseError(f"the code has {len(wanted)} heads ({', '.join(sorted(wanted)) or 'none'}): merge them")
    if found != wanted:
        raise ReleaseError(
            f"the database is at {', '.join(sorted(found)) or 'no revision'}, but the release at {', '.join(wanted)}: "
            "its migration was not applied"
        )
    return ", ".join(found)


def _revisions(output: str) -> set[str]:
    """Return the revisions in alembic's output: one on each line, before `(head)`."""
    return {match[1] for match in re.finditer(r"^(\w[\w.-]*)(?: \([\w, ]+\))*$", output, re.MULTILINE)}


def run(command: str, url: str) -> str:
    """Run a command of the application against a database, and return its output.

    Raises:
        ReleaseError: The command failed, or took too long. The message quotes no value of the database.
    """
    hidden = {"NEON_API_KEY", "CLOUDFLARE_API_TOKEN", "FLY_API_TOKEN", "GITHUB_TOKEN"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    # Nobody else uses a copy: a migration that waits for a lock there waits for itself.
    lock_timeout = os.environ.get("LOCK_TIMEOUT") or "10s"
    environment |= {"DATABASE_URL": url, "PGOPTIONS": f"-c lock_timeout={lock_timeout}"}
    try:
        process = subprocess.Popen(
            shlex.split(command),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ReleaseError(f"`{command}` cannot be run: {error}") from None
    try:
        output, _ = process.communicate(timeout=60 * MINUTES)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ReleaseError(f"`{command}` ran for more than {MINUTES} minutes") from None
        raise
    if process.returncode:
        shown = "\n".join(_SHOWN.findall(output))
        raise ReleaseError(f"`{command}` ended with exit code {process.returncode}:\n{shown or '(no known error)'}")
    return output


def drill() -> None:
    """Restore the newest restore point into a branch of its own, and check its revision and its tables.

    The variable DRILL_TABLES holds a JSON object: the least number of rows by table.

    Raises:
        ReleaseError: There is no restore point, it has no revision, a table has too few rows, or psql failed.
    """
    tables = _floors(os.environ.get("DRILL_TABLES") or "{}")
    newest = next(iter(points(neon.branches())), None)
    if newest is None:
        raise ReleaseError("there is no restore point to restore: the next release makes one")
    start = time.monotonic()
    with copy("drill", newest) as url:
        revision = _query("SELECT version_num FROM alembic_version", url)
        if not revision:
            raise ReleaseError(f"{newest['name']} holds no revision: it is not a usable restore point")
        few = []
        for table, floor in tables.items():
            count = int(_query(f'SELECT count(*) FROM "{table.replace(chr(34), chr(34) * 2)}"', url))  # noqa: S608
            print(f"{table}: {count} rows")
            few += [table] if count < floor else []
        if few:
            raise ReleaseError(f"{newest['name']} has too few rows in {', '.join(few)}: is the data complete?")
    print(f"{newest['name']} was restored and checked in {time.monotonic() - start:.0f} s, at revision {revision}.")


def _floors(text: str) -> dict[str, int]:
    """Return the least number of rows by table."""
    with suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict) and all(isinstance(floor, int) for floor in found.values()):
            return found
    raise ReleaseError('DRILL_TABLES is no JSON object of numbers, such as {"tracks": 100}')


def _query(statement: str, url: str) -> str:
    """Return psql's answer to a query. The password goes through the environment: other processes see arguments."""
    at = urlsplit(url)
    environment = os.environ | {
        "PGHOST": at.hostname or "",
        "PGPORT": str(at.port or 5432),
        "PGUSER": unquote(at.username or ""),
        "PGPASSWORD": unquote(at.password or ""),
        "PGDATABASE": at.path.lstrip("/"),
        "PGOPTIONS": "-c default_transaction_read_only=on -c statement_timeout=60s",
    }
    if "sslmode=require" in at.query:
        environment["PGSSLMODE"] = "require"
    command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", f"--command={statement}"]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ReleaseError(f"psql cannot be run: {error}") from None
    if done.returncode:
        raise ReleaseError(f"psql ended with exit code {done.returncode}: {done.stderr.strip()[:300]}")
    return done.stdout.strip()
