"""One Neon project's branches, behind its paths. It refuses what Neon refuses, and what it was not told about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "/projects/p-1"


class Neon:
    """A project with a default branch and a database.

    Attributes:
        branches: Its branches.
        limit: How many its plan allows.
        failing: What the next calls get, by method: a status, or one of `serving`'s.
        flaky: What each call gets the first time. Neon makes the change all the same if `confirms` is false.
        late: How many lists leave out a new branch.
        calls: How many calls there were.
        called: Told of each call, before and after its effect.
        deleted: The names of deleted branches.
        address: Returns a database's address, for a branch's name.
        seen: The calls that there were, by method and path.
        slow: After how many looks an operation is finished.
        copied: Called with a new branch's name and its parent's.
    """

    def __init__(self) -> None:
        self.branches = [{**self._branch("main", 400), "default": True}]
        self.limit: int | None = 10
        self.page = 100
        self.failing: dict[str, list[int]] = {}
        self.flaky = 0
        self.confirms = True
        self.late = self.hidden = 0
        self.calls = 0
        self.called: Callable[[int, bool], None] = lambda *_: None
        self.deleted: list[str] = []
        self.restored: list[Any] = []
        self.running, self.slow = 0, 2
        self.address: Callable[[str], str] = lambda name: f"postgres://owner:npg_canary@{name}.neon.tech/neondb"
        self.copied: Callable[[str, str], None] = lambda *_: None
        self.seen: set[tuple[str, str]] = set()

    def _branch(self, name: str, days: float) -> dict[str, Any]:
        made = datetime.now(UTC) - timedelta(days=days)
        return {
            "id": f"br-{name}",
            "name": name,
            "created_at": made.isoformat(),
            "default": False,
            "parent_id": None,
        } | {"current_state": "ready"}

    def add(self, name: str, days: float, parent: str = "br-main") -> None:
        """Add a branch that was made some days ago."""
        self.branches.append({**self._branch(name, days), "parent_id": parent})

    @property
    def names(self) -> list[str]:
        """The branches' names, in the order they were made."""
        return [branch["name"] for branch in self.branches]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Answer a call."""
        self.calls += 1
        number = self.calls
        self.called(number, False)
        if self.failing.get(method):
            return self.failing[method].pop(0), {"message": "not now"}
        url = urlsplit(path)
        fails = self.flaky if (method, url.path) not in self.seen else 0
        self.seen.add((method, url.path))
        if fails and (self.confirms or method == "GET"):
            return fails, {"message": "not now"}
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        assert url.path.startswith(PROJECT)
        steps = url.path.removeprefix(PROJECT).strip("/").split("/")
        answer = self._answer(method, steps, asked, body)
        self.called(number, True)
        return (fails, {}) if fails else answer

    def _answer(self, method: str, steps: list[str], asked: dict[str, str], body: Any) -> tuple[int, Any]:  # noqa: PLR0911  (a table)
        match method, steps:
            case "GET", [""]:
                return 200, {"project": {"id": "p-1", "owner": {"branches_limit": self.limit}}}
            case "GET", ["branches"]:
                return 200, self._page(int(asked.get("cursor", 0)))
            case "POST", ["branches"]:
                return self._create(body)
            case "GET", ["operations", _]:
                self.running = max(0, self.running - 1)
                return 200, {"operation": {"status": "running" if self.running else "finished"}}
            case "POST", ["branches", target, "restore"]:
                return self._restore(target, body)
            case "DELETE", ["branches", target]:
                return self._delete(target)
            case "GET", ["branches", _, "databases"]:
                databases = [("later", "2026-02"), ("neondb", "2026-01")]
                return 200, {
                    "databases": [{"name": n, "owner_name": "owner", "created_at": made} for n, made in databases]
                }
            case "GET", ["connection_uri"]:
                (branch,) = [each for each in self.branches if each["id"] == asked["branch_id"]]
                assert (asked["database_name"], asked["role_name"]) == ("neondb", "owner")
                return 200, {"uri": self.address(branch["name"])}
        raise AssertionError(f"a call this was not told about: {method} {steps}")

    def _page(self, start: int) -> dict[str, Any]:
        """Return a page, the newest first. Its last page has a cursor, too."""
        listed = self.branches[:-1] if self.hidden > 0 else self.branches
        self.hidden -= 1
        newest = sorted(listed, key=lambda branch: branch["created_at"], reverse=True)
        return {"branches": newest[start : start + self.page], "pagination": {"next": str(start + self.page)}}

    def _create(self, body: Any) -> tuple[int, Any]:
        branch = body["branch"]
        (parent,) = [each for each in self.branches if each["id"] == branch["parent_id"]]
        if branch["name"] in self.names:
            return 409, {"message": "branch name already exists"}
        if self.limit and len(self.branches) >= self.limit:
            return 422, {"code": "BRANCHES_LIMIT_EXCEEDED", "message": "branches limit exceeded"}
        self.add(branch["name"], 0, parent["id"])
        self.branches[-1]["expires_at"] = branch.get("expires_at")
        self.branches[-1]["endpoints"] = body.get("endpoints")
        self.copied(branch["name"], parent["name"])
        self.hidden = self.late
        self.running = self.slow
        return 201, {"branch": self.branches[-1], "operations": [{"id": "op-1"}]}

    def _delete(self, target: str) -> tuple[int, Any]:
        found = [branch for branch in self.branches if branch["id"] == target]
        if not found:
            return 404, {"message": "no such branch"}
        assert not found[0]["default"], "production's branch is deleted"
        if any(branch["parent_id"] == target for branch in self.branches):
            return 422, {"message": "cannot delete branch that has children"}
        self.branches.remove(found[0])
        self.deleted.append(found[0]["name"])
        return 200, {}

    def _restore(self, target: str, body: Any) -> tuple[int, Any]:
        """Keep the target under another name. All its children move below that, which is a root."""
        name = body["preserve_under_name"]  # required of a branch that has children
        self.branches.append(self._branch(name, 0))
        for branch in self.branches:
            if branch["parent_id"] == target:
                branch["parent_id"] = f"br-{name}"
        self.restored.append((target, body["source_branch_id"]))
        return 200, {}
