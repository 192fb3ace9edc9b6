"""Make a start of an example stack, as checks read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.checks.credentials import CREDENTIALS
from infra.checks.findings import Start
from infra.config.load import examine
from infra.config.stack_files import read_stack_files
from tests.unit.program import EXAMPLE, configuration

if TYPE_CHECKING:
    from infra.checks.findings import Finding

GIVEN: dict[str, str | None] = {service: f"made-up-{service}" for service in CREDENTIALS}
_NO_IDS: dict[str, str] = {}


def start(
    stack: str,
    changes: dict[str, Any] | None = None,
    *,
    without: str = "",
    own: dict[str, str] | None = _NO_IDS,
    preview: bool = False,
    environ: dict[str, str] | None = None,
) -> Start:
    """Return a start with every credential.

    Args:
        stack: The stack.
        changes: Configuration laid over the stack's files; None removes a key.
        without: A service whose credential is not set.
        own: The ids in the stack's state; None if it cannot be read.
        preview: Whether the run is a preview.
        environ: Environment variables.
    """
    values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in configuration(stack, changes).items()}
    settings, problems = examine(stack, values, set(), read_stack_files(EXAMPLE))
    assert problems == []
    given = {service: value for service, value in GIVEN.items() if service != without}
    return Start(settings, environ or {}, given, lambda: own, preview)


def told(finding: Finding) -> str:
    """Return a finding as a line."""
    return f"{finding.state}: {finding.what} → {finding.fix}"
