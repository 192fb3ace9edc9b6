"""A pull request's stack inherits from staging, and a template that reaches further is refused."""

from __future__ import annotations

from typing import Any

import pytest

from infra.config import pull_requests
from infra.config.load import examine_files
from infra.config.stack_files import StackFileError, StackFiles, read_stack_files
from infra.parts.database_branch import of_no_other_stack, parent
from tests.unit.config.test_across_stacks import SECURE, files
from tests.unit.program import EXAMPLE, ran

KEYS = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
COPIED = {"neonProjectId": "calm-hill-55556666", "databaseHost": "ep-warm-lake-1.eu-central-1.aws.neon.tech"}


def problems(template: dict[str, Any], found: StackFiles | None = None) -> list[str]:
    """Return why pull request 7 has no environment, with values laid over the template; None removes a key."""
    laid = (found or files()).template | template
    found = (found or files())._replace(template={key: value for key, value in laid.items() if value is not None})
    own, _ = pull_requests.values(7, "feature/x", found)
    return examine_files("pr-7", found._replace(stacks={**found.stacks, "pr-7": own}))[1]


def test_the_template_is_no_stack() -> None:
    found = read_stack_files(EXAMPLE)
    assert found.stacks.keys() == {"dev", "production", "staging"}
    assert found.template["branchOf"] == "staging"


def test_a_pull_request_has_staging_s_secrets_and_no_other() -> None:
    own = {"extraSecrets": {"STRIPE_KEY": SECURE}, "flyDeployToken": SECURE, "neonRestoreKey": SECURE}
    values, secrets = pull_requests.values(7, "feature/x", files(staging=own))
    assert secrets == {"extraSecrets"}
    assert not values.keys() & {"flyDeployToken", "neonRestoreKey", "storageAccessKeyId", "storageSecretAccessKey"}


def test_its_names_follow_from_its_number_and_its_branch() -> None:
    secrets = ran("pr-7").one("fly-secrets").inputs["values"]
    assert ran("pr-7").one("fly-app").inputs["name"] == "tune-api-staging-pr-7"
    assert secrets["ATPROTO_CLIENT_ID"] == "https://tune-api-staging-pr-7.fly.dev/client-metadata.json"
    assert secrets["ATPROTO_REDIRECT_URI"] == "https://tune-api-staging-pr-7.fly.dev/auth/callback"
    assert secrets["ATPROTO_APP_NAMESPACE"] == "app.relay-pr-7"
    assert secrets["FRONTEND_URL"] == "https://feature-x.tune-8xz.pages.dev"
    assert secrets["DATABASE_URL"].endswith("@ep-cold-sky-1.eu-central-1.aws.neon.tech/neondb?sslmode=require")
    assert "AWS_ACCESS_KEY_ID" not in secrets
    assert "values" in {path.partition(".")[0] for path in ran("pr-7").one("fly-secrets").secrets}


def test_its_database_is_a_branch_of_staging_s() -> None:
    branch = ran("pr-7").one("neon-branch").inputs
    assert branch == {"projectId": "calm-hill-55556666", "parentId": "br-warm-lake-1", "name": "pr-7"}
    assert "neon-project" not in ran("pr-7").names()


def test_nothing_of_it_is_protected_or_retained() -> None:
    options = [resource.options for resource in ran("pr-7").resources]
    assert not any(option.protect or option.retainOnDelete for option in options)
    assert "guard" not in ran("pr-7").names()


def test_without_keys_of_the_bucket_files_are_on_the_machine() -> None:
    assert ran("pr-7").outputs["flyEnv"] == {"STORAGE_BACKEND": "filesystem"}
    assert ran("pr-7", KEYS).outputs["flyEnv"]["R2_BUCKET"] == "tune-audio"


def test_the_example_is_possible() -> None:
    assert problems({}) == []


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ({"branchOf": "production"}, "branchOf is 'production', whose tier is production"),
        ({"branchOf": "dev", "flyRegion": "ams"}, "branchOf is 'dev', whose tier is development"),
        ({"tier": "production"}, "tier is 'production' on stack 'pr-7'"),
        ({"storageFrom": "production"}, "storageFrom is set, but a pull request gets no other stack's keys"),
        ({"manage": ["database", "backend", "storage"]}, "manage: a pull request's environment has"),
        ({"adopt": {"neonProject": "tall-oak-33334444"}}, "adopt is set, but a pull request's environment takes over"),
    ],
)
def test_a_template_that_reaches_too_far_is_refused(template: dict[str, Any], problem: str) -> None:
    assert any(f"Pulumi.pr.yaml: {problem}" in line for line in problems(template)), problems(template)


def test_a_stack_of_a_pull_request_names_the_copied_stack() -> None:
    found = _with_itself()
    del found.stacks["pr-7"]["branchOf"]
    assert any("branchOf is missing" in problem for problem in examine_files("pr-7", found)[1])


@pytest.mark.parametrize("key", ["flyApp", "neonProject", "apiUrl", "frontendUrl"])
def test_a_name_that_follows_from_the_number_is_not_set(key: str) -> None:
    with pytest.raises(StackFileError, match=rf"Pulumi.pr.yaml: {key} cannot be set there"):
        problems({key: "relay"})


def test_a_stack_without_a_database_has_nothing_to_copy() -> None:
    found = files(staging={"manage": ["backend", "delivery"]})
    assert any("which manages no database" in problem for problem in problems({}, found))


def test_a_protected_branch_is_not_copied() -> None:
    found = files(staging={"defaultBranchProtected": True, "neonPlan": "launch"})
    assert "whose default branch is protected" in problems({}, found)[0]


@pytest.mark.parametrize(("stack", "changes"), [("staging", {"tier": "preview"}), ("staging", {"branchOf": "qa"})])
def test_another_stack_is_no_pull_request(stack: str, changes: dict[str, Any]) -> None:
    found = examine_files(stack, files(**{stack: changes}))[1]
    assert any("`preview` is for the stacks pr-N" in line or "only a pull request's database" in line for line in found)


def test_without_a_template_there_is_no_environment() -> None:
    with pytest.raises(StackFileError, match=r"There is no Pulumi.pr.yaml"):
        pull_requests.values(7, "main", files()._replace(template={}))


def test_the_program_refuses_production_s_project_and_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"staging": COPIED, "production": COPIED}
    monkeypatch.setattr("infra.states.outputs", outputs.__getitem__)
    settings = examine_files("pr-7", _with_itself())[0]
    with pytest.raises(Exception, match=r"calm-hill-55556666, which is production's too"):
        parent(settings)
    outputs["staging"] = {}
    with pytest.raises(Exception, match=r"(?s)has no database to copy yet.*pulumi up -s staging"):
        parent(settings)


@pytest.mark.parametrize("pooler", ["", "-pooler"])
def test_a_host_of_another_stack_never_reaches_the_app(pooler: str) -> None:
    """Neon's real answer counts, whatever the settings say."""
    others = {"staging": "ep-warm-lake-1.aws.neon.tech", "production": "ep-grand-sea-1.aws.neon.tech"}
    host = f"ep-grand-sea-1{pooler}.aws.neon.tech"
    with pytest.raises(Exception, match=rf"DATABASE_URL: {host} is the database of stack production"):
        of_no_other_stack(others, host)
    assert of_no_other_stack(others, "ep-cold-sky-1.aws.neon.tech") == "ep-cold-sky-1.aws.neon.tech"


def test_other_plans_do_not_know_pull_requests() -> None:
    without = files()._replace(template={})
    for stack in ("dev", "staging", "production"):
        assert examine_files(stack, files()) == examine_files(stack, without)


def _with_itself() -> StackFiles:
    found = files()
    return found._replace(stacks={**found.stacks, "pr-7": pull_requests.values(7, "feature/x", found)[0]})
