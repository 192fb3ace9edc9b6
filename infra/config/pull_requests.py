"""Derive the configuration of a pull request's stack from the template and from the stack whose database it copies."""

from __future__ import annotations

from typing import Any

from infra.config.reading import SECRET_KEYS
from infra.config.stack_files import TEMPLATE, StackFileError, StackFiles

_NOT_SHARED = (
    "flyApp",
    "apps",
    "apiUrl",
    "domains",
    "neonProject",
    "previewBranch",
    "frontendUrl",
    "githubEnvironment",
)
"""Keys that the template may not set: each stack derives its own from number, branch and copied stack."""

_INHERITED = frozenset(
    {
        *("flyOrganization", "flyRegion", "neonProject", "neonOrganizationId", "neonRegion", "neonPlan"),
        *("postgresVersion", "neonCompute", "cloudflareAccountId", "bucket", "bucketPublicHost"),
        *("pagesProject", "pagesHost", "corsOrigins", "atprotoNamespace", "clientMetadataPath", "oauthScope"),
        *("githubOwner", "githubRepository", "productionBranch", "migrationCommand"),
        *("extraSecrets", "secretAliases", "logfireToken"),
    }
)
"""Keys that a pull request's stack inherits, unless the template sets them. It inherits no other secret."""


def stack_of(number: int) -> str:
    """Return the name of a pull request's stack."""
    return f"{TEMPLATE}-{number}"


def app_of(number: int, files: StackFiles) -> str:
    """Return the name of a pull request's Fly app."""
    return f"{files.effective(parent_of(files)).get('flyApp')}-{stack_of(number)}"


def parent_of(files: StackFiles) -> str:
    """Return the stack whose database is copied.

    Raises:
        StackFileError: There is no template, or it names no stack that has a file.
    """
    if not files.template:
        raise StackFileError(f"There is no Pulumi.{TEMPLATE}.yaml, so pull requests have no environment")
    parent = files.template.get("branchOf")
    if parent not in files.stacks:
        raise StackFileError(f"Pulumi.{TEMPLATE}.yaml: branchOf names no stack that has a file: {parent!r}")
    return str(parent)


def values(number: int, branch: str, files: StackFiles) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a pull request's values beside Pulumi.yaml's, and which of their keys are the copied stack's secrets.

    Args:
        number: The pull request's number.
        branch: Its branch, whose preview on Cloudflare Pages is its frontend.
        files: The stack files.

    Raises:
        StackFileError: The template sets a derived key, or names no stack that has a file.
    """
    if set_there := [key for key in _NOT_SHARED if key in files.template]:
        raise StackFileError(
            f"Pulumi.{TEMPLATE}.yaml: {', '.join(set_there)} cannot be set there: each pull request has its own"
        )
    parent = files.stacks[parent_of(files)]
    inherited = {key: value for key, value in parent.items() if key in _INHERITED - files.template.keys()}
    derived = {"flyApp": app_of(number, files), "previewBranch": branch}
    return {**inherited, **files.template, **derived}, frozenset(inherited.keys() & SECRET_KEYS)
