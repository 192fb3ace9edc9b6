"""List the credentials that a stack needs, and the least permission of each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pulumi

from infra.config.rotation import made_here
from infra.providers.fly import process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.settings import Settings

Needs = frozenset[str]
"""What a stack is going to do: the parts it manages, what it makes that can be rotated, such as `deploy-token`, and
`github-environment` or `github-repository` for where it puts what GitHub deploys with."""


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


def needs_of(settings: Settings) -> Needs:
    """Return what the stack is going to do, as far as credentials go."""
    github = [f"github-{settings.github_scope}"] if settings.manages("delivery") else []
    return frozenset([*settings.manage, *(each.resource for each in made_here(settings)), *github])
