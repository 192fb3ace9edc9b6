"""Check that the settings of one stack agree with each other.

A rule lists the keys it reads. If one of them is invalid, the rule is skipped. A rule need not list a key that must
only be unset.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from infra import application
from infra.config.groups import Approval
from infra.config.rotation import OAUTH_KEY, ROTATING, STORAGE_TOKEN, made_here
from infra.config.settings import NEON_HISTORY_LIMITS, NEON_LARGEST_COMPUTE, Part, Settings, branch_alias

Check: TypeAlias = Callable[[Settings], Iterator[str]]
"""Yields a sentence for each violation of a rule, beginning with the key."""

PARTS: dict[Part, frozenset[str]] = {
    "backend": frozenset({"rollout", "mintDeployToken", "deployTokenHours"}),
    "storage": frozenset({"extraBuckets"}),
    "frontend": frozenset({"pagesBuild", "pagesVariables", "previewStack"}),
    "delivery": frozenset({"githubScope", "githubEnvironment", "approval", "flyDeployToken", "neonRestoreKey"}),
}
"""The keys that have no effect without a part."""

RULES: list[tuple[frozenset[str], Check]] = []
"""Every rule, with the keys it reads."""


def _rule(*keys: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        RULES.append((frozenset(keys), check))
        return check

    return register


@_rule("tier", "manage", "flyApp", "apiUrl")
def _backend_has_an_app(s: Settings) -> Iterator[str]:
    if s.manages("backend") and not s.fly_app:
        yield "flyApp is missing: a stack that manages `backend` names its Fly app"
    elif s.tier != "development" and not (s.fly_app or s.api_url_override):
        yield "flyApp is missing: outside development a stack names its Fly app, or the URL of its API in apiUrl"
    if s.tier == "development" and (extra := s.manage - {"database"}):
        yield f"manage: development runs on a laptop and owns at most `database`, not {', '.join(sorted(extra))}"


@_rule("manage", "adopt", "flyApp", "pagesProject", "bucket", "extraBuckets", "githubScope", "githubEnvironment")
def _adopted_names_are_the_configured_ones(s: Settings) -> Iterator[str]:
    pairs = [
        ("flyApp", s.adopt.fly_app, s.fly_app, "backend"),
        ("pagesProject", s.adopt.pages_project, s.pages_project, "frontend"),
        ("bucket", s.adopt.bucket, s.bucket, "storage"),
        ("githubEnvironment", s.adopt.github_environment, s.github_environment_name, "delivery"),
    ]
    for key, adopted, configured, part in pairs:
        if adopted and part in s.manage and adopted != configured:
            yield f"adopt.{key} is {adopted!r}, but {key} is {configured!r}: one of them is wrong"
    if unlisted := s.adopt.extra_buckets - s.extra_buckets.keys():
        yield f"adopt.extraBuckets holds {', '.join(sorted(unlisted))}, which extraBuckets does not"
    scoped = s.github_scope == "environment" and not s.adopt.github_environment
    if scoped and (s.adopt.github_variables or s.adopt.github_deployment_policy):
        yield (
            "adopt.githubVariables and adopt.githubDeploymentPolicy belong to an adopted environment: "
            "set adopt.githubEnvironment"
        )


@_rule("neonPlan", "historyRetentionSeconds", "defaultBranchProtected")
def _within_the_neon_plan(s: Settings) -> Iterator[str]:
    wanted, limit = s.history_retention_seconds, NEON_HISTORY_LIMITS[s.neon_plan]
    if wanted > limit:
        yield f"historyRetentionSeconds is {wanted}, but Neon's {s.neon_plan} plan keeps at most {limit} seconds"
    if s.default_branch_protected and s.neon_plan == "free":
        yield "defaultBranchProtected is true, but Neon's free plan has no protected branches"


@_rule("tier", "neonPlan", "neonCompute")
def _compute_within_the_neon_plan(s: Settings) -> Iterator[str]:
    size, largest = s.neon_compute, NEON_LARGEST_COMPUTE[s.neon_plan]
    if size.min_cu > size.max_cu:
        yield f"neonCompute.minCu is {size.min_cu}, but neonCompute.maxCu is {size.max_cu}"
    if size.max_cu > largest:
        yield f"neonCompute.maxCu is {size.max_cu}, but Neon's {s.neon_plan} plan scales to at most {largest}"
    allowed = {"free": {300}, "launch": {0, 300}}.get(s.neon_plan)
    if allowed and s.suspend_seconds not in allowed:
        choices = " or ".join(map(str, sorted(allowed)))
        yield f"neonCompute.suspendSeconds is {s.suspend_seconds}, but Neon's {s.neon_plan} plan knows {choices} alone"
    elif 0 < s.suspend_seconds < 60:
        yield f"neonCompute.suspendSeconds is {s.suspend_seconds}, but Neon suspends after 60 seconds at the earliest"


@_rule()
def _secret_names_are_free(s: Settings) -> Iterator[str]:
    for name in sorted(s.extra_secrets.keys() & application.secrets(s).keys()):
        yield f"extraSecrets.{name}: the program sets this secret itself"
    kept = [(f"adopt.keep: {name}", name) for name in sorted(s.adopt.keep)]
    for where, name in [*((f"extraSecrets.{name}", name) for name in sorted(s.extra_secrets)), *kept]:
        if name in {"PORT", *application.plain_settings(s)}:
            yield f"{where}: this is a plain setting of the fly file's [env]; a secret would silently win over it"
        elif name in application.SETTINGS_GROUPS:
            yield f"{where}: the backend reads this name as a whole group of settings and would not start"


@_rule()
def _a_secret_is_kept_or_set(s: Settings) -> Iterator[str]:
    sources = [
        ("storageAccessKeyId", s.storage_access_key_id, "AWS_ACCESS_KEY_ID"),
        ("storageFrom", s.storage_from, "AWS_ACCESS_KEY_ID"),
        ("logfireToken", s.logfire_token, "LOGFIRE_WRITE_TOKEN"),
        *((f"extraSecrets.{name}", value, name) for name, value in sorted(s.extra_secrets.items())),
    ]
    for key, value, secret in sources:
        if value and secret in s.adopt.keep:
            yield f"{key} is set, but adopt.keep keeps {secret}: one of them must go"


@_rule()
def _what_excludes_what(s: Settings) -> Iterator[str]:
    own_bucket = s.manages("storage") or s.storage_from == s.stack
    in_repository, only = s.github_scope == "repository", "githubScope is `repository`: only an environment has it"
    clashes = [
        ("storageFrom", s.storage_from and own_bucket, "it is for the keys of a bucket that another stack owns"),
        ("storageFrom", s.storage_from and s.storage_access_key_id, "so is storageAccessKeyId: remove either"),
        ("flyDeployToken", s.fly_deploy_token and s.mint_deploy_token, "mintDeployToken makes one: remove either"),
        ("adopt.keep", s.adopt.keep and not s.adopt.fly_app, "adopt.flyApp is not: a new app has no secrets"),
        ("adopt.githubEnvironment", s.adopt.github_environment and in_repository, only),
        ("githubEnvironment", s.github_environment and in_repository, only),
        ("approval", s.approval != Approval() and in_repository, only),
    ]
    for key, clash, why in clashes:
        if clash:
            yield f"{key} is set, but {why}"


@_rule("manage", "adopt", "storageFrom", "storageAccessKeyId", "storageSecretAccessKey")
def _storage_keys_are_there_and_whole(s: Settings) -> Iterator[str]:
    kept = s.adopt.keep.intersection(STORAGE_TOKEN.secrets)
    if len(kept) == 1:
        yield f"adopt.keep holds {', '.join(kept)} alone: the two storage keys are kept together or not at all"
    needed = s.manages("backend") and not (kept or s.storage_from or s.manages("storage"))
    if bool(s.storage_access_key_id) != bool(s.storage_secret_access_key):
        yield "storageAccessKeyId and storageSecretAccessKey go together: set both or neither"
    elif needed and not s.storage_access_key_id:
        yield (
            "storageAccessKeyId and storageSecretAccessKey are missing: this stack uses the shared bucket but does not "
            "own it. Set the bucket's S3 keys with `pulumi config set --secret`"
        )


@_rule("manage", "adopt")
def _the_database_url_comes_from_somewhere(s: Settings) -> Iterator[str]:
    if s.manages("backend") and not s.manages("database") and "DATABASE_URL" not in s.adopt.keep:
        yield "manage has `backend` without `database`: put DATABASE_URL under adopt.keep, or manage the database too"


@_rule("manage", "previewStack", "productionBranch", "previewBranch")
def _previews_have_a_stack(s: Settings) -> Iterator[str]:
    if s.manages("frontend") and s.tier == "production" and not s.preview_stack:
        yield "previewStack is missing: name the stack whose API the Pages previews use, `staging` as a rule"
    if s.tier == "production" and s.preview_stack == s.stack:
        yield f"previewStack is {s.stack!r}, this very stack: previews would reach its API"
    if not (alias := branch_alias(s.preview_branch)):
        yield f"previewBranch is {s.preview_branch!r}: Cloudflare makes no alias of a name without letters or digits"
    elif alias == branch_alias(s.production_branch):
        yield f"previewBranch and productionBranch are both {s.preview_branch!r}: a production branch has no preview"


@_rule("approval")
def _approval_is_possible(s: Settings) -> Iterator[str]:
    if (count := len(s.approval.users) + len(s.approval.teams)) > 6:
        yield f"approval has {count} users and teams, but GitHub takes at most 6"


@_rule("tier", "manage")
def _no_key_is_without_effect(s: Settings) -> Iterator[str]:
    """Refuse a key of the stack's own file about a part that it does not manage; production may take it over later."""
    if s.tier == "production":
        return
    for part, keys in PARTS.items():
        for key in sorted(keys & s.own_keys) if not s.manages(part) else ():
            yield f"{key} means nothing on this stack, which does not manage `{part}`: remove it"


@_rule("tier", "manage", "adopt", "storageAccessKeyId", "mintDeployToken", "rotate", "retire")
def _only_keys_made_here_rotate(s: Settings) -> Iterator[str]:
    made = made_here(s)
    for each in ROTATING:
        if each.counter(s) and each not in made:
            why, kept = "this stack does not make that one", sorted(s.adopt.keep.intersection(each.secrets))
            # Nor would it make the token of a bucket that another stack owns, if it did not keep the keys.
            if kept and (each is not STORAGE_TOKEN or s.manages("storage")):
                why = f"adopt.keep keeps {', '.join(kept)}, and what is kept is not rotated: take it off that list"
            yield f"rotate.{each.key} is {each.counter(s)}, but {why}"
    if OAUTH_KEY in made and s.adopt.fly_app and not s.rotate.oauth_key:
        yield (
            "adopt.keep lacks OAUTH_ENCRYPTION_KEY: the adopted app has one, and a new one would log everybody "
            "out. Keep it, or set rotate.oauthKey to 1 if that is what you want"
        )


@_rule("manage", "adopt", "storageAccessKeyId", "rotate", "retire")
def _the_bucket_has_one_token_or_two(s: Settings) -> Iterator[str]:
    rotate, retire = s.rotate.storage_token, s.retire.storage_token
    now = f"rotate.storageToken is {rotate} and retire.storageToken {retire}"
    if retire > rotate:
        yield f"{now}: the current token cannot be retired"
    elif rotate - retire > 1:
        yield f"{now}: at most two tokens work at a time. Go back to {rotate - 1} and retire the older one first"
