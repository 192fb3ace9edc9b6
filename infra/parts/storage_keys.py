"""Name, derive and share the S3 credentials of a bucket."""

import hashlib
from contextlib import suppress
from typing import NamedTuple

import pulumi

from infra import application, states
from infra.config.rotation import STORAGE_TOKEN
from infra.config.settings import Settings
from infra.parts.values import reveal


class StorageKeys(NamedTuple):
    """S3 credentials; the second is a secret output."""

    access_key_id: pulumi.Output[str]
    secret_access_key: pulumi.Output[str]


def token_name(bucket: str, resource: str) -> str:
    """Return the name that Cloudflare shows for a bucket's token, from its logical name: `audio (pulumi-1)`."""
    return f"{bucket} (pulumi{resource.removeprefix(STORAGE_TOKEN.resource)})"


def s3_secret(token_value: str) -> str:
    """Return the S3 secret access key of a Cloudflare token: the SHA-256 of its value, in lower-case hex.

    The access key id is the token's id (Cloudflare's R2 documentation, "Get S3 API credentials from an API token").
    """
    return hashlib.sha256(token_value.encode()).hexdigest()


def given_keys(settings: Settings, before: states.State) -> StorageKeys | None:
    """Return the bucket's keys that this stack does not make: configured keys, or another stack's."""
    if settings.storage_access_key_id and settings.storage_secret_access_key:
        return StorageKeys(reveal(settings.storage_access_key_id), reveal(settings.storage_secret_access_key))
    return keys_of(settings.storage_from, before) if settings.storage_from else None


def keys_of(owner: str, before: states.State) -> StorageKeys | None:
    """Read a bucket's keys from the outputs of the stack that owns it.

    The engine's own invoke reads them, because the program cannot catch a `StackReference` to a missing stack. A secret
    that this stack's passphrase does not open comes back as `{}`, without an error.

    Args:
        owner: The stack that owns the bucket, in this project.
        before: The state that the last `up` of this stack left.

    Returns:
        The keys; None while the owner was never brought up and this stack's app has no keys.

    Raises:
        pulumi.RunError: The owner has no keys to give, or this stack cannot decrypt them; or the app has keys, and the
            owner was never brought up. The message names both stacks.
    """
    mine, outputs = pulumi.get_stack(), {}
    with suppress(states.StateError):  # there is no such stack yet
        outputs = states.outputs(owner)
    identity, secret = outputs.get("storageAccessKeyId"), outputs.get("storageSecretAccessKey")
    if isinstance(identity, str) and identity and isinstance(secret, str) and secret:
        return StorageKeys(pulumi.Output.secret(identity), pulumi.Output.secret(secret))
    if not outputs and not _has_keys(before):
        pulumi.log.warn(
            f"Stack {mine} comes up without the bucket's keys: stack {owner}, which makes them, was never brought up. "
            f"After its first `up`:\n  pulumi up -s {mine}"
        )
        return None
    problem, remedy = "it was never brought up", f"Run `pulumi up -s {owner}` first"
    if outputs and identity is None:
        problem = "it has none to give: they are kept on its Fly app (adopt.keep), where nobody can read them"
        remedy = f"Give {owner} keys of its own"
    elif outputs:
        problem = f"{mine}'s passphrase or key cannot decrypt its secrets"
        remedy = "Give both stacks one secrets provider"
    raise pulumi.RunError(
        f"storageFrom: stack {mine} takes the bucket's keys from stack {owner}, but {problem}. {remedy}, or set "
        f"storageAccessKeyId and storageSecretAccessKey for {mine} and remove storageFrom."
    )


def _has_keys(before: states.State) -> bool:
    """Return whether the stack's Fly app has keys of the bucket."""
    return "fly-secrets" in before and application.STORAGE_KEYS[0] in before["fly-secrets"].outputs.get("digests", {})
