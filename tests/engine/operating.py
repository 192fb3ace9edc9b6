"""Read docs/operating.md by section, and say why some of its commands do not run in the sandbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.engine import pages
from tests.engine.sandboxes import ROOT

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox

PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8").replace("relay-api", "tune-api")
SECTIONS = pages.sections(PAGE)
APPLICATION = "runs in the application's repository, or inside of its machines: the stand-ins deploy no code"
CLOUD = "the stand-ins have no such command; the test does to the world what it does"

LOGIN = "env -u FLY_API_TOKEN -u FLY_ACCESS_TOKEN "
"""Makes flyctl use a person's login."""


def walk(sandbox: Sandbox, section: str) -> pages.Walk:
    """Walk through a section; at the end, every command of it was run or excused."""
    return pages.Walk(sandbox, SECTIONS[section])


def unchanged(said: str) -> bool:
    """Tell whether an update or a preview had nothing to do."""
    return not re.search(r"\d+ to (create|update|replace|delete|import)", said)


def forget(sandbox: Sandbox) -> None:
    """Lose staging's state."""
    sandbox.pulumi("stack", "rm", "--stack", "staging", "--force", "--preserve-config", "--yes")
