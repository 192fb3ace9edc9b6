"""A configuration is read as a whole: every problem at once, with its file, and no secret in the message."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi.runtime
import pytest

from infra.config.load import examine
from infra.config.reading import SECRET_KEYS
from infra.config.stack_files import read_stack_files
from infra.config.validators import branch_alias
from tests.unit import program as unit_program
from tests.unit.program import run_program

KEYS = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}


def refusal(stack: str, changes: dict[str, Any]) -> str:
    with pytest.raises(pulumi.RunError) as error:
        run_program(stack, changes)
    return str(error.value)


def test_everything_is_reported_at_once() -> None:
    message = refusal(
        "staging",
        {"flyapp": "x", "tier": "stage", "historyRetentionSeconds": 86400, "extraSecrets": {"APP": "CanaryValue"}},
    )
    assert message.splitlines()[0] == "The configuration of stack staging has 4 problems; nothing was touched."
    assert "CanaryValue" not in message


def test_a_bad_value_hides_no_contradiction_of_others() -> None:
    message = refusal("staging", {"manage": "backend", "storageFrom": "production", **KEYS})
    assert "storageFrom is set, but so is storageAccessKeyId" in message


def test_a_bad_secret_is_not_shown() -> None:
    message = refusal("staging", {"storageAccessKeyId": "CanaryShort"})
    assert "storageAccessKeyId" in message
    assert "Canary" not in message


def test_a_plain_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.program.SECRET_KEYS", {"storageSecretAccessKey"})
    assert (
        "  - Pulumi.staging.yaml: storageAccessKeyId is not encrypted: `pulumi config set --secret storageAccessKeyId -s staging`"
    ) in refusal("staging", {}).splitlines()


def plain_extra_secrets(written: dict[str, Any], plain: set[str]) -> list[str]:
    """Return the problems of `extraSecrets` as a file has it, if Pulumi takes the keys in `plain` for plain."""
    files = read_stack_files()
    files.stacks["staging"]["extraSecrets"] = written
    values = {"extraSecrets": dict.fromkeys(written, "decrypted")}
    _, problems = examine("staging", unit_program.configuration("staging") | values, plain, files)
    return problems


def test_one_plain_secret_among_a_teams_own_is_refused() -> None:
    assert plain_extra_secrets({"A": {"secure": "v1:x"}, "B": "secure enough"}, set()) == [
        "Pulumi.staging.yaml: extraSecrets.B is not encrypted: `pulumi config set --secret --path extraSecrets.B -s staging`"
    ]


def test_a_teams_own_secrets_may_all_have_been_removed() -> None:
    assert plain_extra_secrets({}, {"extraSecrets"}) == []


def test_a_teams_own_secrets_may_be_encrypted_as_a_whole() -> None:
    assert plain_extra_secrets({"secure": "v1:x"}, set()) == []


def test_an_unknown_key_is_reported_with_its_file() -> None:
    files = read_stack_files()
    files.project["adopt.keepp"] = "x"  # as without `--path`
    values = unit_program.configuration("staging") | {"adopt.keepp": "x", "adopt.bucket": "x"}
    _, problems = examine("staging", values, set(), files)
    assert [problem.partition(" is not")[0] for problem in problems] == [
        "Pulumi.staging.yaml: adopt.bucket",
        "Pulumi.yaml: adopt.keepp",
    ]


def test_a_stack_without_keys_is_one_problem() -> None:
    """As after `pulumi stack init` of a misspelt name."""
    files = read_stack_files()
    (problem,) = examine("prod", files.project, set(), files)[1]
    assert problem.startswith("Pulumi.prod.yaml: no key is set. If another stack is meant (dev, ")


@pytest.mark.parametrize("empty", ["null", None])
def test_a_key_left_empty_counts_as_unset(empty: str | None) -> None:
    """The engine gives an empty value to the program as `null`."""
    values = unit_program.configuration("staging") | {"adopt": empty, "extraSecrets": empty, "apiUrl": empty}
    assert examine("staging", values, set(), read_stack_files())[1] == []


@pytest.mark.parametrize("name", ["qa_1", "QA", "pr.12", "-x", "x" * 41])
def test_a_stack_with_a_name_that_cannot_be_part_of_others(name: str) -> None:
    _, problems = examine(name, unit_program.configuration("staging"), set(), read_stack_files())
    assert [problem for problem in problems if "a stack's name has at most 40 lower-case letters" in problem]


@pytest.mark.parametrize(
    ("branch", "alias"),
    [
        ("Feature/Login", "feature-login"),
        ("env--staging", "env--staging"),
        ("a.b/c", "a-b-c"),
        ("x" * 30, "x" * 28),
        ("-" + "y" * 26 + "-z", "y" * 26),
        ("___", ""),
    ],
)
def test_the_alias_of_a_branch(branch: str, alias: str) -> None:
    assert branch_alias(branch) == alias


@pytest.mark.parametrize(
    ("stack", "changes", "seconds"),
    [
        ("production", {}, 300),
        ("production", {"neonPlan": "launch"}, 0),
        ("staging", {"neonPlan": "launch"}, 300),
        ("production", {"neonPlan": "scale", "neonCompute": {"suspendSeconds": 600}}, 600),
    ],
)
def test_when_a_compute_suspends(stack: str, changes: dict[str, Any], seconds: int) -> None:
    settings, _ = examine(stack, unit_program.configuration(stack, changes), set(), read_stack_files())
    assert settings.suspend_seconds == seconds


def test_secret_keys_are_the_secret_fields() -> None:
    assert SECRET_KEYS == unit_program.SECRET_KEYS


EXAMPLES = {
    "production": ["cloudflareAccountId", "githubOwner", "pagesHost", "bucketPublicHost", "adopt.neonProject"],
    "staging": ["cloudflareAccountId", "githubOwner", "pagesHost", "bucketPublicHost"],
    "dev": ["adopt.neonProject"],
}


@pytest.mark.parametrize("stack", EXAMPLES)
def test_an_up_on_real_accounts_refuses_the_examples_values(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(unit_program.ROOT)
    with pytest.raises(pulumi.RunError) as error:
        run_program(stack, root=unit_program.ROOT)
    lines = [line.partition(": ")[2] for line in str(error.value).splitlines() if line.startswith("  - ")]
    assert [line.partition(" ")[0] for line in lines] == EXAMPLES[stack]
    run_program(stack, root=unit_program.ROOT, preview=True)
