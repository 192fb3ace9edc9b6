"""What must agree, or differ, between the stacks: read from their files, undecrypted, beside each other."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings import Settings
from infra.stackfiles import StackFiles

OWN = ("flyApp", "neonProject", "apiUrl", "frontendUrl")
"""What every stack has for itself."""

SHARED = ("pagesProject", "pagesHost", "productionBranch", "previewBranch", "githubOwner", "githubRepository")
"""Facts of the one Pages project and the one repository."""

OF_ONE_BUCKET = ("cloudflareAccountId", "bucketPublicHost")
"""What stacks that use one bucket must agree on."""


def preview_api_url(preview_stack: Any, files: StackFiles) -> str | None:
    """Return the API URL of another stack from its file; None where the file does not tell."""
    other = files.effective(str(preview_stack)) if preview_stack in files.stacks else {}
    app = other.get("flyApp")
    return other.get("apiUrl") or (f"https://{app}.fly.dev" if app else None)


def disagreements(stack: str, preview: Any, files: StackFiles) -> Iterator[tuple[str, str]]:
    """Yield, with the key it is about, everything in which this stack contradicts another's file.

    Args:
        stack: This stack.
        preview: Its `previewStack`.
        files: All stacks' files.
    """
    mine = files.effective(stack)
    if preview and preview not in files.stacks:
        yield "previewStack", f"previewStack is {preview!r}, but there is no Pulumi.{preview}.yaml"
    elif preview and not preview_api_url(preview, files):
        yield "previewStack", f"previewStack is {preview!r}, but Pulumi.{preview}.yaml names no flyApp"
    for other in sorted(files.stacks.keys() - {stack}):
        theirs = files.effective(other)
        for key in OWN:
            if mine.get(key) and mine.get(key) == theirs.get(key):
                yield key, f"{key} is {mine[key]!r} in Pulumi.{other}.yaml too: each stack has its own"
        if _adopted_project(mine) and _adopted_project(mine) == _adopted_project(theirs):
            text = f"adopt.neonProject is the same project in Pulumi.{other}.yaml: a database has one owner"
            yield "adopt", text
        for key in (*SHARED, *(OF_ONE_BUCKET if mine.get("bucket") == theirs.get("bucket") else ())):
            if mine.get(key) != theirs.get(key):
                file = files.file_of(other, key)
                yield key, f"{key} is {mine.get(key)!r}, but {theirs.get(key)!r} in {file}: set it once, in Pulumi.yaml"


def unconfirmed(stack: str, settings: Settings, files: StackFiles) -> Iterator[tuple[str, str]]:
    """Yield the other stacks that may still use a token of the bucket that is to be revoked."""
    mine, retire = files.effective(stack), settings.retire
    for other in sorted(retire.confirmed.keys() - files.stacks.keys()):
        yield "retire", f"retire.confirmed names {other!r}, but there is no Pulumi.{other}.yaml"
    for other in sorted(files.stacks.keys() - {stack}):
        theirs = files.effective(other)
        shared = all(mine.get(key) == theirs.get(key) for key in ("cloudflareAccountId", "bucket"))
        uses = "backend" in (theirs.get("manage") or []) or theirs.keys() & {"storageAccessKeyId", "storageFrom"}
        if shared and uses and retire.confirmed.get(other, 0) < retire.storage_token:
            yield (
                "retire",
                f"retire.storageToken is {retire.storage_token}, but stack {other} uses that bucket too. Give it "
                "the current keys and deploy it, then `pulumi config set --path "
                f"retire.confirmed.{other} {retire.storage_token} -s {stack}`",
            )


def _adopted_project(config: Mapping[str, Any]) -> Any:
    adopt = config.get("adopt")
    return adopt.get("neonProject") if isinstance(adopt, dict) else None
