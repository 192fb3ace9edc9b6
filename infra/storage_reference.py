"""Storage keys taken from the stack that owns the bucket, instead of from this stack's own configuration."""

from typing import Any

import pulumi
import pulumi.runtime

from infra.s3 import StorageKeys

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "storageAccessKeyId", "storageSecretAccessKey"  # outputs, by their names


def keys_of(owner: str) -> StorageKeys:
    """Read the bucket's S3 keys from another stack's outputs.

    By the engine's own invoke and not by a `StackReference`: a missing stack cannot be caught there, and secrets
    that this stack's passphrase does not open come back as `{}` without an error.

    Args:
        owner: The stack that owns the bucket, in this project.

    Raises:
        pulumi.RunError: The stack is missing, was never brought up, keeps its keys where nobody can read them,
            or its secrets cannot be decrypted here. Names both stacks.
    """
    mine = pulumi.get_stack()
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{owner}"
    doing = f"storageFrom: stack {mine} takes the bucket's keys from stack {owner}, but "
    otherwise = f"or set {ACCESS_KEY_ID} and {SECRET_ACCESS_KEY} for {mine} and remove storageFrom"
    try:
        outputs: dict[str, Any] = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value[
            "outputs"
        ]
    except Exception:  # noqa: BLE001  (the engine's errors have no type of their own)
        raise pulumi.RunError(
            f"{doing}there is no such stack here. `pulumi stack init {owner}` and `up`, {otherwise}."
        ) from None
    if not outputs:
        raise pulumi.RunError(f"{doing}it was never brought up. `pulumi up -s {owner}` first, {otherwise}.")
    if ACCESS_KEY_ID not in outputs:
        raise pulumi.RunError(
            f"{doing}it has none to give: they are kept on its Fly app (adopt.keep), where they cannot be read. "
            f"Give {owner} keys of its own, {otherwise}."
        )
    identity, secret = outputs.get(ACCESS_KEY_ID), outputs.get(SECRET_ACCESS_KEY)
    if not (isinstance(identity, str) and identity and isinstance(secret, str) and secret):
        raise pulumi.RunError(
            f"{doing}its secrets cannot be decrypted with {mine}'s passphrase or key. Both stacks need one secrets "
            f"provider for that, {otherwise}."
        )
    return StorageKeys(pulumi.Output.secret(identity), pulumi.Output.secret(secret))
