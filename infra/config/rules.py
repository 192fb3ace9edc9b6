"""Check that the settings of one stack agree with each other.

A rule lists the keys it reads. If one of them is invalid, the rule is skipped. A rule need not list a key that must
only be unset.
"""

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from infra import application
from infra.config.domains import all_of, record_keys
from infra.config.groups import NEON_PLANS, Adopt, Approval
from infra.config.keys import Part
from infra.config.settings import Settings
from infra.config.stack_files import PULL_REQUEST
from infra.config.validators import branch_alias

Check: TypeAlias = Callable[[Settings], Iterator[str]]
"""Yields a sentence for each violation of a rule, beginning with the key."""

Rules: TypeAlias = list[tuple[frozenset[str], Check]]
"""Rules, each with the keys it reads."""

PARTS: dict[Part, frozenset[str]] = {
    "backend": frozenset({"rollout", "mintDeployToken", "deployTokenHours", "secretAliases", "apps"}),
    "storage": frozenset({"extraBuckets"}),
    "frontend": frozenset({"pagesBuild", "pagesVariables", "pagesPreviewVariables", "previewStack"}),
    "delivery": frozenset(
        {
            *("githubScope", "githubEnvironment", "approval", "flyDeployToken", "neonRestoreKey"),
            *("githubSecrets", "githubSecretAliases", "githubVariables"),
        }
    ),
}
"""The keys that have no effect without a part."""

RULES: Rules = []
"""The rules of this module."""


def rule(rules: Rules, *keys: str) -> Callable[[Check], Check]:
    """Add the decorated check to the rules."""

    def register(check: Check) -> Check:
        rules.append((frozenset(keys), check))
        return check

    return register


@rule(RULES, "tier", "manage", "flyApp", "apiUrl")
def _backend_has_an_app(s: Settings) -> Iterator[str]:
    if s.manages("backend") and not s.fly_app:
        yield "flyApp is missing: a stack that manages `backend` names its Fly app"
    elif s.tier != "development" and not s.has_api:
        yield "flyApp is missing: outside development a stack names its Fly app, or the URL of its API in apiUrl"
    if s.tier == "development" and (extra := s.manage - {"database"}):
        yield f"manage: development runs on a laptop and owns at most `database`, not {', '.join(sorted(extra))}"


@rule(RULES, "manage", "adopt", "flyApp", "apps", "pagesProject", "bucket", "githubEnvironment")
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
    if s.fly_app in s.apps:
        yield f"apps names {s.fly_app!r}, the backend's own app: set its secrets under extraSecrets and secretAliases"


@rule(RULES, "adopt", "apps", "extraBuckets", "domains", "formerDomains", "githubScope", "githubVariables")
def _adopted_names_are_among_the_configured_ones(s: Settings) -> Iterator[str]:
    domains = [*all_of(s.domains, s.former_domains)]
    variables = (*application.github_variables(s), *s.github_variables)
    rows: list[tuple[str, AbstractSet[str], AbstractSet[str]]] = [
        ("apps", s.adopt.apps, s.apps.keys()),
        ("extraBuckets", s.adopt.extra_buckets, s.extra_buckets.keys()),
        ("githubVariables", s.adopt.github_variables, {s.github_name(name) for name in variables}),
        ("domains", s.adopt.domains, {domain.host for domain in domains}),
        ("dnsRecords", s.adopt.dns_records.keys(), {key for domain in domains for key in record_keys(domain)}),
    ]
    for key, adopted, configured in rows:
        if strange := adopted - configured:
            has = ", ".join(sorted(configured)) or "none"
            yield f"adopt.{key} names {', '.join(sorted(strange))}, but this stack has {has}"


@rule(RULES, "neonPlan", "historyRetentionSeconds", "defaultBranchProtected")
def _within_the_neon_plan(s: Settings) -> Iterator[str]:
    plan, wanted = NEON_PLANS[s.neon_plan], s.history_retention_seconds
    if wanted > plan.history_seconds:
        yield (
            f"historyRetentionSeconds is {wanted}, but Neon's {s.neon_plan} plan keeps at most {plan.history_seconds} "
            "seconds"
        )
    if s.default_branch_protected and not plan.protects:
        yield f"defaultBranchProtected is true, but Neon's {s.neon_plan} plan has no protected branches"


@rule(RULES, "tier", "neonPlan", "neonCompute")
def _compute_within_the_neon_plan(s: Settings) -> Iterator[str]:
    size, plan = s.neon_compute, NEON_PLANS[s.neon_plan]
    if size.min_cu > size.max_cu:
        yield f"neonCompute.minCu is {size.min_cu}, but neonCompute.maxCu is {size.max_cu}"
    if size.max_cu > plan.largest_cu:
        yield f"neonCompute.maxCu is {size.max_cu}, but Neon's {s.neon_plan} plan scales to at most {plan.largest_cu}"
    if plan.idle_seconds and s.suspend_seconds not in plan.idle_seconds:
        choices = " or ".join(map(str, sorted(plan.idle_seconds)))
        yield f"neonCompute.suspendSeconds is {s.suspend_seconds}, but Neon's {s.neon_plan} plan takes only {choices}"
    elif 0 < s.suspend_seconds < 60:
        yield f"neonCompute.suspendSeconds is {s.suspend_seconds}, but Neon suspends after 60 seconds at the earliest"


@rule(RULES)
def _no_setting_excludes_another(s: Settings) -> Iterator[str]:
    own_bucket = s.manages("storage") or s.storage_from == s.stack
    without_app = s.manages("delivery") and not s.manages("backend")
    in_repository, only = s.github_scope == "repository", "githubScope is `repository`: only an environment has it"
    clashes = [
        ("storageFrom", s.storage_from and own_bucket, "it is for the keys of a bucket that another stack owns"),
        ("storageFrom", s.storage_from and s.storage_access_key_id, "so is storageAccessKeyId: remove one of them"),
        ("flyDeployToken", s.fly_deploy_token and s.mint_deploy_token, "mintDeployToken makes one: remove one of them"),
        ("adopt.keep", s.adopt.keep and not s.adopt.fly_app, "adopt.flyApp is not: a new app has no secrets"),
        (
            "githubSecretAliases",
            s.github_secret_aliases and without_app,
            "manage lacks `backend`, which has their values",
        ),
        ("adopt.githubEnvironment", s.adopt.github_environment and in_repository, only),
        ("githubEnvironment", s.github_environment and in_repository, only),
        ("approval", s.approval != Approval() and in_repository, only),
    ]
    for key, clash, why in clashes:
        if clash:
            yield f"{key} is set, but {why}"


@rule(RULES, "manage", "previewStack", "productionBranch", "previewBranch")
def _previews_have_a_stack(s: Settings) -> Iterator[str]:
    if s.manages("frontend") and s.tier == "production" and not s.preview_stack:
        yield "previewStack is missing: name the stack whose API the Pages previews use, `staging` as a rule"
    if s.tier == "production" and s.preview_stack == s.stack:
        yield f"previewStack is {s.stack!r}, this very stack: previews would reach its API"
    if not (alias := branch_alias(s.preview_branch)):
        yield f"previewBranch is {s.preview_branch!r}: Cloudflare makes no alias of a name without letters or digits"
    elif alias == branch_alias(s.production_branch):
        yield (
            f"previewBranch and productionBranch are both {s.preview_branch!r}: a production branch has no preview. "
            "Set previewBranch to another branch in Pulumi.yaml"
        )


@rule(RULES, "tier", "manage", "adopt", "branchOf", "storageFrom")
def _a_pull_request_has_a_copy(s: Settings) -> Iterator[str]:
    if (s.tier == "preview") != bool(re.fullmatch(PULL_REQUEST, s.stack)):
        yield f"tier is {s.tier!r} on stack {s.stack!r}: `preview` is for the stacks pr-N, by Pulumi.pr.yaml"
    elif s.tier != "preview":
        if s.branch_of:
            yield f"branchOf is {s.branch_of!r}, but tier is {s.tier}: only a pull request's database is a branch"
        return
    if s.manage != {"database", "backend"}:
        yield "manage: a pull request's environment has `database` and `backend`, and no more"
    if not s.branch_of:
        yield "branchOf is missing: name the stack whose database is copied, `staging` as a rule"
    if s.adopt != Adopt():
        yield "adopt is set, but a pull request's environment takes over nothing that exists"
    if s.storage_from:
        yield (
            "storageFrom is set, but a pull request gets no other stack's keys: set storageAccessKeyId and "
            "storageSecretAccessKey to keys that only read"
        )


@rule(RULES, "approval")
def _approval_is_possible(s: Settings) -> Iterator[str]:
    if (count := len(s.approval.users) + len(s.approval.teams)) > 6:
        yield f"approval has {count} users and teams, but GitHub takes at most 6"


@rule(RULES, "tier", "manage")
def _no_key_is_without_effect(s: Settings) -> Iterator[str]:
    """Refuse a key in the stack's own file for a part that the stack does not manage. Production may adopt it later."""
    if s.tier == "production":
        return
    for part, keys in PARTS.items():
        for key in sorted(keys & s.own_keys) if not s.manages(part) else ():
            yield f"{key} has no effect on this stack, which does not manage `{part}`: remove it"
