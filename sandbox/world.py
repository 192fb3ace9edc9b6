"""The clouds' state: one SQLite file that every stand-in, in whatever process, reads and writes.

An object is a JSON document under (cloud, kind, key), for example ("fly", "app", "relay-api").
Rules live in `sandbox.clouds`; this module knows none.

Standard library only: the stand-in flyctl starts a Python for every call, and that must stay cheap.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    cloud TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (cloud, kind, key)
);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, cloud TEXT NOT NULL, operation TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, cloud TEXT NOT NULL, operation TEXT NOT NULL, fault TEXT NOT NULL,
    skip INTEGER NOT NULL, times INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Transaction:
    """One atomic look at, or change of, the world. Obtained from `World.transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, cloud: str, kind: str, key: str) -> Document | None:
        """Return a copy of the document, or None where there is none."""
        row = self._connection.execute(
            "SELECT document FROM objects WHERE cloud = ? AND kind = ? AND key = ?", (cloud, kind, key)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, cloud: str, kind: str, key: str, document: Document) -> None:
        """Store the document, replacing one under the same key."""
        self._connection.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (cloud, kind, key, json.dumps(document))
        )

    def delete(self, cloud: str, kind: str, key: str) -> bool:
        """Forget the document; True where there was one."""
        cursor = self._connection.execute(
            "DELETE FROM objects WHERE cloud = ? AND kind = ? AND key = ?", (cloud, kind, key)
        )
        return cursor.rowcount > 0

    def list(self, cloud: str, kind: str) -> dict[str, Document]:
        """Return every document of a kind by key, in order of the keys."""
        rows = self._connection.execute(
            "SELECT key, document FROM objects WHERE cloud = ? AND kind = ? ORDER BY key", (cloud, kind)
        )
        return {key: json.loads(document) for key, document in rows}

    def number(self, name: str) -> int:
        """Return 1, 2, 3, … for a name: the source of every made-up id, so that runs can be compared."""
        row = self._connection.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])


class World:
    """The clouds' state in one file, safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connect() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Change the world atomically: everything inside holds, or, after an exception, nothing."""
        with self._connect() as connection:
            yield Transaction(connection)

    def record(self, cloud: str, operation: str, detail: Document) -> None:
        """Append to the call log. Committed at once, so that a call which then fails is still seen."""
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO calls (at, cloud, operation, detail) VALUES (?, ?, ?, ?)",
                (time.time(), cloud, operation, json.dumps(detail)),
            )

    def calls(self, cloud: str | None = None) -> list[tuple[str, str, Document]]:
        """Return the call log, oldest first, as (cloud, operation, detail)."""
        with self._connect() as connection:
            rows = connection.execute("SELECT cloud, operation, detail FROM calls ORDER BY id").fetchall()
        return [(c, operation, json.loads(detail)) for c, operation, detail in rows if cloud in {None, c}]

    def forget_calls(self) -> None:
        """Empty the call log."""
        with self._connect() as connection:
            connection.execute("DELETE FROM calls")

    def inject(self, cloud: str, operation: str, fault: str, *, skip: int = 0, times: int = 1) -> None:
        """Make the operation fail: after `skip` good calls, `times` times. The stand-in gives `fault` its meaning."""
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO faults (cloud, operation, fault, skip, times) VALUES (?, ?, ?, ?, ?)",
                (cloud, operation, fault, skip, times),
            )

    def fault(self, cloud: str, operation: str) -> str | None:
        """Return the fault this call is to suffer, and count it; None for a good call."""
        with self._connect() as connection:
            row = connection.execute(
                "SELECT id, fault, skip FROM faults WHERE cloud = ? AND operation = ? AND times > 0 ORDER BY id",
                (cloud, operation),
            ).fetchone()
            if row is None:
                return None
            identity, fault, skip = row
            if skip > 0:
                connection.execute("UPDATE faults SET skip = skip - 1 WHERE id = ?", (identity,))
                return None
            connection.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (identity,))
            return str(fault)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        # A connection per transaction: cheap here, and it may be used from any thread. IMMEDIATE takes the
        # write lock at once, so that a read inside is still true when the write that rests on it is made.
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            connection.close()
