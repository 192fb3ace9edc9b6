"""Rehearse a real alembic chain on a copy of a real database; no step prints a row or a credential."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.processes.postgres import Postgres, running
from tests.unit.delivery.neon import Neon
from tests.unit.delivery.serving import serving
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROW = "canary@example.com"
ENVIRONMENT = """\
import os
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)-5.5s [%(name)s] %(message)s")
with create_engine(os.environ["DATABASE_URL"], poolclass=NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
from alembic import op
revision, down_revision = {revision!r}, {down!r}
def upgrade():
    {upgrade}
"""
PASSING = 'op.execute("ALTER TABLE people ADD COLUMN name text")'
FAILING = 'op.execute("CREATE UNIQUE INDEX twice ON people (email)")'
HANGING = """\
    import os, sqlalchemy
    other = sqlalchemy.create_engine(os.environ["DATABASE_URL"]).connect()
    other.execute(sqlalchemy.text("LOCK TABLE people"))
    op.execute("ALTER TABLE people ADD COLUMN name text")""".strip()
PRINTING = 'print([*op.get_bind().exec_driver_sql("SELECT email FROM people")])'


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server for all tests here."""
    with running() as server:
        yield server


class Walk:
    """An application with migrations, a Neon project whose branches are real databases, and a release's steps."""

    def __init__(self, folder: Path, postgres: Postgres, neon: Neon) -> None:
        self.folder = folder
        self.postgres = postgres
        self.neon = neon
        (folder / "migrations" / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (folder / "migrations" / "env.py").write_text(ENVIRONMENT)
        self.revision("first", None, "pass")
        self.environment: dict[str, str] = {}

    def revision(self, name: str, down: str | None, upgrade: str) -> None:
        """Add a migration."""
        text = REVISION.format(revision=name, down=down, upgrade=upgrade)
        (self.folder / "migrations" / "versions" / f"{name}.py").write_text(text)

    def command(self, name: str) -> str:
        """Return the command line of alembic's, as the workflow has it."""
        return f"{shlex.quote(sys.executable)} -m alembic {name}"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a step of the release."""
        own = {
            "MIGRATION": self.command("upgrade head"),
            "REVISION": self.command("current"),
            "HEADS": self.command("heads"),
        }
        path = f"{self.postgres.programs}:{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, ROOT / "deploy" / "release", *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": path, **own, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a step; return its exit code and all that it printed, in which no row and no credential is."""
        process = self.start(*arguments)
        said = "".join(process.communicate())
        for hidden in (ROW, "npg_", "napi_"):
            assert hidden not in said, said
        assert self.neon.names[:1] == ["main"]
        assert not [name for name in self.neon.names if name.startswith(("rehearsal", "proof", "drill"))], said
        assert self.postgres.sql("main", "SELECT version_num FROM alembic_version") == "first"
        return process.returncode, said


@pytest.fixture
def walk(tmp_path: Path, postgres: Postgres) -> Iterator[Walk]:
    """Production at its first migration, with two rows."""
    postgres.sql("postgres", 'CREATE DATABASE "main"')
    postgres.sql(
        "main", "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('first')"
    )
    postgres.sql("main", "CREATE TABLE people AS SELECT 'canary@example.com' AS email FROM generate_series(1, 2)")
    neon = Neon()
    neon.address, neon.copied = postgres.address, postgres.copy
    with serving(neon.answer, token="napi_canary") as url:
        found = Walk(tmp_path, postgres, neon)
        found.environment = {"NEON_API_URL": url, "NEON_API_KEY": "napi_canary", "NEON_PROJECT_ID": "p-1"}
        found.environment |= dict.fromkeys(("API_URL", "FLY_APP", "CLOUDFLARE_API_TOKEN"), "")
        yield found
    for name in postgres.sql("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate").splitlines():
        if name != "postgres":
            postgres.sql("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_migration_that_passes_on_a_copy_with_an_expiry_and_a_compute(walk: Walk) -> None:
    made = []

    def copied(name: str, parent: str) -> None:
        made.append(dict(walk.neon.branches[-1]))
        walk.postgres.copy(name, parent)

    walk.neon.copied = copied
    walk.revision("second", "first", PASSING)
    code, said = walk.run("rehearse")
    assert code == 0, said
    assert "Running upgrade first -> second" in said
    assert "s on a copy of the database, which is at second." in said
    (copy,) = walk.neon.deleted
    assert copy.startswith("rehearsal-")
    assert made[0]["endpoints"] == [{"type": "read_write"}]
    assert made[0]["expires_at"].endswith("Z")


def test_a_migration_that_fails(walk: Walk) -> None:
    walk.revision("second", "first", FAILING)
    code, said = walk.run("rehearse")
    assert code == 1
    assert "psycopg.errors.UniqueViolation" in said


def test_a_migration_that_hangs_on_a_lock(walk: Walk) -> None:
    walk.revision("second", "first", HANGING)
    walk.environment["LOCK_TIMEOUT"] = "100ms"
    code, said = walk.run("rehearse")
    assert code == 1
    assert "psycopg.errors.LockNotAvailable" in said


def test_a_migration_that_prints_rows(walk: Walk) -> None:
    walk.revision("second", "first", PRINTING)
    assert walk.run("rehearse")[0] == 0


def test_a_chain_with_two_heads(walk: Walk) -> None:
    """`upgrade head` is refused by alembic itself."""
    walk.revision("second", "first", PASSING)
    walk.revision("other", "first", "pass")
    walk.environment["MIGRATION"] = walk.command("upgrade heads")
    code, said = walk.run("rehearse")
    assert code == 1
    assert "has 2 heads (other, second)" in said


def test_a_revision_that_is_not_applied(walk: Walk) -> None:
    walk.revision("second", "first", PASSING)
    walk.environment["MIGRATION"] = walk.command("upgrade first")
    code, said = walk.run("rehearse")
    assert code == 1
    assert "the database is at first, but the release at second: its migration was not applied" in said


def test_a_rehearsal_that_is_cancelled_leaves_no_branch(walk: Walk) -> None:
    walk.revision("second", "first", "import time; print(flush=True); time.sleep(600)")
    copied = threading.Event()

    def copy(name: str, parent: str) -> None:
        walk.postgres.copy(name, parent)
        copied.set()

    walk.neon.copied = copy
    process = walk.start("rehearse")
    assert copied.wait(60)
    process.terminate()
    assert "stopped by SIGTERM" in process.communicate()[1]
    assert walk.neon.names == ["main"]


@pytest.mark.parametrize(("head", "code"), [("first", 0), ("second", 1)])
def test_production_is_proven_to_be_at_the_releases_revision(walk: Walk, head: str, code: int) -> None:
    if head == "second":
        walk.revision("second", "first", PASSING)
    found, said = walk.run("prove")
    assert found == code, said
    assert walk.neon.deleted[0].startswith("proof-")


def test_a_drill_restores_the_newest_point_and_counts(walk: Walk) -> None:
    assert walk.run("restore-point", "v1")[0] == 0
    for floor, code, expected in ((2, 0, "at revision first."), (3, 1, "too few rows in people")):
        walk.environment["DRILL_TABLES"] = f'{{"people": {floor}}}'
        found, said = walk.run("drill")
        assert found == code, said
        assert "people: 2 rows" in said
        assert expected in said
        assert walk.neon.names == ["main", "restore-point-v1"]
