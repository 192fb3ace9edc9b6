"""Look up interrupted creations in the clouds, by kind of resource, and decide how to resolve them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from infra import kinds
from infra.clouds import cloudflare, github, neon
from infra.clouds.http import CloudError, MissingError
from ops.recovery.stack import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.kinds import Kind
    from ops.recovery.stack import Operation, Stack, State

# Types that exist in the state alone: providers and components.
_ENGINE = ("pulumi:", "relay:")


class Verdict(NamedTuple):
    """A decision about an interrupted creation.

    Attributes:
        action: `clear` forgets the creation. `import` imports its resource. `try` imports the resource, or forgets the
            creation if the import finds nothing. `revoke` revokes a token whose value is lost.
        reason: The finding behind the decision, for the user.
        identity: The import id; for `revoke`, Cloudflare's id.
    """

    action: Literal["clear", "import", "try", "revoke"]
    reason: str
    identity: str = ""


def verdict(stack: Stack, state: State, operation: Operation) -> Verdict:
    """Decide how to resolve an interrupted creation, and change nothing.

    Raises:
        RecoveryError: The cloud did not answer, or a person must decide.
    """
    kind = kinds.KINDS.get(operation.type)
    if operation.type.startswith(_ENGINE):
        return Verdict("clear", "it exists in the state alone")
    if kind and kind.again:
        return Verdict("clear", kind.again)
    if kind is None or not (kind.named or kind.type in _LOOKS):
        raise RecoveryError(
            f"this tool cannot look up its type. If its cloud has the resource, import it: `pulumi import -s "
            f"{stack.name}`. Then forget the creation: `pulumi refresh -s {stack.name} --clear-pending-creates`"
        )
    with explained():
        if look := _LOOKS.get(kind.type):
            return _by_id(state, operation, kind, look(stack, state, operation))
        return _by_name(state, operation, kind)


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
        raise RecoveryError(f"the state lacks its {error.args[0]}") from None


def revoke(stack: Stack, account: str, identity: str) -> None:
    """Revoke an account token at Cloudflare.

    Raises:
        RecoveryError: Cloudflare did not revoke the token.
    """
    try:
        cloudflare.revoke_token(stack.access.client("Cloudflare"), account, identity)
    except CloudError as error:
        raise RecoveryError(
            f"Revoking Cloudflare account token {identity}: {error}. Revoke it in the dashboard "
            "(Manage Account → Account API Tokens)"
        ) from None


def _neon_projects(stack: Stack, _state: State, operation: Operation) -> list[str]:
    inputs = operation.inputs
    return neon.project_ids(stack.access.client("Neon"), inputs["name"], inputs.get("orgId"))


def _account_tokens(stack: Stack, _state: State, operation: Operation) -> list[str]:
    inputs = operation.inputs
    return cloudflare.token_ids(stack.access.client("Cloudflare"), inputs["accountId"], inputs["name"])


def _policies(stack: Stack, state: State, operation: Operation) -> list[str]:
    inputs = operation.inputs
    kind = "branch" if "branchPattern" in inputs else "tag"
    client = stack.access.client("GitHub")
    repository = f"{state.owner(operation.resource)}/{inputs['repository']}"
    with client.documented():
        policies = github.policies(client, repository, inputs["environment"])
        alike = [policy for policy in policies if policy["name"] == inputs[f"{kind}Pattern"]]
        return [str(policy["id"]) for policy in alike if policy.get("type", "branch") == kind]


def _dns_records(stack: Stack, _state: State, operation: Operation) -> list[str]:
    inputs = operation.inputs
    listed = cloudflare.records(stack.access.client("Cloudflare"), inputs["zoneId"], inputs["name"])
    return [record["id"] for record in listed if record["type"] == inputs["type"]]


def _bucket_domains(stack: Stack, _state: State, operation: Operation) -> list[str]:
    account, bucket, host = (operation.inputs[key] for key in ("accountId", "bucketName", "domain"))
    try:
        cloudflare.get(stack.access.client("Cloudflare"), account, f"r2/buckets/{bucket}/domains/custom/{host}")
    except MissingError:
        return []
    return [host]


_LOOKS: Mapping[str, Callable[[Stack, State, Operation], list[str]]] = {
    kinds.NEON_PROJECT.type: _neon_projects,
    kinds.ACCOUNT_TOKEN.type: _account_tokens,
    kinds.DEPLOYMENT_POLICY.type: _policies,
    kinds.DNS_RECORD.type: _dns_records,
    kinds.BUCKET_CUSTOM_DOMAIN.type: _bucket_domains,
}
"""The questions to the clouds by type. A question returns the ids of resources that the creation may have made."""


def _by_name(state: State, operation: Operation, kind: Kind) -> Verdict:
    """Return the verdict on a resource whose import id follows from its inputs."""
    identity = kind.import_id(operation.inputs)
    if operation.urn not in state.resources:
        return Verdict("try", "", identity)
    old = state.resources[operation.urn].get("id")
    # Cloudflare's provider uses the name alone as the id.
    if old not in {identity, operation.inputs[kind.name]}:
        raise _replaced(state, operation, identity)
    return Verdict("clear", "the state has it already")


def _by_id(state: State, operation: Operation, kind: Kind, found: list[str]) -> Verdict:
    """Return the verdict on a resource whose id its cloud chose; `found` has the ids that may be its own.

    An id that the state has already belongs to another resource: two DNS records may have one name.
    """
    title = _title(kind, operation.inputs)
    known = {resource.get("id") for resource in state.resources.values()}
    imports = {identity: kind.import_id(operation.inputs, identity) for identity in found}
    unknown = [identity for identity, import_id in imports.items() if not known & {identity, import_id}]
    if not unknown:
        return Verdict("clear", f"the state has {title} already" if found else f"there is no {title}")
    if len(unknown) > 1:
        raise RecoveryError(
            f"{title} exists more than once, and the state has none of them: {', '.join(unknown)}. At "
            f"{kind.service}, delete those that nobody uses, until at most one is left"
        )
    (identity,) = unknown
    if kind == kinds.ACCOUNT_TOKEN:
        return Verdict("revoke", f"{title} exists as {identity}, and its value is lost", identity)
    if kind == kinds.BUCKET_CUSTOM_DOMAIN:
        raise RecoveryError(
            f"{title} exists, and Pulumi cannot import it: delete it in Cloudflare's dashboard "
            "(R2 → the bucket → Settings → Custom Domains), as nothing uses it yet"
        )
    if operation.urn in state.resources:
        raise _replaced(state, operation, identity)
    return Verdict("import", f"{title} exists as {identity}", imports[identity])


def _title(kind: Kind, inputs: Mapping[str, Any]) -> str:
    name = inputs.get(kind.name) or inputs.get("branchPattern") or inputs.get("tagPattern")
    return f"{kind.title} {name!r}"


def _replaced(state: State, operation: Operation, new: str) -> RecoveryError:
    stack = operation.urn.split(":")[2]
    return RecoveryError(
        f"it replaces {state.resources[operation.urn].get('id')}, which the state still has, and Pulumi cannot import "
        f"a second resource of that name. If {new} exists, delete it: nothing uses it yet. Then forget the creation: "
        f"`pulumi refresh -s {stack} --clear-pending-creates`"
    )
