"""Variables and a state that would send a run astray."""

from __future__ import annotations

from typing import Any

import pytest

from infra.checks import surroundings
from infra.checks.findings import Finding
from tests.unit.checks.starting import start

ADOPTED = "tall-oak-33334444"


@pytest.mark.parametrize("variable", ["GITHUB_OWNER", "GITHUB_ORGANIZATION"])
def test_a_variable_that_would_win_over_the_configured_owner(variable: str) -> None:
    assert [*surroundings.github_owner(start("staging", environ={variable: "somebody"}))] == [
        Finding(
            "wrong",
            f"{variable} is 'somebody', but githubOwner is 'tune-works', and the variable would win",
            f"Correct githubOwner, or `unset {variable}`",
        )
    ]
    assert not [*surroundings.github_owner(start("staging", environ={variable: "tune-works"}))]
    assert not [*surroundings.github_owner(start("dev", environ={variable: "somebody"}))]  # has no delivery


@pytest.mark.parametrize("variable", surroundings.ENDPOINTS)
def test_a_variable_that_sends_calls_elsewhere(variable: str) -> None:
    elsewhere = start("dev", environ={variable: "https://name:pass@api.example/v1"})
    assert [*surroundings.endpoints(elsewhere)] == [
        Finding(
            "note",
            f"{variable} is set: calls go to api.example, with the credential",
            f"Unless you mean it: `unset {variable}`",
        )
    ]
    here = start("dev", environ={variable: "http://127.0.0.1:80/client/v4", "FLY_APP": "https://x.example"})
    assert not [*surroundings.endpoints(here)]


def test_options_of_the_cli_in_the_environment() -> None:
    found = surroundings.engine_options(
        start("dev", environ={"PULUMI_OPTION_IGNORE_PROTECT": "true", "PULUMI_HOME": "/p"})
    )
    assert [*found] == [
        Finding(
            "note",
            "PULUMI_OPTION_IGNORE_PROTECT is set: Pulumi acts as if --ignore-protect were typed",
            "`unset PULUMI_OPTION_IGNORE_PROTECT`",
        )
    ]


def test_a_stack_without_its_protection() -> None:
    (found,) = surroundings.unprotected(start("staging", {"unprotect": "true"}))
    assert (found.state, "`pulumi config rm unprotect -s staging`" in found.fix) == ("note", True)
    assert not [*surroundings.unprotected(start("staging"))]


@pytest.mark.parametrize(
    ("stack", "own", "found"),
    [
        ("staging", {}, [("note", "bucketPublicHost"), ("note", "pagesHost")]),
        ("staging", {"variable-FRONTEND_URL": "x"}, [("note", "bucketPublicHost"), ("wrong", "pagesHost")]),
        ("production", {}, []),
        ("dev", {}, []),
    ],
)
def test_hosts_that_only_their_owner_can_tell(stack: str, own: dict[str, str], found: list[tuple[str, str]]) -> None:
    known = start(stack, own=own)
    unknown = known.settings.model_copy(update={"bucket_public_host": None, "pages_host": None})
    findings = surroundings.unknown_hosts(known._replace(settings=unknown))
    assert [(finding.state, finding.what.split()[0]) for finding in findings] == found
    assert not [*surroundings.unknown_hosts(known)]


def test_a_frontend_at_a_name_of_ones_own_needs_the_pages_host() -> None:
    named = start("staging", {"domains": {"zone": "tune.example", "frontend": "app.tune.example"}})
    assert not [*surroundings.unknown_hosts(named)]
    unknown = named._replace(settings=named.settings.model_copy(update={"pages_host": None}))
    assert [finding.state for finding in surroundings.unknown_hosts(unknown)] == ["wrong"]


def test_another_id_does_not_exchange_the_database() -> None:
    assert [*surroundings.another_database(start("production", own={"neon-project": "old-1"}))] == [
        Finding(
            "wrong",
            f"adopt.neonProject is '{ADOPTED}', but this stack's database is 'old-1', and the backend would change "
            "over to the other",
            'Correct the id. To change over all the same: docs/operating.md, "A database moves"',
        )
    ]


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({}, {"neon-project": ADOPTED}),
        ({"manage": ["storage"], "previewStack": None}, {"neon-project": "old-1"}),
        ({}, {}),
        ({}, {"neon-project": ""}),
        ({}, None),
        ({"unprotect": "true"}, {"neon-project": "old-1"}),
    ],
)
def test_the_database_may_stay_or_be_unprotected(changes: dict[str, Any], own: Any) -> None:
    assert not [*surroundings.another_database(start("production", changes, own=own))]
