"""What became of an interrupted creation, resource type by resource type."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

from infra import cloud_look, preflight
from infra.cloud_look import LookError, RefusedError
from ops.recover_stack import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.recover_stack import Operation, Stack, State

GITHUB_API = ("GITHUB_API_URL", "https://api.github.com")
"""The variable that moves GitHub's API elsewhere, which GitHub's own runners set, and the real address."""

_NEON_PROJECT = "neon:index/project:Project"
_ACCOUNT_TOKEN = "cloudflare:index/accountToken:AccountToken"  # noqa: S105  (a type)
_POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"

# Types whose import id follows from their inputs.
_NAMED: dict[str, tuple[str, tuple[str, ...]]] = {
    "cloudflare:index/r2Bucket:R2Bucket": ("/", ("accountId", "name", "jurisdiction")),
    "cloudflare:index/pagesProject:PagesProject": ("/", ("accountId", "name")),
    "github:index/actionsVariable:ActionsVariable": (":", ("repository", "variableName")),
    "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable": (
        ":",
        ("repository", "environment", "variableName"),
    ),
}
_DEFAULTS = {"jurisdiction": "default"}

# Why creating once more does no harm, by how the type begins.
_AGAIN = {
    "cloudflare:index/r2BucketCors:": "making it again overwrites it",
    "cloudflare:index/r2ManagedDomain:": "making it again overwrites it",
    "github:index/repositoryEnvironment:": "making it again overwrites it",
    "github:index/actionsSecret:": "making it again overwrites it",
    "github:index/actionsEnvironmentSecret:": "making it again overwrites it",
    "pulumi-python:dynamic/fly:App": "making it looks first, and takes over an app that was made and not used",
    "pulumi-python:dynamic/fly:Secrets": "making it sets them again",
    "pulumi-python:dynamic/fly:DeployToken": "making it first revokes what an interrupted one left",
    "random:": "it exists in the state alone",
    "pulumi:": "it exists in the state alone",
}


class Verdict(NamedTuple):
    """What to do about an interrupted creation.

    Attributes:
        action: `clear`: forget it. `import`: it is there. `try`: import it, or forget it where it is not there.
            `revoke`: it is there, and of no use without its value.
        said: What was found, for a person.
        identity: The import id; for `revoke`, Cloudflare's id.
    """

    action: Literal["clear", "import", "try", "revoke"]
    said: str
    identity: str = ""


def verdict(stack: Stack, state: State, operation: Operation) -> Verdict:
    """Look what became of an interrupted creation; nothing is changed.

    Raises:
        RecoveryError: It cannot be told, or not by a program.
    """
    for beginning, why in _AGAIN.items():
        if operation.type.startswith(beginning):
            return Verdict("clear", why)
    look = _LOOKS.get(operation.type, _named)
    try:
        return look(stack, state, operation)
    except (LookError, RefusedError) as error:
        raise RecoveryError(f"it could not be looked up: {error}") from None
    except KeyError as error:
        raise RecoveryError(f"the state does not say its {error.args[0]}") from None


def revoke(stack: Stack, operation: Operation, identity: str) -> None:
    """Revoke one account token at Cloudflare.

    Raises:
        RecoveryError: It could not be.
    """
    account = operation.inputs["accountId"]
    try:
        token = _credential(stack, "Cloudflare")
        cloud_look.cloudflare(f"accounts/{account}/tokens/{identity}", token, method="DELETE")
    except (LookError, RefusedError) as error:
        raise RecoveryError(
            f"{operation.name}: revoking Cloudflare account token {identity}: {error}. Revoke it in the dashboard "
            f"(Manage Account → Account API Tokens), then run `bin/recover {stack.name}` again."
        ) from None


def _neon_project(stack: Stack, state: State, operation: Operation) -> Verdict:
    name = operation.inputs["name"]
    found = cloud_look.neon_projects(_credential(stack, "Neon"), name, operation.inputs.get("orgId"))
    what = f"Neon project {name!r}"
    return _one_of(state, operation, what, found, console="Neon's console", import_id=lambda found: found)


def _account_token(stack: Stack, state: State, operation: Operation) -> Verdict:
    account, name = operation.inputs["accountId"], operation.inputs["name"]
    listed = cloud_look.account_tokens(_credential(stack, "Cloudflare"), account, name)
    known = {resource.get("id") for resource in state.resources.values()}
    found = [identity for identity in listed if identity not in known]
    what = f"Cloudflare account token {name!r}"
    if len(found) > 1:
        raise RecoveryError(
            f"{len(found)} are called so, and none is in the state: {', '.join(found)}. Revoke in Cloudflare's "
            "dashboard (Manage Account → Account API Tokens) those that nothing uses, until one at most is left"
        )
    if not found:
        return Verdict("clear", f"there is no {what} that the state does not know")
    return Verdict("revoke", f"{what} is there as {found[0]}, and its value is lost", found[0])


def _policy(stack: Stack, state: State, operation: Operation) -> Verdict:
    inputs = operation.inputs
    kind = "branch" if "branchPattern" in inputs else "tag"
    pattern, repository, environment = inputs[f"{kind}Pattern"], inputs["repository"], inputs["environment"]
    provider = state.resources.get(operation.resource["provider"].rpartition("::")[0], {})
    parts = [quote(part, safe="") for part in (provider.get("inputs", {})["owner"], repository, environment)]
    path = "repos/{}/{}/environments/{}/deployment-branch-policies?per_page=100".format(*parts)
    what = f"deployment policy {pattern!r} of {repository}'s environment {environment!r}"
    try:
        token = _credential(stack, "GitHub")
        answer = cloud_look.call("GitHub", GITHUB_API, path, token, refusals={401, 403, 404})
        policies = [one for one in answer["branch_policies"] if one["name"] == pattern]
        found = [str(one["id"]) for one in policies if one.get("type", "branch") == kind]
    except (KeyError, TypeError):
        raise LookError("GitHub's answer is not in the documented form") from None
    prefix = f"{repository}:{environment.replace(':', '??')}:"
    return _one_of(state, operation, what, found, console="GitHub", import_id=lambda found: prefix + found)


def _named(_stack: Stack, state: State, operation: Operation) -> Verdict:
    if operation.type not in _NAMED:
        raise RecoveryError(
            "this tool does not know the type. Look it up in its cloud: where it is there, `pulumi import` takes it "
            "in (docs/recovery.md); then `pulumi refresh --clear-pending-creates` forgets that it was being made"
        )
    separator, parts = _NAMED[operation.type]
    values = [str((_DEFAULTS | operation.inputs)[part]).replace(":", "??") for part in parts]
    identity = separator.join(values)
    if operation.urn in state.resources:
        old = state.resources[operation.urn].get("id")
        if old in {identity, values[1]}:
            return Verdict("clear", "the state has it already")
        raise RecoveryError(_replaced(old, identity))
    return Verdict("try", "", identity)


def _one_of(
    state: State,
    operation: Operation,
    what: str,
    found: list[str],
    *,
    console: str,
    import_id: Callable[[str], str],
) -> Verdict:
    """Return the verdict on a type that is known by an id, given the ids of all that look like it."""
    known = state.resources.get(operation.urn, {}).get("id")
    unknown = [identity for identity in found if known not in {identity, import_id(identity)}]
    if known and unknown:
        raise RecoveryError(_replaced(known, ", ".join(unknown)))
    if known:
        return Verdict("clear", f"the state has {what} already, as {known}")
    if len(unknown) > 1:
        raise RecoveryError(
            f"{len(unknown)} are called so ({what}), and the state has none: {', '.join(unknown)}. Delete in {console} "
            "those that nothing uses, or rename them, until one at most is left"
        )
    if not unknown:
        return Verdict("clear", f"there is no {what}")
    return Verdict("import", f"{what} is there as {unknown[0]}", import_id(unknown[0]))


def _replaced(old: str | None, new: str) -> str:
    return (
        f"it was to replace {old}, which the state still has, and Pulumi cannot import a second one: delete {new} "
        "where it exists, as nothing uses it yet, then forget it with `pulumi refresh --clear-pending-creates`"
    )


def _credential(stack: Stack, service: str) -> str:
    """Return a credential as the provider takes it: from Pulumi's configuration first."""
    (credential,) = (one for one in preflight.CREDENTIALS if one.service == service)
    value = stack.setting(credential.config) or preflight.from_environment(credential, os.environ)
    if not value:
        raise RecoveryError(f"it could not be looked up: {credential.missing(frozenset())}")
    return value


_LOOKS = {_NEON_PROJECT: _neon_project, _ACCOUNT_TOKEN: _account_token, _POLICY: _policy}
