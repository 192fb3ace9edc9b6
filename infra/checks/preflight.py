"""Looks, before anything starts, whether everything is there that this run needs; says all that is missing at once.

A preview looks only at what costs nothing and what it needs itself: the credentials that providers ask for when they
start. An `up` also takes the looks of `infra.checks.duplicates`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi
import pulumi.runtime

from infra import states
from infra.checks.credentials import CREDENTIALS, needs_of
from infra.providers.fly import process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.config.settings import Settings


class PreflightError(pulumi.RunError):
    """Something is missing; the message lists everything that is, with no secret value."""


ENDPOINTS = ("CLOUDFLARE_BASE_URL", "GITHUB_BASE_URL", "NEON_API_URL", *process.ENDPOINTS)
"""Variables that a provider, flyctl or a look takes for its service's address."""


def check(settings: Settings) -> None:
    """Look whether everything is there; on `up`, also whether the credentials are for what is configured.

    A look that cannot be had (no network, a service that is down) is a warning that says what was not checked: what
    it would have found is a mix-up, not a fault, and the run that follows meets the same network.

    Raises:
        PreflightError: Something is missing, or meant for something else.
    """
    for warning in redirected(os.environ):
        pulumi.log.warn(warning)
    preview, needs = pulumi.runtime.is_dry_run(), needs_of(settings)
    needed = [one for one in CREDENTIALS.values() if needs & one.permissions.keys() and (one.config or not preview)]
    found = [
        *(credential.missing(needs) for credential in needed if not credential.value()),
        *github_owner_problems(settings, os.environ),
        *another_database(settings),
    ]
    if not preview:
        from infra.checks import duplicates as looks  # noqa: PLC0415  (see `infra.clouds`)

        found += looks.problems(settings)
    if found:
        count = "one thing is" if len(found) == 1 else f"{len(found)} things are"
        lines = "\n".join(f"  - {problem}" for problem in found)
        raise PreflightError(f"Stack {settings.stack} cannot start, {count} amiss; nothing was touched.\n{lines}")


def github_owner_problems(settings: Settings, environ: Mapping[str, str]) -> Iterable[str]:
    """Yield a line where a variable would send GitHub's provider to another owner: it wins over the configured one."""
    for variable in ("GITHUB_OWNER", "GITHUB_ORGANIZATION"):
        owner = environ.get(variable)
        if owner and settings.manages("delivery") and owner != settings.github_owner:
            yield (
                f"{variable} is {owner!r}, but githubOwner is {settings.github_owner!r}, and the variable would win: "
                f"`unset {variable}`, or correct githubOwner"
            )


def redirected(environ: Mapping[str, str]) -> Iterable[str]:
    """Yield a warning for each variable that sends a service's calls, credential and all, to another address."""
    for variable in ENDPOINTS:
        # Not parsed by a library, which may refuse it: no user, no path, no port.
        host = environ.get(variable, "").rpartition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
        if host and host not in {"127.0.0.1", "localhost"}:  # the sandbox's
            yield f"{variable} is set: calls go to {host}, with the credential. `unset {variable}` unless you mean it"


def another_database(settings: Settings) -> Iterable[str]:
    """Yield a line where `adopt.neonProject` would put another database into the place of the one in the state.

    The engine imports another id over a resource that it has, be that one protected or not.
    """
    adopted = settings.adopt.neon_project
    if adopted is None or settings.unprotect or not settings.manages("database"):
        return
    try:
        in_use = states.own_ids().get("neon-project") or adopted
    except states.StateError:
        return  # the plan still shows it
    if in_use != adopted:
        yield (
            f"adopt.neonProject is {adopted!r}, but this stack's database is {in_use!r}, and the backend would change "
            'over to the other. Correct the id. To change over all the same: docs/operating.md, "A database moves"'
        )
