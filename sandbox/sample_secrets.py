"""Make up secret settings, for encrypted values of a stack file and for keys that each team sets itself."""

from typing import Any

_STORAGE_KEYS = ("storageAccessKeyId", "storageSecretAccessKey")
# Values in the shape of the real ones. Any other setting takes any text.
_SHAPES = {
    "storageAccessKeyId": "5a4d5b0c" * 4,
    "storageSecretAccessKey": "5a4d5b0c" * 8,
    "logfireToken": "pylf_v1_us_sandboxsandboxsandboxsandboxsandbox",
    "flyDeployToken": "FlyV1 fm2_sandbox,fm2_sandbox",
}


def made_up(config: dict[str, Any], secure_keys: list[str], *, empty: bool = False) -> dict[str, str]:
    """Return made-up values for a stack's secrets.

    Args:
        config: The stack's plain configuration, without the project's namespace.
        secure_keys: Keys that the committed file holds encrypted; a dotted path within an object.
        empty: Whether nothing is adopted: the owner of the bucket makes its keys, and other stacks take them from it.

    Returns:
        A value for each key, and for the storage keys where the program requires them: the stack runs a backend
        on a bucket that it does not own, and keeps no existing keys. A preview needs none.
    """
    keys = list(secure_keys)
    manage, kept = config.get("manage") or [], (config.get("adopt") or {}).get("keep") or []
    given = "storage" in manage or "storageFrom" in config or "AWS_ACCESS_KEY_ID" in kept
    if "backend" in manage and config.get("tier") != "preview" and not (empty or given):
        keys += [key for key in _STORAGE_KEYS if key not in secure_keys and key not in config]
    return {key: _SHAPES.get(key, f"sandbox-{key}") for key in keys}
