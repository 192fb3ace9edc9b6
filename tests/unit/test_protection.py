"""Protect and retain resources, by tier."""

from __future__ import annotations

import pytest

from tests.contract.registrations import VARIANTS
from tests.contract.registrations import run as run_of
from tests.unit.program import Run, State, ran, run_program

LIVE = {"neon-project", "bucket", "bucket-cors", "bucket-public-domain", "pages-project", "fly-app", "fly-secrets"}
MADE = {"adopt": None}
NEON = "neon:index/project:Project"


def protected(run: Run) -> set[str]:
    return {r.name for r in run.resources if r.options.protect}


def retained(run: Run) -> set[str]:
    """Return the names of what stays in a cloud; a key exists in the state alone."""
    return {r.name for r in run.resources if r.options.retainOnDelete and not r.type.startswith("random:")}


def test_production_protects_and_retains_what_is_live() -> None:
    run = ran("production", MADE)
    assert protected(run) == LIVE | {"guard"}
    assert retained(run) == LIVE | {"storage-token", "github-environment"}


def test_staging_protects_its_data_and_retains_what_is_live() -> None:
    run = ran("staging")
    assert protected(run) == {"neon-project", "guard"}
    assert retained(run) == {"neon-project", "fly-app", "fly-secrets", "github-environment"}


def test_dev_protects_nothing_and_retains_what_it_adopted() -> None:
    run = ran("dev")
    assert protected(run) == set()
    assert retained(run) == {"neon-project"}
    assert retained(ran("dev", MADE)) == set()


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_guard_depends_on_every_resource(stack: str) -> None:
    run = ran(stack)
    guarded = {urn.rpartition("::")[2] for urn in run.one("guard").options.dependencies}
    assert guarded == {r.name for r in run.resources if not r.type.startswith(("relay:", "pulumi:pulumi:"))}


def test_an_old_token_is_revoked_and_a_further_bucket_or_app_can_leave() -> None:
    further: dict[str, object] = {"extraBuckets": {"tune-art": {}}, "apps": {"tune-worker": {}}}
    run = ran("production", MADE | {"rotate": {"storageToken": 1}, **further})
    names = {"bucket-tune-art", "fly-app-tune-worker", "fly-secrets-tune-worker"}
    assert retained(run) == LIVE | {"storage-token-1", "github-environment"} | names
    assert not names & protected(run)


def test_an_adopted_further_app_stays_with_its_secrets() -> None:
    apps = {"apps": {"tune-worker": {}, "tune-redis": {}}, "adopt": {"apps": ["tune-worker"]}}
    assert retained(ran("staging", apps | {"unprotect": True})) == {"fly-app-tune-worker", "fly-secrets-tune-worker"}


def test_unprotect_is_the_escape() -> None:
    run = ran("staging", {"unprotect": True})
    assert protected(run) == set()
    assert retained(run) == set()


def test_unprotect_still_retains_production_data_and_what_was_adopted() -> None:
    run = ran("production", MADE | {"unprotect": True})
    assert protected(run) == set()
    assert retained(run) == {"neon-project", "bucket", "github-environment"}
    adopting = ran("production", {"unprotect": True})
    assert retained(adopting) == retained(run) | {"pages-project", "fly-app", "fly-secrets"}


def test_adopted_variables_and_policies_are_retained() -> None:
    variables = {"githubEnvironment": "staging", "githubDeploymentPolicy": 42, "githubVariables": ["FLY_APP"]}
    run = ran("staging", {"unprotect": True, "adopt": variables})
    assert retained(run) == {"github-environment", "deployment-policy", "variable-FLY_APP"}
    in_repository = {"githubScope": "repository", "adopt": {"githubVariables": ["FLY_APP_STAGING"]}}
    assert retained(ran("staging", {"unprotect": True, **in_repository})) == {"variable-FLY_APP"}


@pytest.mark.parametrize(
    ("stack", "changes", "protects"),
    [("production", {}, True), ("production", {"unprotect": True}, False), ("dev", {}, False)],
)
def test_the_memory_of_adoptions_is_protected_like_the_guard(
    stack: str, changes: dict[str, bool], *, protects: bool
) -> None:
    """A refused `destroy` would otherwise forget it alone."""
    assert ran(stack, changes).one("adopted").options.protect == protects


def test_every_import_is_remembered() -> None:
    for variant in VARIANTS:
        made = run_of(variant)
        imported = {resource.name for resource in made.resources if resource.options.importId}
        assert imported <= {*made.components.get("adopted", {"names": []})["names"]} <= made.names(), variant


def test_the_state_remembers_an_adoption() -> None:
    state: State = {
        "adopted": ("relay:infra:Adopted", {"names": ["neon-project", "neon-endpoint", "bucket"]}),
        "neon-project": (NEON, {}),
        "neon-endpoint": ("neon:index/endpoint:Endpoint", {}),
    }
    run = run_program("dev", MADE, state=state)
    assert retained(run) == {"neon-project"}
    assert [text for text in run.messages if "`adopt` no longer lists them: neon-endpoint, neon-project" in text]
    assert [text for text in run.messages if "No longer managed, and left in their clouds: neon-endpoint." in text]
    assert not [text for text in ran("dev").messages if "no longer lists" in text]
    killed: State = {"adopted": ("relay:infra:Adopted", {})}  # between its registration and its outputs
    assert retained(run_program("dev", state=killed)) == {"neon-project"}


def test_what_leaves_the_program_is_named() -> None:
    state: State = {
        "pages-project": ("cloudflare:index/pagesProject:PagesProject", {}),
        "bucket": ("cloudflare:index/r2Bucket:R2Bucket", {}),
        "bucket-tune-art": ("cloudflare:index/r2Bucket:R2Bucket", {}),
        "storage-token": ("cloudflare:index/accountToken:AccountToken", {}),
        "fly-secrets-tune-worker": ("pulumi-python:dynamic/fly:Secrets", {}),
        "secret-FLY_API_TOKEN": ("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret", {}),
        "neon-project": (NEON, {}),
    }
    changes = {"manage": ["database"], "adopt": None, "previewStack": None}
    messages = "\n".join(run_program("production", changes, state=state).messages)
    assert (
        "are still in the state: bucket, pages-project. `up` refuses to delete protected resources. To let" in messages
    )
    assert "leave them in their clouds:\n  pulumi up --ignore-protect -s production" in messages
    assert "left in their clouds: bucket-tune-art, fly-secrets-tune-worker, storage-token. Once" in messages


def test_a_retired_token_is_not_left_behind() -> None:
    retired = {"rotate": {"storageToken": 1}, "retire": {"storageToken": 1, "confirmed": {"staging": 1}}}
    state: State = {"storage-token": ("cloudflare:index/accountToken:AccountToken", {})}
    messages = run_program("production", MADE | retired, state=state).messages
    assert not [text for text in messages if "left in their clouds" in text]
