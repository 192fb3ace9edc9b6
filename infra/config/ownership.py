"""Check that each unique resource has one owning stack, and that each shared resource has an owner."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra import application
from infra.config.domains import all_of
from infra.config.reading import Read
from infra.config.settings import Settings
from infra.config.stack_files import StackFiles


class Claim(NamedTuple):
    """A unique name that a stack claims.

    Attributes:
        key: The key that names it.
        name: Its name.
        within: The account or repository in which the name is unique; empty if it is unique everywhere.
        part: The part by which a stack owns it; empty where every stack has its own.
    """

    key: str
    name: str
    within: str = ""
    part: str = ""


def claims(s: Settings) -> Iterator[Claim]:
    """Yield every name that a stack claims."""
    repository, account = f"{s.github_owner}/{s.github_repository}", s.cloudflare_account_id
    for app in filter(None, (s.fly_app, *sorted(s.apps))):
        yield Claim("flyApp", app)
    if not s.branch_of:
        yield Claim("neonProject", s.neon_project)
    if s.adopt.neon_project:
        yield Claim("adopt.neonProject", s.adopt.neon_project)
    if s.tier != "development" and s.has_api:
        yield Claim("apiUrl", s.api_url)
    if s.frontend_url_override:
        yield Claim("frontendUrl", s.frontend_url_override)
    yield from (Claim("domains", domain.host) for domain in all_of(s.domains, s.former_domains))
    if s.tier != "development" and s.github_scope == "environment":
        # GitHub ignores the case of environments and repositories.
        yield Claim("githubEnvironment", s.github_environment_name.lower(), repository.lower())
    yield Claim("atprotoNamespace", application.namespace_of(s))
    yield from _owned(s, account, repository.lower())


def _owned(s: Settings, account: str, repository: str) -> Iterator[Claim]:
    """Yield the names that the stack owns by the parts that it manages."""
    if s.manages("frontend"):
        yield Claim("pagesProject", s.pages_project, account, "frontend")
        if s.production_branch != s.main_branch:  # people push to `mainBranch`; no deployment moves it
            yield Claim("productionBranch", s.production_branch, repository, "frontend")
    if s.manages("storage"):
        for bucket in (s.bucket, *sorted(s.extra_buckets)):
            yield Claim("bucket", bucket, account, "storage")


def claimed_twice(mine: Read, others: Mapping[str, Read], files: StackFiles) -> Iterator[str]:
    """Yield each name that another stack claims too. Skip names that are encrypted or invalid."""
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


def owners_missing(mine: Read, others: Mapping[str, Read]) -> Iterator[str]:
    """Yield a bucket or Pages project that this stack uses and no stack owns.

    Production counts as their owner even before it manages them: a team may adopt it part by part. A name that is bad,
    or that the stack's own file hides, is compared with none.
    """
    s = mine.settings
    if s.storage_from not in (None, s.stack, *others):
        yield f"storageFrom is {s.storage_from!r}, but there is no Pulumi.{s.storage_from}.yaml"
    owners = [read.settings for read in others.values()]
    uses_bucket = not s.manages("storage") and (s.manages("backend") or s.storage_from or s.storage_access_key_id)
    shared = {owner.bucket for owner in owners if owner.tier == "production" or owner.manages("storage")}
    if uses_bucket and s.tier != "production" and s.bucket not in shared and "bucket" not in mine.unknown:
        yield (
            f"bucket is {s.bucket!r}, which no stack manages: manage `storage` here, or name the bucket of a stack "
            "that does"
        )
    uses_pages = s.tier != "development" and not (s.manages("frontend") or s.frontend_url_override)
    shared = {owner.pages_project for owner in owners if owner.tier == "production" or owner.manages("frontend")}
    if uses_pages and s.tier != "production" and s.pages_project not in shared and "pagesProject" not in mine.unknown:
        yield (
            f"pagesProject is {s.pages_project!r}, which no stack manages: manage `frontend` here, set frontendUrl, or "
            "name the project of a stack that does"
        )
