"""Storage keys taken from the stack that owns the bucket, instead of from this stack's own configuration."""

import pulumi

from infra import states
from infra.s3 import StorageKeys


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
    try:
        outputs = states.outputs(owner)
    except states.StateError:
        problem = f"there is no such stack here. `pulumi stack init {owner}` and `up`"
    else:
        keys = [outputs.get(name) for name in ("storageAccessKeyId", "storageSecretAccessKey")]
        if all(isinstance(key, str) and key for key in keys):
            return StorageKeys(*map(pulumi.Output.secret, keys))
        if not outputs:
            problem = f"it was never brought up. `pulumi up -s {owner}` first"
        elif keys[0] is None:
            problem = (
                "it has none to give: they are kept on its Fly app (adopt.keep), where they cannot be read. "
                f"Give {owner} keys of its own"
            )
        else:
            problem = (
                f"its secrets cannot be decrypted with {mine}'s passphrase or key. Both stacks need one secrets "
                "provider for that"
            )
    raise pulumi.RunError(
        f"storageFrom: stack {mine} takes the bucket's keys from stack {owner}, but {problem}, or set "
        f"storageAccessKeyId and storageSecretAccessKey for {mine} and remove storageFrom."
    )
