"""Check that the stacks of the project agree where they share, and differ where they do not."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.config.settings import Settings
from infra.config.stack_files import StackFiles

OWN = ("flyApp", "neonProject", "apiUrl", "frontendUrl")
"""What every stack has for itself."""

SHARED = ("pagesProject", "pagesHost", "productionBranch", "previewBranch", "githubOwner", "githubRepository")
"""Facts of the one Pages project and the one repository."""

OF_ONE_BUCKET = ("cloudflareAccountId", "bucketPublicHost")
"""What stacks that use one bucket must agree on."""


def preview_api_url(preview_stack: Any, files: StackFiles) -> str | None:
    """Return the API URL of another stack from its file; None where the file does not tell."""
    known = isinstance(preview_stack, str) and preview_stack in files.stacks
    other = files.effective(preview_stack) if known else {}
    app = other.get("flyApp")
    return other.get("apiUrl") or (f"https://{app}.fly.dev" if app else None)


def disagreements(settings: Settings, files: StackFiles) -> Iterator[str]:
    """Yield everything in which a stack contradicts another's file, beginning with the key it is about."""
    mine, preview, retire = files.effective(settings.stack), settings.preview_stack, settings.retire
    if preview and preview not in files.stacks:
        yield f"previewStack is {preview!r}, but there is no Pulumi.{preview}.yaml"
    elif preview and not settings.preview_api_url:
        yield f"previewStack is {preview!r}, but Pulumi.{preview}.yaml names no flyApp"
    for other in sorted(retire.confirmed.keys() - files.stacks.keys()):
        yield f"retire.confirmed names {other!r}, but there is no Pulumi.{other}.yaml"
    for other in sorted(files.stacks.keys() - {settings.stack}):
        theirs = files.effective(other)
        for key, value in _own(mine).items():
            if value and value == _own(theirs)[key]:
                yield f"{key} is {value!r} in Pulumi.{other}.yaml too: each stack has its own"
        one_bucket = mine.get("bucket") == theirs.get("bucket")
        for key in (*SHARED, *(OF_ONE_BUCKET if one_bucket else ())):
            if mine.get(key) != theirs.get(key):
                file = files.file_of(other, key)
                yield f"{key} is {mine.get(key)!r}, but {theirs.get(key)!r} in {file}: set it once, in Pulumi.yaml"
        uses = "backend" in (theirs.get("manage") or []) or theirs.keys() & {"storageAccessKeyId", "storageFrom"}
        # A token of the bucket is revoked once nobody else uses it any more.
        if one_bucket and uses and retire.confirmed.get(other, 0) < retire.storage_token:
            yield (
                f"retire.storageToken is {retire.storage_token}, but stack {other} uses that bucket too. Give it "
                "the current keys and deploy it, then `pulumi config set --path "
                f"retire.confirmed.{other} {retire.storage_token} -s {settings.stack}`"
            )


def _own(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stack has for itself, by key."""
    adopt = config.get("adopt")
    adopted = adopt.get("neonProject") if isinstance(adopt, dict) else None
    return {key: config.get(key) for key in OWN} | {"adopt.neonProject": adopted}
