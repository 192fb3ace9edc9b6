"""S3 credentials of the shared bucket."""

import hashlib
from typing import NamedTuple

import pulumi

from infra import states
from infra.config.rotation import STORAGE_TOKEN


class StorageKeys(NamedTuple):
    """S3 credentials; the second is a secret output."""

    access_key_id: pulumi.Output[str]
    secret_access_key: pulumi.Output[str]


def token_name(bucket: str, resource: str) -> str:
    """Return the name of a bucket's token at Cloudflare, given its logical name: `audio (pulumi-1)`."""
    return f"{bucket} (pulumi{resource.removeprefix(STORAGE_TOKEN.resource)})"


def s3_secret(token_value: str) -> str:
    """Return the S3 secret access key of a Cloudflare token: the SHA-256 of its value, in lower-case hex.

    The access key id is the token's id (Cloudflare's R2 documentation, "Get S3 API credentials from an API token").
    """
    return hashlib.sha256(token_value.encode()).hexdigest()


def keys_of(owner: str) -> StorageKeys:
    """Read the bucket's keys from the outputs of the stack that owns it, instead of this stack's own configuration.

    By the engine's own invoke and not by a `StackReference`: a missing stack cannot be caught there, and secrets
    that this stack's passphrase does not open come back as `{}` without an error.

    Args:
        owner: The stack that owns the bucket, in this project.

    Raises:
        pulumi.RunError: The stack is missing, was never brought up, keeps its keys where nobody can read them,
            or its secrets cannot be decrypted here. Names both stacks.
    """
    mine = pulumi.get_stack()
    try:
        outputs = states.outputs(owner)
    except states.StateError:
        problem, remedy = "there is no such stack here", f"`pulumi stack init {owner}` and `up`"
    else:
        identity, secret = outputs.get("storageAccessKeyId"), outputs.get("storageSecretAccessKey")
        if isinstance(identity, str) and identity and isinstance(secret, str) and secret:
            return StorageKeys(pulumi.Output.secret(identity), pulumi.Output.secret(secret))
        if not outputs:
            problem, remedy = "it was never brought up", f"`pulumi up -s {owner}` first"
        elif identity is None:
            problem = "it has none to give: they are kept on its Fly app (adopt.keep), where they cannot be read"
            remedy = f"Give {owner} keys of its own"
        else:
            problem = f"its secrets cannot be decrypted with {mine}'s passphrase or key"
            remedy = "Both stacks need one secrets provider for that"
    raise pulumi.RunError(
        f"storageFrom: stack {mine} takes the bucket's keys from stack {owner}, but {problem}. {remedy}, or set "
        f"storageAccessKeyId and storageSecretAccessKey for {mine} and remove storageFrom."
    )
