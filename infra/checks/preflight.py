"""Check before a run that it can start, and report every obstacle at once.

A preview checks what costs nothing and what it needs itself. An `up` also tries the credentials.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi
import pulumi.runtime

from infra import states
from infra.checks import checkout, credentials, surroundings
from infra.checks.findings import Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.checks.findings import Finding
    from infra.config.settings import Settings


class PreflightError(pulumi.RunError):
    """Report that a run cannot start. The message lists every obstacle, and no secret."""


def findings(start: Start) -> Iterator[Finding]:
    """Run every check that `up` and doctor share; of those that ask a service, none for a preview.

    A service that does not answer is a note that names what was not checked: the run that follows meets the same
    network.
    """
    yield from credentials.missing(start)
    yield from surroundings.github_owner(start)
    yield from surroundings.endpoints(start)
    yield from surroundings.engine_options(start)
    yield from surroundings.unprotected(start)
    yield from surroundings.another_database(start)
    yield from checkout.unreleased(start)
    if not start.preview:
        from infra.checks import access  # noqa: PLC0415  (see `infra.clouds`)

        yield from access.check(start)


def check(settings: Settings) -> None:
    """Check that the run can start; log every note.

    Raises:
        PreflightError: It cannot.
    """
    preview = pulumi.runtime.is_dry_run()
    found = [*findings(Start(settings, os.environ, credentials.given(), states.own_ids, preview=preview))]
    for finding in found:
        if finding.state == "note":
            pulumi.log.warn(f"{finding.what}. {finding.fix}".strip())
    if stops := [finding for finding in found if finding.stops]:
        count = "one problem" if len(stops) == 1 else f"{len(stops)} problems"
        lines = "\n".join(f"  - {finding.what}\n    → {finding.fix}" for finding in stops)
        raise PreflightError(f"Stack {settings.stack} cannot start: {count}. Nothing was touched.\n{lines}")
