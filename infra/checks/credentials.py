"""List the credentials that a stack needs, and the least permission of each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pulumi

from infra.checks.findings import Finding
from infra.config.domains import all_of
from infra.config.rotation import made_here
from infra.providers.fly import process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.checks.findings import Start
    from infra.config.settings import Settings

Needs = frozenset[str]
"""Reasons to need a credential: a stack's parts, its rotating keys, such as `deploy-token`, `domains`, `pages-domain`,
and the place of its secrets in GitHub, `github-environment` or `github-repository`."""


class Credential(NamedTuple):
    """A credential of one service.

    Attributes:
        variables: The environment variables that hold it; the first that is not empty counts.
        config: The setting of its Pulumi provider that may hold it instead, as `namespace:key`; empty without such a
            provider. A provider asks for its credential when it starts, so a preview needs it.
        kind: Its narrowest kind.
        permissions: By need, the least permission; empty where the kind says it all.
        make: The place or command that makes one, as "at …" or "with …".
        reads: The least kind for previews and drift, which change nothing.
    """

    variables: tuple[str, ...]
    config: str
    kind: str
    permissions: Mapping[str, str]
    make: str
    reads: str

    def wanted(self, needs: Needs) -> str:
        """Return its kind with the permissions for these needs, and how to make one."""
        asked = ", ".join(text for need, text in self.permissions.items() if need in needs and text)
        return f"{self.kind}{asked and f' with {asked}'}. Make one {self.make}"

    def missing(self, needs: Needs) -> Finding:
        """Return the finding that it is not set."""
        other = f" (or `pulumi config set --secret {self.config}`)" if self.config else ""
        return Finding("missing", f"{self.variables[-1]} is not set{other}", f"It takes {self.wanted(needs)}")

    def in_environment(self, environ: Mapping[str, str]) -> str:
        """Return its value in an environment, or an empty text."""
        return next((environ[name] for name in self.variables if environ.get(name, "").strip()), "")

    def value(self) -> str:
        """Return its value as the provider takes it, from Pulumi's configuration first, or an empty text."""
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
        reads="the same: Neon has no key that only reads",
    ),
    "Cloudflare": Credential(
        variables=("CLOUDFLARE_API_TOKEN",),
        config="cloudflare:apiToken",
        kind="an API token for the one account",
        permissions={
            "storage": "Workers R2 Storage Write",
            "frontend": "Pages Write",
            "storage-token": "Account API Tokens Write",
            "pages-domain": "Pages Write",
            "domains": "Zone Read and DNS Write on the zone",
        },
        make="at https://dash.cloudflare.com/profile/api-tokens",
        reads="Workers R2 Storage Read, Pages Read and Account API Tokens Read; for domains, Zone Read and DNS Read",
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
        reads="Environments, Secrets, Variables and Actions: Read-only",
    ),
    "Fly.io": Credential(
        variables=process.TOKEN_VARIABLES,
        config="",
        kind="a token for the one organization",
        permissions={
            "backend": "",
            "deploy-token": "the right to mint deploy tokens, which Fly.io may grant only to a person's own login",
        },
        make="with `flyctl tokens create org`",
        reads="a token of `flyctl tokens create readonly`; a plain preview needs none",
    ),
}
"""The credentials by service."""

CURES = {
    "Neon": {
        "org_id is required": "Set neonOrganizationId to the organization's id (`org-…`), which Neon's console shows "
        "under the organization's settings",
    },
    "Cloudflare": {r"\b10042\b": "Enable R2 in Cloudflare's dashboard, under R2 Object Storage"},
    "GitHub": {
        "archived": "Unarchive the repository in its settings",
        "SAML": "Authorise the token for the organization, under Configure SSO in GitHub's list of your tokens",
        "lifetime": "Make a token with the shorter life that the organization asks for",
    },
}
"""By service and words of its answer, the cure where another credential is none (from reports of each message)."""


def needs_of(settings: Settings) -> Needs:
    """Return the needs of a stack."""
    github = [f"github-{settings.github_scope}"] if settings.manages("delivery") else []
    roles = {domain.role for domain in all_of(settings.domains, settings.former_domains)}
    # Another stack's Pages project serves a preview stack's frontend.
    pages = ["pages-domain"] if "frontend" in roles and not settings.manages("frontend") else []
    domains = [*pages, "domains"] if roles else []
    return frozenset([*settings.manage, *(each.resource for each in made_here(settings)), *github, *domains])


def given() -> dict[str, str]:
    """Return the credentials that this run of the program has, by service."""
    values = {service: credential.value() for service, credential in CREDENTIALS.items()}
    return {service: value for service, value in values.items() if value}


def missing(start: Start) -> Iterator[Finding]:
    """Report each credential that the run needs and that is not set.

    A preview does not need Fly's token: flyctl runs on `up` alone.
    """
    needs = needs_of(start.settings)
    for service, credential in CREDENTIALS.items():
        needed = needs & credential.permissions.keys() and (credential.config or not start.preview)
        if needed and service not in start.credentials:
            yield credential.missing(needs)
