"""Add the facts that other stacks' files show, and check that the stacks agree on what they share.

The checks compare validated settings. A value that another stack's file holds encrypted is unknown.
"""

from collections.abc import Iterator, Mapping

from pydantic.alias_generators import to_snake

from infra import application
from infra.config.hosts import with_pages_host
from infra.config.ownership import claimed_twice, owners_missing
from infra.config.reading import Read, read_files
from infra.config.settings import Settings
from infra.config.stack_files import StackFiles
from infra.config.tiers import TIERS

OF_THE_REPOSITORY = ("githubOwner", "githubRepository")
OF_ONE_PAGES_PROJECT = ("pagesHost", "productionBranch", "previewBranch")
OF_ONE_BUCKET = ("cloudflareAccountId", "bucketPublicHost")
SHARED = ("productionStacks", *OF_THE_REPOSITORY, "pagesProject", *OF_ONE_PAGES_PROJECT, "bucket", *OF_ONE_BUCKET)
"""Keys that stacks share."""

_NAMES_API = {"flyApp", "apiUrl", "domains"}
"""Keys from which the URL of a stack's API follows."""


def neighbours(stack: str, files: StackFiles) -> dict[str, Read]:
    """Read the files of every other stack, by name."""
    return {other: read_files(other, files) for other in files.stacks if other != stack}


def with_facts(settings: Settings, others: Mapping[str, Read]) -> Settings:
    """Return the settings with the facts that other stacks' files add."""
    stacks = {name: read.settings for name, read in others.items()} | {settings.stack: settings}
    # A stack with a Pages project of its own serves its previews itself; production never does.
    preview = settings.preview_stack or (settings.stack if settings.tier != "production" else "")
    hidden = preview in others and others[preview].unknown & _NAMES_API
    known = preview in stacks and not hidden and stacks[preview].has_api
    order = sorted(stacks.values(), key=lambda s: (s.stack != settings.stack, -list(TIERS).index(s.tier), s.stack))
    sharing = [s for s in with_pages_host(settings, order) if s.bucket == settings.bucket]
    origins = [origin for s in sharing for origin in application.origins(s)]
    audio = (s.domains.audio for s in sharing if s.domains.audio)
    return settings.model_copy(
        update={
            "preview_api_url": stacks[preview].api_url if known else None,
            "bucket_origins": tuple(dict.fromkeys(origins)),
            "storage_from": settings.storage_from or _key_maker(settings, stacks),
            "bucket_domain": next(audio, None),
        }
    )


def _key_maker(settings: Settings, stacks: Mapping[str, Settings]) -> str | None:
    """Return the stack that makes the keys of the bucket, if this stack needs them and has none."""
    has_keys = settings.storage_access_key_id or settings.storage_secret_access_key or settings.manages("storage")
    if (
        has_keys
        or settings.branch_of
        or not settings.manages("backend")
        or application.STORAGE_KEYS[0] in settings.adopt.keep
    ):
        return None
    return next((s.stack for s in stacks.values() if s.mints_storage_token and s.bucket == settings.bucket), None)


def disagreements(mine: Read, others: Mapping[str, Read], files: StackFiles) -> Iterator[str]:
    """Yield every contradiction between a stack and the others, beginning with the key it is about."""
    settings = mine.settings
    yield from claimed_twice(mine, others, files)
    yield from _not_agreed(mine, others, files)
    yield from _one_production(settings, others)
    yield from owners_missing(mine, others)
    yield from _preview_api(settings, others)
    yield from _not_retired(settings, others)
    yield from _parent(settings, others)


def _not_agreed(mine: Read, others: Mapping[str, Read], files: StackFiles) -> Iterator[str]:
    settings = mine.settings
    for key in (*OF_THE_REPOSITORY, *OF_ONE_PAGES_PROJECT, *OF_ONE_BUCKET):
        if key == "previewBranch" and settings.tier == "preview":
            continue  # a pull request's own branch
        value, found = getattr(settings, to_snake(key)), {}
        for other, read in others.items():
            theirs = read.settings
            shared = key in OF_THE_REPOSITORY or (
                theirs.bucket == settings.bucket
                if key in OF_ONE_BUCKET
                else theirs.pages_project == settings.pages_project
            )
            if shared and key not in mine.unknown | read.unknown and getattr(theirs, to_snake(key)) != value:
                found[files.file_of(other, key)] = getattr(theirs, to_snake(key))
        if found:
            elsewhere = ", ".join(f"{theirs!r} in {file}" for file, theirs in found.items())
            yield f"{key} is {value!r}, but {elsewhere}: set it once, in Pulumi.yaml"


def _one_production(settings: Settings, others: Mapping[str, Read]) -> Iterator[str]:
    found = {name for name, read in others.items() if read.settings.tier == "production" and "tier" not in read.unknown}
    if settings.tier == "production" and found - settings.production_stacks:
        every = sorted({settings.stack, *found})
        yield (
            f"tier is production for {' and '.join(every)}: a project has one production. If you mean it, name them in "
            f"Pulumi.yaml under productionStacks: {every}"
        )


def _preview_api(settings: Settings, others: Mapping[str, Read]) -> Iterator[str]:
    preview = settings.preview_stack
    if not preview or preview == settings.stack:
        return
    file = f"Pulumi.{preview}.yaml"
    if preview not in others:
        yield f"previewStack is {preview!r}, but there is no {file}"
    elif hidden := sorted(others[preview].unknown & _NAMES_API):
        yield (
            f"previewStack is {preview!r}, but {hidden[0]} in {file} is encrypted or invalid, and hides the stack's "
            "API: set it in clear"
        )
    elif not settings.preview_api_url:
        yield f"previewStack is {preview!r}, but {file} names no flyApp"


def _not_retired(settings: Settings, others: Mapping[str, Read]) -> Iterator[str]:
    """Yield each stack that may still use a token of the bucket that this stack is about to revoke."""
    retire = settings.retire
    for other in sorted(retire.confirmed.keys() - others.keys()):
        yield f"retire.confirmed names {other!r}, but there is no Pulumi.{other}.yaml"
    for other, read in others.items():
        theirs = read.settings
        uses = theirs.manages("backend") or theirs.storage_from or theirs.storage_access_key_id
        if uses and theirs.bucket == settings.bucket and retire.confirmed.get(other, 0) < retire.storage_token:
            yield (
                f"retire.storageToken is {retire.storage_token}, but stack {other} uses that bucket too. Give it "
                "the current keys and deploy it, then `pulumi config set --path "
                f"retire.confirmed.{other} {retire.storage_token} -s {settings.stack}`"
            )


def _parent(settings: Settings, others: Mapping[str, Read]) -> Iterator[str]:
    """Yield why a pull request may not copy the database of `branchOf`: no production data leaves production."""
    name = settings.branch_of
    if not name:
        return
    if name not in others:
        yield f"branchOf is {name!r}, but there is no Pulumi.{name}.yaml"
        return
    parent = others[name].settings
    if parent.tier != "staging":
        yield f"branchOf is {name!r}, whose tier is {parent.tier}: a pull request gets a copy of staging data alone"
    elif not (parent.manages("database") and parent.fly_app):
        yield f"branchOf is {name!r}, which manages no database or has no Fly app: there is nothing to copy"
    if parent.default_branch_protected:
        yield f"branchOf is {name!r}, whose default branch is protected: no pull request gets a copy of protected data"
