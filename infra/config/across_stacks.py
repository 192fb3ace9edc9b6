"""Check that a set of stacks can exist: whatever exists once has one owner, and stacks agree on what they share.

Stacks are compared by their validated settings. A value that another stack's file holds encrypted is not known.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra import application
from infra.config.domains import all_of
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
"""Keys that tell where a stack's API is."""


class Claim(NamedTuple):
    """Something that exists once, and that a stack takes for itself.

    Attributes:
        key: The key that names it.
        name: Its name.
        within: The account or repository in which the name is unique; empty for all the world.
        part: The part by which a stack owns it; empty where every stack has its own.
    """

    key: str
    name: str
    within: str = ""
    part: str = ""


def neighbours(stack: str, files: StackFiles) -> dict[str, Read]:
    """Return what the files show of every other stack, by name."""
    return {other: read_files(other, files) for other in files.stacks if other != stack}


def with_facts(settings: Settings, others: Mapping[str, Read]) -> Settings:
    """Return the settings with the facts that other stacks' files add."""
    stacks = {name: read.settings for name, read in others.items()} | {settings.stack: settings}
    # A stack with a Pages project of its own serves its previews itself; production never does.
    preview = settings.preview_stack or (settings.stack if settings.tier != "production" else "")
    hidden = preview in others and others[preview].unknown & _NAMES_API
    known = preview in stacks and not hidden and _has_api(stacks[preview])
    order = sorted(stacks.values(), key=lambda s: (s.stack != settings.stack, -list(TIERS).index(s.tier), s.stack))
    sharing = [s for s in order if s.bucket == settings.bucket]
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
    """Return the stack that makes the keys of the bucket, where this stack needs them and has none."""
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
    yield from _claimed_twice(mine, others, files)
    yield from _not_agreed(mine, others, files)
    yield from _one_production(settings, others)
    yield from _owners_missing(settings, others)
    yield from _preview_api(settings, others)
    yield from _not_retired(settings, others)
    yield from _parent(settings, others)


def claims(s: Settings) -> Iterator[Claim]:
    """Yield what a stack takes for itself, whatever its tier."""
    repository, account = f"{s.github_owner}/{s.github_repository}", s.cloudflare_account_id
    for app in filter(None, (s.fly_app, *sorted(s.apps))):
        yield Claim("flyApp", app)
    if not s.branch_of:
        yield Claim("neonProject", s.neon_project)
    if s.adopt.neon_project:
        yield Claim("adopt.neonProject", s.adopt.neon_project)
    if s.tier != "development" and _has_api(s):
        yield Claim("apiUrl", s.api_url)
    if s.frontend_url_override:
        yield Claim("frontendUrl", s.frontend_url_override)
    yield from (Claim("domains", domain.host) for domain in all_of(s.domains, s.former_domains))
    if s.tier != "development" and s.github_scope == "environment":
        # GitHub ignores the case of both.
        yield Claim("githubEnvironment", s.github_environment_name.lower(), repository.lower())
    yield Claim("atprotoNamespace", application.namespace_of(s))
    yield from _owned(s, account, repository.lower())


def _owned(s: Settings, account: str, repository: str) -> Iterator[Claim]:
    """Yield what the stack owns by the parts that it manages."""
    if s.manages("frontend"):
        yield Claim("pagesProject", s.pages_project, account, "frontend")
        if s.production_branch != s.main_branch:  # which people push to, and no deployment moves
            yield Claim("productionBranch", s.production_branch, repository, "frontend")
    if s.manages("storage"):
        for bucket in (s.bucket, *sorted(s.extra_buckets)):
            yield Claim("bucket", bucket, account, "storage")


def _claimed_twice(mine: Read, others: Mapping[str, Read], files: StackFiles) -> Iterator[str]:
    for claim in claims(mine.settings):
        key = claim.key.partition(".")[0]
        for other, read in others.items():
            same_app = claim.key == "apiUrl" and read.settings.fly_app == mine.settings.fly_app  # reported as flyApp
            if same_app or key in mine.unknown | read.unknown or claim not in claims(read.settings):
                continue
            if claim.part:
                yield (
                    f"manage has `{claim.part}`, but stack {other} manages {key} {claim.name!r} already: remove the "
                    f"part here, or set another {key}"
                )
            else:
                yield f"{claim.key} is {claim.name!r} in {files.file_of(other, key)} too: each stack has its own"


def _not_agreed(mine: Read, others: Mapping[str, Read], files: StackFiles) -> Iterator[str]:
    settings = mine.settings
    for key in (*OF_THE_REPOSITORY, *OF_ONE_PAGES_PROJECT, *OF_ONE_BUCKET):
        if key == "previewBranch" and settings.tier == "preview":
            continue  # a pull request's own branch
        value, found = _value(settings, key), {}
        for other, read in others.items():
            theirs = read.settings
            shared = key in OF_THE_REPOSITORY or (
                theirs.bucket == settings.bucket
                if key in OF_ONE_BUCKET
                else theirs.pages_project == settings.pages_project
            )
            if shared and key not in mine.unknown | read.unknown and _value(theirs, key) != value:
                found[files.file_of(other, key)] = _value(theirs, key)
        if found:
            elsewhere = ", ".join(f"{theirs!r} in {file}" for file, theirs in found.items())
            yield f"{key} is {value!r}, but {elsewhere}: set it once, in Pulumi.yaml"


def _value(settings: Settings, key: str) -> object:
    name = next(name for name, field in Settings.model_fields.items() if field.alias == key)
    return getattr(settings, name)


def _one_production(settings: Settings, others: Mapping[str, Read]) -> Iterator[str]:
    found = {name for name, read in others.items() if read.settings.tier == "production" and "tier" not in read.unknown}
    if settings.tier == "production" and found - settings.production_stacks:
        every = sorted({settings.stack, *found})
        yield (
            f"tier is production for {' and '.join(every)}: a project has one production. If you mean it, name them in "
            f"Pulumi.yaml under productionStacks: {every}"
        )


def _owners_missing(s: Settings, others: Mapping[str, Read]) -> Iterator[str]:
    """Yield a bucket or Pages project that this stack uses and no stack owns.

    Production counts as their owner while it is taken over part by part.
    """
    if s.storage_from not in (None, s.stack, *others):
        yield f"storageFrom is {s.storage_from!r}, but there is no Pulumi.{s.storage_from}.yaml"
    owners = [read.settings for read in others.values()]
    uses_bucket = not s.manages("storage") and (s.manages("backend") or s.storage_from or s.storage_access_key_id)
    shared = {one.bucket for one in owners if one.tier == "production" or one.manages("storage")}
    if uses_bucket and s.tier != "production" and s.bucket not in shared:
        yield (
            f"bucket is {s.bucket!r}, which no stack manages: manage `storage` here, or name the bucket of a stack "
            "that does"
        )
    uses_pages = s.tier != "development" and not (s.manages("frontend") or s.frontend_url_override)
    shared = {one.pages_project for one in owners if one.tier == "production" or one.manages("frontend")}
    if uses_pages and s.tier != "production" and s.pages_project not in shared:
        yield (
            f"pagesProject is {s.pages_project!r}, which no stack manages: manage `frontend` here, set frontendUrl, or "
            "name the project of a stack that does"
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
            f"previewStack is {preview!r}, but {hidden[0]} in {file} is encrypted or not valid, so that its API is not "
            "known from the file: set it in clear"
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
    """Yield why a pull request's database may be no branch of a stack's: no production data leaves production."""
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


def _has_api(settings: Settings) -> bool:
    return bool(settings.fly_app or settings.api_url_override)
