"""What became of an interrupted creation, resource type by resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from infra.clouds import cloudflare, github, neon
from ops.recovery import clouds
from ops.recovery.clouds import credential, explained, owner
from ops.recovery.found import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.recovery.found import Operation, State
    from ops.recovery.stack import Stack

# Types whose import id follows from their inputs.
_NAMED: dict[str, tuple[str, tuple[str, ...]]] = {
    clouds.BUCKET: ("/", ("accountId", "name", "jurisdiction")),
    clouds.PAGES_PROJECT: ("/", ("accountId", "name")),
    clouds.VARIABLE: (":", ("repository", "variableName")),
    clouds.ENVIRONMENT_VARIABLE: (":", ("repository", "environment", "variableName")),
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
            `revoke`: it is there, and of no use without its value. `leave`: it is there, and another's.
        said: What was found, for a person.
        identity: The import id; for `revoke`, Cloudflare's id.
    """

    action: Literal["clear", "import", "try", "revoke", "leave"]
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
    with explained():
        return look(stack, state, operation)


def _neon_project(stack: Stack, state: State, operation: Operation) -> Verdict:
    name = operation.inputs["name"]
    found = neon.project_ids(neon.client(credential(stack, "Neon")), name, operation.inputs.get("orgId"))
    what = f"Neon project {name!r}"
    return _one_of(state, operation, what, found, console="Neon's console", import_id=lambda found: found)


def _account_token(stack: Stack, state: State, operation: Operation) -> Verdict:
    found = unknown_tokens(stack, state, operation)
    if len(found) > 1:
        raise RecoveryError(
            f"{len(found)} are called so, and none is in the state: {', '.join(one.identity for one in found)}. Revoke "
            "in Cloudflare's dashboard (Manage Account → Account API Tokens) those that nothing uses, until one at "
            "most is left"
        )
    what = f"Cloudflare account token {operation.inputs['name']!r}"
    return found[0] if found else Verdict("clear", f"there is no {what} that the state does not know")


def unknown_tokens(stack: Stack, state: State, operation: Operation) -> list[Verdict]:
    """Return a `revoke` for each account token of this name that the state does not know.

    Raises:
        KeyError, CloudError, RecoveryError: See `recover_clouds.explained`.
    """
    account, name = operation.inputs["accountId"], operation.inputs["name"]
    listed = cloudflare.token_ids(cloudflare.client(credential(stack, "Cloudflare")), account, name)
    known = {resource.get("id") for resource in state.resources.values()}
    what = f"Cloudflare account token {name!r}"
    return [
        Verdict("revoke", f"{what} is there as {identity}, and its value is lost", identity)
        for identity in listed
        if identity not in known
    ]


def _policy(stack: Stack, state: State, operation: Operation) -> Verdict:
    inputs = operation.inputs
    kind = "branch" if "branchPattern" in inputs else "tag"
    pattern, repository, environment = inputs[f"{kind}Pattern"], inputs["repository"], inputs["environment"]
    what = f"deployment policy {pattern!r} of {repository}'s environment {environment!r}"
    client = github.client(credential(stack, "GitHub"))
    with client.documented():
        policies = github.policies(client, f"{owner(state, operation)}/{repository}", environment)
        alike = [policy for policy in policies if policy["name"] == pattern]
        found = [str(policy["id"]) for policy in alike if policy.get("type", "branch") == kind]
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


_LOOKS = {clouds.NEON_PROJECT: _neon_project, clouds.ACCOUNT_TOKEN: _account_token, clouds.POLICY: _policy}
