"""Find out what became of an interrupted creation, kind by kind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

from infra import kinds
from infra.clouds import cloudflare, github, neon
from infra.clouds.http import CloudError, MissingError
from ops.recovery.state import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.kinds import Kind
    from ops.recovery.stack import Stack
    from ops.recovery.state import Operation, State

# The engine's own: providers and components.
_ENGINE = ("pulumi:", "relay:")


class Verdict(NamedTuple):
    """What to do about an interrupted creation.

    Attributes:
        action: `clear`: forget it. `import`: it is there. `try`: import it, and forget it where it is not there.
            `revoke`: it is there, and useless without its value.
        reason: What the cloud said, for a person.
        identity: The import id; for `revoke`, Cloudflare's id.
    """

    action: Literal["clear", "import", "try", "revoke"]
    reason: str
    identity: str = ""


def verdict(stack: Stack, state: State, operation: Operation) -> Verdict:
    """Decide what to do about an interrupted creation, and change nothing.

    Raises:
        RecoveryError: The cloud cannot be asked, or a person must decide.
    """
    kind = kinds.KINDS.get(operation.type)
    if operation.type.startswith(_ENGINE):
        return Verdict("clear", "it exists in the state alone")
    if kind is None:
        raise RecoveryError(
            "this tool does not know the type. Look it up in its cloud: `pulumi import` takes in what is there; then "
            "`pulumi refresh --clear-pending-creates` forgets that it was being made"
        )
    if kind.again:
        return Verdict("clear", kind.again)
    with explained():
        if look := _LOOKS.get(kind.type):
            return look(stack, state, operation)
        return _named(state, operation, kind)


@contextmanager
def explained() -> Iterator[None]:
    """Turn a failed question to a cloud into recovery's error.

    Raises:
        RecoveryError: The cloud did not answer, or the state lacks an input that the question needs.
    """
    try:
        yield
    except CloudError as error:
        raise RecoveryError(f"it could not be looked up: {error}") from None
    except KeyError as error:
        raise RecoveryError(f"the state does not say its {error.args[0]}") from None


def revoke(stack: Stack, account: str, identity: str) -> None:
    """Revoke an account token at Cloudflare.

    Raises:
        RecoveryError: Cloudflare did not do it.
    """
    try:
        cloudflare.revoke_token(stack.access.client("Cloudflare"), account, identity)
    except CloudError as error:
        raise RecoveryError(
            f"Revoking Cloudflare account token {identity}: {error}. Revoke it in the dashboard "
            "(Manage Account → Account API Tokens)"
        ) from None


def _neon_project(stack: Stack, state: State, operation: Operation) -> Verdict:
    name = operation.inputs["name"]
    found = neon.project_ids(stack.access.client("Neon"), name, operation.inputs.get("orgId"))
    return _by_id(state, operation, f"Neon project {name!r}", found, console="Neon's console")


def _account_token(stack: Stack, state: State, operation: Operation) -> Verdict:
    account, name = operation.inputs["accountId"], operation.inputs["name"]
    listed = cloudflare.token_ids(stack.access.client("Cloudflare"), account, name)
    ours = {resource.get("id") for resource in state.resources.values()}
    lost = [identity for identity in listed if identity not in ours]
    if len(lost) > 1:
        raise RecoveryError(
            f"{len(lost)} have this name, and the state has none of them: {', '.join(lost)}. In Cloudflare's "
            "dashboard (Manage Account → Account API Tokens) revoke those that nobody uses, until at most one is left"
        )
    title = f"Cloudflare account token {name!r}"
    if not lost:
        return Verdict("clear", f"there is no {title} that the state does not know")
    return Verdict("revoke", f"{title} is there as {lost[0]}, and its value is lost", lost[0])


def _policy(stack: Stack, state: State, operation: Operation) -> Verdict:
    inputs = operation.inputs
    kind = "branch" if "branchPattern" in inputs else "tag"
    owner = state.owner(operation.resource)
    pattern, repository, environment = inputs[f"{kind}Pattern"], inputs["repository"], inputs["environment"]
    client = stack.access.client("GitHub")
    with client.documented():
        policies = github.policies(client, f"{owner}/{repository}", environment)
        alike = [policy for policy in policies if policy["name"] == pattern]
        found = [str(policy["id"]) for policy in alike if policy.get("type", "branch") == kind]
    title = f"deployment policy {pattern!r} of {repository}'s environment {environment!r}"
    return _by_id(state, operation, title, found, console="GitHub")


def _dns_record(stack: Stack, state: State, operation: Operation) -> Verdict:
    zone, type_, name = (operation.inputs[key] for key in ("zoneId", "type", "name"))
    listed = cloudflare.records(stack.access.client("Cloudflare"), zone, name)
    found = [record["id"] for record in listed if record["type"] == type_]
    return _by_id(state, operation, f"DNS record {type_} {name}", found, console="Cloudflare's dashboard")


def _bucket_domain(stack: Stack, _state: State, operation: Operation) -> Verdict:
    account, bucket, host = (operation.inputs[key] for key in ("accountId", "bucketName", "domain"))
    try:
        cloudflare.get(stack.access.client("Cloudflare"), account, f"r2/buckets/{bucket}/domains/custom/{host}")
    except MissingError:
        return Verdict("clear", f"bucket {bucket} has no domain {host}")
    raise RecoveryError(
        f"bucket {bucket} has the domain {host}, and Pulumi cannot import it: delete it in Cloudflare's dashboard "
        "(R2 → the bucket → Settings → Custom Domains), as nothing uses it yet"
    )


_LOOKS: dict[str, Callable[[Stack, State, Operation], Verdict]] = {
    kinds.NEON_PROJECT.type: _neon_project,
    kinds.ACCOUNT_TOKEN.type: _account_token,
    kinds.DEPLOYMENT_POLICY.type: _policy,
    kinds.DNS_RECORD.type: _dns_record,
    kinds.BUCKET_CUSTOM_DOMAIN.type: _bucket_domain,
}


def _named(state: State, operation: Operation, kind: Kind) -> Verdict:
    """Return the verdict on a resource whose import id follows from its inputs."""
    identity = kind.import_id(operation.inputs)
    if operation.urn not in state.resources:
        return Verdict("try", "", identity)
    old = state.resources[operation.urn].get("id")
    # Cloudflare's provider uses the bare name as the id.
    if old not in {identity, operation.inputs[kind.name]}:
        raise RecoveryError(_replaced(old, identity))
    return Verdict("clear", "the state has it already")


def _by_id(state: State, operation: Operation, title: str, found: list[str], *, console: str) -> Verdict:
    """Return the verdict on a resource that its cloud gave an id, given the ids of all that have its name."""
    kind = kinds.KINDS[operation.type]
    imports = {identity: kind.import_id(operation.inputs, identity) for identity in found}
    known = state.resources.get(operation.urn, {}).get("id")
    unknown = [identity for identity, import_id in imports.items() if known not in {identity, import_id}]
    if known and unknown:
        raise RecoveryError(_replaced(known, ", ".join(unknown)))
    if known:
        return Verdict("clear", f"the state has {title} already, as {known}")
    if len(unknown) > 1:
        raise RecoveryError(
            f"{len(unknown)} are there ({title}), and the state has none of them: {', '.join(unknown)}. In {console} "
            "delete those that nobody uses, or rename them, until at most one is left"
        )
    if not unknown:
        return Verdict("clear", f"there is no {title}")
    return Verdict("import", f"{title} is there as {unknown[0]}", imports[unknown[0]])


def _replaced(old: str | None, new: str) -> str:
    return (
        f"it was to replace {old}, which the state still has, and Pulumi cannot import a second one: delete {new} "
        "where it exists, as nothing uses it yet, then forget it with `pulumi refresh --clear-pending-creates`"
    )
