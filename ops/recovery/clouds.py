"""How `bin/recover` asks the clouds itself: the types it knows, credentials, what a failed look says, one deletion."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.checks.credentials import CREDENTIALS
from infra.clouds import cloudflare
from infra.clouds.http import CloudError
from ops.recovery.found import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.recovery.found import Operation, State
    from ops.recovery.stack import Stack

NEON_PROJECT = "neon:index/project:Project"
ACCOUNT_TOKEN = "cloudflare:index/accountToken:AccountToken"  # noqa: S105  (a type)
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
PAGES_PROJECT = "cloudflare:index/pagesProject:PagesProject"
ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
VARIABLE = "github:index/actionsVariable:ActionsVariable"
ENVIRONMENT_VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"


@contextmanager
def explained() -> Iterator[None]:
    """Say what went wrong with a look in recovery's own words.

    Raises:
        RecoveryError: It failed, or lacks what it needs.
    """
    try:
        yield
    except CloudError as error:
        raise RecoveryError(f"it could not be looked up: {error}") from None
    except KeyError as error:
        raise RecoveryError(f"the state does not say its {error.args[0]}") from None


def credential(stack: Stack, service: str) -> str:
    """Return a credential as the provider takes it: from Pulumi's configuration first.

    Raises:
        RecoveryError: There is none.
    """
    wanted = CREDENTIALS[service]
    value = stack.setting(wanted.config) or wanted.in_environment(os.environ)
    if not value:
        raise RecoveryError(f"it could not be looked up: {wanted.missing(frozenset())}")
    return value


def owner(state: State, operation: Operation) -> str:
    """Return the owner of the GitHub repository that something belongs to.

    Raises:
        KeyError: The state has no provider that says so.
    """
    provider = state.resources.get(operation.resource["provider"].rpartition("::")[0], {})
    return str(provider.get("inputs", {})["owner"])


def revoke(stack: Stack, operation: Operation, identity: str) -> None:
    """Revoke one account token at Cloudflare.

    Raises:
        RecoveryError: It could not be.
    """
    account = operation.inputs["accountId"]
    try:
        cloudflare.revoke_token(cloudflare.client(credential(stack, "Cloudflare")), account, identity)
    except CloudError as error:
        raise RecoveryError(
            f"{operation.name}: revoking Cloudflare account token {identity}: {error}. Revoke it in the dashboard "
            f"(Manage Account → Account API Tokens), then run `bin/recover {stack.name}` again."
        ) from None
