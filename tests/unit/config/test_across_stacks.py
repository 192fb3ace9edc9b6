"""A set of stacks that cannot exist is refused, with the reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.config import domain_rules, rules, secret_rules
from infra.config.load import examine_files
from infra.config.reading import SECRET_KEYS
from infra.config.stack_files import StackFiles, read_stack_files
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from infra.config.settings import Settings

SECURE = {"secure": "v1:AAAA:BBBB"}
KEYS = {"storageAccessKeyId": SECURE, "storageSecretAccessKey": SECURE}
QA: dict[str, Any] = {
    "tier": "staging",
    "manage": ["database", "backend", "delivery"],
    "neonProject": "tune-qa",
    "flyApp": "tune-api-qa",
    **KEYS,
}


def files(project: dict[str, Any] | None = None, **stacks: dict[str, Any] | None) -> StackFiles:
    """Return the example's files with values laid over those of a stack; None removes a key, or a whole stack."""
    found = read_stack_files(EXAMPLE)
    found.stacks["staging"] |= KEYS
    found.project.update(project or {})
    for stack, changes in stacks.items():
        laid = found.stacks.get(stack, {}) | (changes or {})
        found.stacks[stack] = {key: value for key, value in laid.items() if value is not None}
        if changes is None:
            del found.stacks[stack]
    return found


def examined(stack: str, found: StackFiles) -> tuple[Settings, list[str]]:
    settings, problems = examine_files(stack, found)
    return settings, [problem.removeprefix(f"Pulumi.{stack}.yaml: ") for problem in problems]


def problems(stack: str, found: StackFiles) -> list[str]:
    return examined(stack, found)[1]


@pytest.mark.parametrize("stack", ["dev", "staging", "production"])
def test_the_example_is_possible(stack: str) -> None:
    assert problems(stack, files()) == []


def test_a_copy_of_staging_with_names_of_its_own_is_possible() -> None:
    found = files(qa=QA)
    assert [problems(stack, found) for stack in ("qa", "staging", "production")] == [[], [], []]


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"flyApp": "tune-api"}, "flyApp is 'tune-api'"),
        ({"apps": {"tune-api": {}}}, "flyApp is 'tune-api'"),
        ({"neonProject": "tune"}, "neonProject is 'tune'"),
        ({"adopt": {"neonProject": "tall-oak-33334444"}}, "adopt.neonProject is 'tall-oak-33334444'"),
        ({"apiUrl": "https://tune-api.fly.dev"}, "apiUrl is 'https://tune-api.fly.dev'"),
        ({"frontendUrl": "https://example.com"}, "frontendUrl is 'https://example.com'"),
        ({"githubEnvironment": "Production"}, "githubEnvironment is 'production'"),
        ({"atprotoNamespace": "app.relay"}, "atprotoNamespace is 'app.relay'"),
    ],
)
def test_a_name_that_another_stack_has_is_refused(changes: dict[str, Any], claim: str) -> None:
    found = files(qa=QA | changes, production={"frontendUrl": "https://example.com"})
    assert problems("qa", found) == [f"{claim} in Pulumi.production.yaml too: each stack has its own"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"manage": ["database", "backend", "storage"]},
            "manage has `storage`, but stack production manages bucket 'tune-audio' already: remove the part here, or "
            "set another bucket",
        ),
        (
            {"manage": ["database", "backend", "storage"], "bucket": "tune-qa", "extraBuckets": {"tune-audio": {}}},
            "manage has `storage`, but stack production manages bucket 'tune-audio' already: remove the part here, or "
            "set another bucket",
        ),
        (
            {"manage": ["database", "backend", "frontend"]},
            "manage has `frontend`, but stack production manages pagesProject 'tune' already: remove the part here, or "
            "set another pagesProject",
        ),
        (
            {"previewBranch": "next"},
            "previewBranch is 'next', but 'staging' in Pulumi.yaml: set it once, in Pulumi.yaml",
        ),
        (
            {"pagesHost": "other.pages.dev"},
            "pagesHost is 'other.pages.dev', but 'tune-8xz.pages.dev' in Pulumi.yaml: set it once, in Pulumi.yaml",
        ),
        (
            {"githubOwner": "acme"},
            "githubOwner is 'acme', but 'tune-works' in Pulumi.yaml: set it once, in Pulumi.yaml",
        ),
        (
            {"bucket": "tune-audoi"},
            "bucket is 'tune-audoi', which no stack manages: manage `storage` here, or name the bucket of a stack that "
            "does",
        ),
        (
            {"pagesProject": "tnue"},
            "pagesProject is 'tnue', which no stack manages: manage `frontend` here, set frontendUrl, or name the "
            "project of a stack that does",
        ),
    ],
)
def test_a_stack_may_not_contradict_another(changes: dict[str, Any], said: str) -> None:
    assert problems("qa", files(qa=QA | changes)) == [said]


def test_a_second_laptop_is_possible() -> None:
    laptop = {"tier": "development", "manage": ["database"], "neonProject": "tune-dev-2"}
    assert problems("dev-2", files(**{"dev-2": laptop})) == []


def test_a_bad_name_is_compared_with_nobodys() -> None:
    """An example stands for the bad name, and may be a neighbour's name."""
    found = files(staging={"neonProject": "relay-staging"}, qa=QA | {"neonProject": None})
    assert problems("qa", found) == ["neonProject is missing"]


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_a_bad_value_is_one_problem(stack: str) -> None:
    """An example stands for it meanwhile, which breaks no rule and contradicts no stack."""
    read = {key for keys, _ in (*rules.RULES, *secret_rules.RULES, *domain_rules.RULES) for key in keys}
    without_effect = set().union(*rules.PARTS.values()) if stack == "staging" else set()
    for key in sorted(read - SECRET_KEYS - without_effect):
        (said,) = problems(stack, files(**{stack: {key: ["?"]}}))
        assert said.startswith(key)


def test_the_owner_reports_it_as_well() -> None:
    assert problems("production", files(qa=QA | {"githubEnvironment": "production"})) == [
        "githubEnvironment is 'production' in Pulumi.qa.yaml too: each stack has its own"
    ]
    in_repository = files(qa=QA | {"githubScope": "repository"}, staging={"githubEnvironment": "qa"})
    assert problems("qa", in_repository) == problems("staging", in_repository) == []


def test_a_default_is_no_contradiction_of_its_own_value() -> None:
    assert problems("staging", files(production={"productionBranch": "main"})) == []


def test_staging_may_own_a_bucket_and_a_pages_project() -> None:
    own = {
        "manage": ["storage", "database", "backend", "frontend", "delivery"],
        "bucket": "tune-staging",
        "bucketPublicHost": "pub-1.r2.dev",
        "pagesProject": "tune-staging",
        "pagesHost": "tune-staging.pages.dev",
        "storageAccessKeyId": None,
        "storageSecretAccessKey": None,
    }
    settings, found = examined("staging", files(staging=own))
    assert found == []
    assert settings.frontend_url == "https://tune-staging.pages.dev"
    assert settings.preview_api_url == "https://tune-api-staging.fly.dev"
    assert problems("production", files(staging=own)) == []


def test_a_second_production_is_named() -> None:
    eu = QA | {"tier": "production", "atprotoNamespace": "eu.relay", "githubEnvironment": "live"}
    assert problems("production", files(eu=eu)) == [
        "tier is production for eu and production: a project has one production. If you mean it, name them in "
        "Pulumi.yaml under productionStacks: ['eu', 'production']"
    ]
    assert problems("production", files({"productionStacks": ["eu", "production"]}, eu=eu)) == []


@pytest.mark.parametrize("key", ["flyApp", "apiUrl"])
def test_an_api_that_staging_encrypts_serves_no_previews(key: str) -> None:
    settings, found = examined("production", files(staging={key: SECURE}))
    assert settings.preview_api_url is None
    assert found == [
        f"previewStack is 'staging', but {key} in Pulumi.staging.yaml is encrypted or invalid, and hides the stack's "
        "API: set it in clear"
    ]


def test_a_bad_api_of_staging_serves_no_previews() -> None:
    settings, found = examined("production", files(staging={"apiUrl": "api.example.com/"}))
    assert settings.preview_api_url is None
    assert [problem.partition(",")[0] for problem in found] == ["previewStack is 'staging'"]


def test_a_bad_value_from_nothing_is_the_only_problem() -> None:
    found = files(production={"adopt": None, "manage": ["storge"]})
    for host in ("pagesHost", "bucketPublicHost"):
        del found.project[host]
    assert [problem.partition(" ")[0] for problem in problems("production", found)] == ["manage.0"]


def test_a_contradiction_with_two_files_is_reported_once() -> None:
    found = files(staging={"bucketPublicHost": "pub-1.r2.dev"}, dev={"bucketPublicHost": "pub-2.r2.dev"})
    assert problems("production", found) == [
        "Pulumi.yaml: bucketPublicHost is 'pub-99999999999999999999999999999999.r2.dev', but 'pub-2.r2.dev' in "
        "Pulumi.dev.yaml, 'pub-1.r2.dev' in Pulumi.staging.yaml: set it once, in Pulumi.yaml"
    ]


@pytest.mark.parametrize(
    ("stack", "changes", "asked"),
    [
        ("staging", {}, True),
        ("staging", {"manage": ["storage", "backend", "database"], "bucket": "tune-staging"}, False),
        ("dev", {}, False),
        ("dev", KEYS, True),
        ("dev", {"storageFrom": "production"}, True),
    ],
)
def test_who_must_confirm_a_retired_storage_token(stack: str, changes: dict[str, Any], asked: bool) -> None:
    confirmed = {name: 1 for name in ("staging", "dev") if name != stack}
    retire = {"rotate": {"storageToken": 1}, "retire": {"storageToken": 1, "confirmed": confirmed}}
    found = files(**{"production": retire | {"adopt": None}, stack: changes})
    said = [problem for problem in problems("production", found) if f"stack {stack} uses that bucket too" in problem]
    assert bool(said) is asked


@pytest.mark.parametrize(
    ("changes", "owner", "taken"),
    [
        (dict.fromkeys(KEYS), {"adopt": None}, "production"),
        ({}, {"adopt": None}, None),
        (dict.fromkeys(KEYS), {"adopt": None, **KEYS}, None),
        (dict.fromkeys(KEYS) | {"bucket": "tune-staging"}, {"adopt": None}, None),
        (dict.fromkeys(KEYS) | {"manage": ["database"]}, {"adopt": None}, None),
    ],
)
def test_the_buckets_keys_come_from_the_stack_that_makes_them(
    changes: dict[str, Any], owner: dict[str, Any], taken: str | None
) -> None:
    assert examined("staging", files(staging=changes, production=owner))[0].storage_from == taken


def test_the_bucket_admits_every_frontend_that_uses_it() -> None:
    found = files(qa=QA | {"frontendUrl": "https://qa.example.com"}, production={"frontendUrl": "https://example.com"})
    assert examined("production", found)[0].bucket_origins == (
        "https://example.com",
        "https://qa.example.com",
        "https://staging.tune-8xz.pages.dev",
        "http://localhost:5173",
    )


OWN = {"manage": ["database", "backend", "storage", "frontend"], "bucket": "tune-qa", "pagesProject": "tune-qa"}


def test_a_stack_with_a_bucket_and_pages_project_of_its_own() -> None:
    """It inherits the host of neither, and its frontend is the production of its project."""
    found = files(qa={**QA, **OWN, "storageAccessKeyId": None, "storageSecretAccessKey": None})
    settings, said = examined("qa", found)
    assert said == []
    assert (settings.bucket_public_host, settings.pages_host) == (None, None)
    assert settings.bucket_origins == ("https://{pagesHost}",)
    own = examined("qa", files(qa={**QA, **OWN, "pagesHost": "tune-qa-1.pages.dev"}))[0]
    assert own.bucket_origins == (own.frontend_url,) == ("https://tune-qa-1.pages.dev",)


def test_a_branch_that_a_release_moves_deploys_one_pages_project() -> None:
    found = files({"productionBranch": "release"}, qa=QA | OWN)
    assert problems("qa", found) == [
        "manage has `frontend`, but stack production manages productionBranch 'release' already: remove the part here, "
        "or set another productionBranch"
    ]


def test_encrypted_values_are_no_false_alarm() -> None:
    changes = {"extraSecrets": SECURE, "logfireToken": SECURE, "neonRegion": SECURE, "tier": SECURE}
    assert problems("staging", files(staging=changes)) == []


def test_keys_of_a_renamed_project() -> None:
    found = files()._replace(
        name="notes", foreign={"Pulumi.staging.yaml": ["relay:tier", "relay:manage", "neon:apiKey"]}
    )
    assert problems("staging", found) == [
        "relay:tier, relay:manage: the keys begin with 'relay', but Pulumi.yaml names the project 'notes'. Begin them "
        "with `notes:`, or name the project relay again"
    ]


def test_production_may_say_early_what_it_takes_over_later() -> None:
    assert problems("production", files(production={"manage": ["database"], "approval": {"users": [1]}})) == []


def test_values_are_compared_as_json_too() -> None:
    text = json.dumps(["database", "backend", "storage"])
    assert [problem.partition(",")[0] for problem in problems("qa", files(qa=QA | {"manage": text}))] == [
        "manage has `storage`"
    ]
