"""Looks, before anything starts, whether everything is there that this run needs; says all that is missing at once.

A preview looks only at what costs nothing and what it needs itself: the credentials that providers ask for when they
start. An `up` also takes the looks of `infra.checks.duplicates`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pulumi
import pulumi.runtime

from infra import states
from infra.config.rotation import made_here
from infra.providers.fly import process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.config.settings import Settings

Needs = frozenset[str]
"""What a stack is going to do: the parts it manages, what it makes that can be rotated, such as `deploy-token`, and
`github-environment` or `github-repository` for where it puts what GitHub deploys with."""


class PreflightError(pulumi.RunError):
    """Something is missing; the message lists everything that is, with no secret value."""


class Credential(NamedTuple):
    """A credential, and what somebody who lacks it has to know.

    Attributes:
        variables: The environment variables it is taken from; the first that is not empty counts.
        config: The setting of its Pulumi provider that does as well, as `namespace:key`; empty where it has none. Such
            a provider asks for its credential when it starts, and so a preview needs it.
        kind: What it is, as narrow as it can be.
        permissions: By need, the least that it must be allowed; empty where its kind says all.
        make: Where or how one is made, as "at …" or "with …".
    """

    variables: tuple[str, ...]
    config: str
    kind: str
    permissions: Mapping[str, str]
    make: str

    def wanted(self, needs: Needs) -> str:
        """Return what it has to be, and how one is made."""
        asked = ", ".join(text for need, text in self.permissions.items() if need in needs and text)
        return f"{self.kind}{asked and f' with {asked}'}. Make one {self.make}"

    def missing(self, needs: Needs) -> str:
        """Return what to tell somebody who lacks it."""
        other = f" (or `pulumi config set --secret {self.config}`)" if self.config else ""
        return f"{self.variables[-1]} is not set{other}: {self.wanted(needs)}"

    def in_environment(self, environ: Mapping[str, str]) -> str:
        """Return its value in an environment, or nothing."""
        return next((environ[name] for name in self.variables if environ.get(name, "").strip()), "")

    def value(self) -> str:
        """Return its value as the provider will take it, from Pulumi's configuration first, or nothing."""
        namespace, _, key = self.config.partition(":")
        configured = pulumi.Config(namespace).get(key) if namespace else None
        return configured or self.in_environment(os.environ)


CREDENTIALS = {
    "Neon": Credential(
        variables=("NEON_API_KEY",),
        config="neon:apiKey",
        kind="an API key, of the organization where the projects belong to one",
        permissions={"database": ""},
        make="at https://console.neon.tech/app/settings/api-keys",
    ),
    "Cloudflare": Credential(
        variables=("CLOUDFLARE_API_TOKEN",),
        config="cloudflare:apiToken",
        kind="an API token for the one account",
        permissions={
            "storage": "Workers R2 Storage: Edit",
            "frontend": "Cloudflare Pages: Edit",
            "storage-token": "Account API Tokens: Edit (to mint the bucket's)",
        },
        make="at https://dash.cloudflare.com/profile/api-tokens",
    ),
    "GitHub": Credential(
        variables=("GITHUB_TOKEN",),
        config="github:token",
        kind="a fine-grained token for the one repository",
        permissions={
            "github-environment": "Administration and Environments: Read and write, and for a private repository "
            "Actions: Read-only",
            "github-repository": "Secrets and Variables: Read and write",
        },
        make="at https://github.com/settings/personal-access-tokens/new",
    ),
    "Fly.io": Credential(
        variables=process.TOKEN_VARIABLES,
        config="",
        kind="a token for the one organization",
        permissions={
            "backend": "",
            "deploy-token": "the right to mint tokens, which a personal one alone has (`flyctl auth token`)",
        },
        make="with `flyctl tokens create org`",
    ),
}
"""The credentials by what they are for."""

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
        from infra.checks import duplicates as looks  # noqa: PLC0415  (see `infra.clouds.http`)

        found += looks.problems(settings)
    if found:
        count = "one thing is" if len(found) == 1 else f"{len(found)} things are"
        lines = "\n".join(f"  - {problem}" for problem in found)
        raise PreflightError(f"Stack {settings.stack} cannot start, {count} amiss; nothing was touched.\n{lines}")


def needs_of(settings: Settings) -> Needs:
    """Return what the stack is going to do, as far as credentials go."""
    github = [f"github-{settings.github_scope}"] if settings.manages("delivery") else []
    return frozenset([*settings.manage, *(each.resource for each in made_here(settings)), *github])


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
            'over to the other. Correct the id. To change over all the same: docs/runbook.md, "Account move"'
        )
