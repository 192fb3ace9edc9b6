"""Check before a run that it can start, and report every obstacle at once.

A preview runs the checks that cost nothing, or that it needs itself. An `up` also tries the credentials. So do the
first preview of a stack and a preview that imports: the engine adds no next step to the refusal that they meet.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi
import pulumi.runtime

from infra.checks import checkout, credentials, surroundings
from infra.checks.findings import Start
from infra.protection import adopted_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.checks.findings import Finding
    from infra.config.settings import Settings
    from infra.states import State


class PreflightError(pulumi.RunError):
    """Report that a run cannot start. The message lists every obstacle, and no secret."""


def findings(start: Start) -> Iterator[Finding]:
    """Run every check that `up` and doctor share. A later preview that imports nothing asks no service.

    A service that does not answer gives a note that names the skipped check: the run that follows meets the same
    network.
    """
    yield from credentials.missing(start)
    yield from surroundings.github_owner(start)
    yield from surroundings.endpoints(start)
    yield from surroundings.engine_options(start)
    yield from surroundings.unprotected(start)
    yield from surroundings.another_database(start)
    yield from surroundings.unknown_hosts(start)
    yield from checkout.unreleased(start)
    if not start.preview or _reads_first(start.settings, start.own_ids() or {}):
        from infra.checks import access  # noqa: PLC0415  (see `infra.clouds`)

        yield from access.check(start)


def _reads_first(settings: Settings, own_ids: Mapping[str, str]) -> bool:
    """Return whether a preview is the stack's first, or imports something."""
    return not any(own_ids.values()) or bool(adopted_names(settings) - own_ids.keys())


def check(settings: Settings, before: State) -> None:
    """Check that the run can start; log every note.

    Args:
        settings: The stack's settings.
        before: The state that the last `up` left.

    Raises:
        PreflightError: The run cannot start.
    """
    own_ids = {name: recorded.id for name, recorded in before.items()}
    start = Start(settings, os.environ, credentials.given(), lambda: own_ids, preview=pulumi.runtime.is_dry_run())
    found = [*findings(start)]
    for finding in found:
        if finding.state == "note":
            pulumi.log.warn(f"{finding.what}. {finding.fix}".strip())
    if stops := [finding for finding in found if finding.stops]:
        count = "one problem" if len(stops) == 1 else f"{len(stops)} problems"
        lines = "\n".join(f"  - {finding.what}\n    → {finding.fix}" for finding in stops)
        raise PreflightError(f"Stack {settings.stack} cannot start: {count}. Nothing was touched.\n{lines}")
