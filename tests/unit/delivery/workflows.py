"""The workflows of this repository, and those that `bin/handoff` writes for the application."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ops.handoff.facts import facts
from ops.handoff.files import files
from tests.unit.program import EXAMPLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class File:
    """A workflow that `bin/handoff` would write."""

    name: str
    text: str

    def read_text(self) -> str:
        """Return it."""
        return self.text


WORKFLOWS = ROOT / ".github" / "workflows"
OWN = sorted(WORKFLOWS.glob("*.yml"))
HANDED_OVER = [File(Path(name).name, text) for name, text in files(facts(EXAMPLE)).items() if name.endswith(".yml")]
ALL: list[Path | File] = [*OWN, *HANDED_OVER]
ACTION = ROOT / ".github" / "actions" / "set-up" / "action.yml"


@cache
def loaded(path: Path | File) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(path.read_text())
    return document


def jobs_of(path: Path | File) -> dict[str, Any]:
    jobs: dict[str, Any] = loaded(path)["jobs"]
    return jobs


def steps_of(path: Path | File) -> Iterator[dict[str, Any]]:
    """Yield the steps of a workflow's jobs, or of an action."""
    document = loaded(path)
    for job in document["jobs"].values() if "jobs" in document else [document["runs"]]:
        yield from job["steps"]


def name_of(path: Path | File) -> str:
    return path.name
