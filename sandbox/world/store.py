"""Keep the clouds' state in one SQLite file, which all stand-ins read and write from their processes.

An object is a JSON document under (cloud, kind, key), for example ("fly", "app", "relay-api").
The services' rules are in the other modules of this package.

Standard library only: the stand-in flyctl starts Python for every call, which must stay cheap.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from setup.errors import SandboxError

Document = dict[str, Any]

_TABLES = (
    "objects (cloud, kind, key, document, PRIMARY KEY (cloud, kind, key))",
    "calls (id INTEGER PRIMARY KEY, at, cloud, operation, detail)",
    "faults (id INTEGER PRIMARY KEY, cloud, operation, fault, skip, times)",
    "counters (name PRIMARY KEY, value)",
)


class Transaction:
    """One atomic read or change of the world. `World.transaction` makes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, cloud: str, kind: str, key: str) -> Document | None:
        """Return a copy of the document, or None."""
        statement = "SELECT document FROM objects WHERE cloud = ? AND kind = ? AND key = ?"
        row = self._connection.execute(statement, (cloud, kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, cloud: str, kind: str, key: str, document: Document) -> None:
        """Store the document in place of any other under the same key."""
        statement = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)"
        self._connection.execute(statement, (cloud, kind, key, json.dumps(document)))

    def delete(self, cloud: str, kind: str, key: str) -> bool:
        """Delete the document; return whether it existed."""
        statement = "DELETE FROM objects WHERE cloud = ? AND kind = ? AND key = ?"
        return self._connection.execute(statement, (cloud, kind, key)).rowcount > 0

    def list(self, cloud: str, kind: str) -> dict[str, Document]:
        """Return all documents of a kind by key, in order of the keys."""
        statement = "SELECT key, document FROM objects WHERE cloud = ? AND kind = ? ORDER BY key"
        return {key: json.loads(text) for key, text in self._connection.execute(statement, (cloud, kind))}

    def number(self, name: str) -> int:
        """Return 1, 2, 3, … for a name: the source of all made-up ids, so that runs can be compared."""
        statement = "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value"
        return int(self._connection.execute(statement, (name,)).fetchone()[0])


class World:
    """The clouds' state in one file, safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connect() as connection:
            for table in _TABLES:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Change the world atomically: an exception undoes everything inside."""
        with self._connect() as connection:
            yield Transaction(connection)

    def record(self, cloud: str, operation: str, detail: Document) -> None:
        """Append to the call log and commit, so that the log has failed calls too."""
        statement = "INSERT INTO calls (at, cloud, operation, detail) VALUES (?, ?, ?, ?)"
        self._execute(statement, time.time(), cloud, operation, json.dumps(detail))

    def calls(self, cloud: str | None = None) -> list[tuple[str, str, Document]]:
        """Return the call log, oldest first, as (cloud, operation, detail)."""
        rows = self._execute("SELECT cloud, operation, detail FROM calls ORDER BY id")
        return [(c, operation, json.loads(detail)) for c, operation, detail in rows if cloud in {None, c}]

    def forget_calls(self) -> None:
        """Empty the call log."""
        self._execute("DELETE FROM calls")

    def inject(self, cloud: str, operation: str, fault: str, *, skip: int = 0, times: int = 1) -> None:
        """Make an operation fail `times` times, after `skip` good calls. The stand-in interprets `fault`."""
        statement = "INSERT INTO faults (cloud, operation, fault, skip, times) VALUES (?, ?, ?, ?, ?)"
        self._execute(statement, cloud, operation, fault, skip, times)

    def fault(self, cloud: str, operation: str) -> str | None:
        """Return this call's fault and count it; None for a good call."""
        first = "SELECT min(id) FROM faults WHERE cloud = ? AND operation = ? AND times > 0"
        # Below zero, all good calls are used up.
        counted = "UPDATE faults SET skip = max(skip - 1, -1), times = times - (skip <= 0)"
        found = self._execute(f"{counted} WHERE id = ({first}) RETURNING fault, skip", cloud, operation)
        return next((fault for fault, skip in found if skip < 0), None)

    def _execute(self, statement: str, *values: Any) -> list[Any]:
        with self._connect() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        # A connection per transaction is cheap and works from any thread. IMMEDIATE takes the write lock at once, so
        # nothing changes between a read and the write that depends on it.
        try:
            with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = OFF")
                with connection:  # commits, or, after an exception, rolls back
                    connection.execute("BEGIN IMMEDIATE")
                    yield connection
        except sqlite3.Error as error:
            raise SandboxError(f"{self.path}: {error}. Start over: bin/sandbox --reset") from None
