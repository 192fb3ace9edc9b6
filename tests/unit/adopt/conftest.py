"""A world made by hand, asked as bin/adopt and bin/strays ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from infra.config.load import examine_files
from infra.config.stack_files import StackFiles, read_stack_files
from infra.providers.fly.flyctl import Flyctl
from ops.access import Access
from ops.adopt import deployed, domains
from ops.adopt.__main__ import look_at
from ops.adopt.rows import Look
from ops.inventory import Inventory
from ops.strays import lists
from sandbox.seed import seed
from sandbox.world.store import World
from tests.unit.clouds.served import served
from tests.unit.fly.standin import ENVIRONMENT, NOW, StandIn
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

    from ops.adopt.rows import Row

EMPTY = Inventory({}, frozenset(), {})


class Findings(NamedTuple):
    """What `look_at` returns, by name."""

    rows: list[Row]
    unanswered: dict[str, str]


class Asked:
    """The example's stacks, in a world of its own.

    Attributes:
        files: The stack files; a test may change them.
        world: The clouds.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, empty: bool) -> None:
        self.files: StackFiles = read_stack_files(EXAMPLE)
        self.world = World(folder / "clouds.sqlite")
        fly = StandIn()
        fly.world = self.world  # in a file: each request has a thread of its own
        project = {"config": {key: {"default": value} for key, value in self.files.project.items()}}
        seed(self.world, self.files.stacks, project, empty=empty)
        served(self.world, monkeypatch)
        flyctl = Flyctl(run=fly, environ=ENVIRONMENT, sleep=lambda _seconds: None, now=lambda: NOW)
        for module in (deployed, domains, lists):
            monkeypatch.setattr(module, "Flyctl", lambda: flyctl)

    def look(
        self, stack: str, parts: str, changes: dict[str, Any] | None = None, inventory: Inventory = EMPTY
    ) -> Findings:
        """Return the findings of parts (spaces between them), adopting nothing but with some changes of settings."""
        own = {**self.files.stacks[stack], "adopt": None, **(changes or {})}
        files = self.files._replace(stacks={**self.files.stacks, stack: own})
        settings = examine_files(stack, files)[0]
        return Findings(*look_at(Look(settings, Access({}), inventory), parts.split(), files))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(tmp_path, monkeypatch, empty=False)


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(tmp_path, monkeypatch, empty=True)
