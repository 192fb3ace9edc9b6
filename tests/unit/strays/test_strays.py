"""What the clouds hold and no state has."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from infra import kinds
from infra.config.load import examine_files
from ops.access import Access, ask_all
from ops.inventory import Inventory
from ops.strays import lists, report
from ops.strays.lists import Found
from sandbox.world import cloudflare, fly, github, neon, neon_branches
from tests.unit.adopt.conftest import EMPTY, asked, nothing

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from tests.unit.adopt.conftest import Asked

__all__ = ["asked", "nothing"]

ACCOUNT = "ffffffffffffffffffffffffffffff01"
PLACE = ("tune-works", "tune")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}


def settings(asked: Asked) -> list[Settings]:
    return [examine_files(stack, asked.files)[0] for stack in asked.files.stacks]


def listed(asked: Asked, states: Inventory = EMPTY) -> tuple[list[Found], dict[str, str]]:
    return ask_all(lists.listings(Access({}), settings(asked), states))


def names(found: list[Found]) -> set[tuple[str, str]]:
    return {(item.kind.title, item.key) for item in found}


def owned(found: list[Found]) -> Inventory:
    return Inventory({(item.kind.type, item.key): "production" for item in found}, frozenset(), {})


def test_an_empty_world_has_no_strays(nothing: Asked) -> None:
    assert listed(nothing) == ([], {})


def test_every_kind_of_every_cloud_is_listed(asked: Asked) -> None:
    before, _ = listed(asked)
    with asked.world.transaction() as tx:
        project = neon.create_project(tx, {"name": "left"})["id"]
        cloudflare.create_bucket(tx, ACCOUNT, {"name": "left-eu", "jurisdiction": "eu"})
        cloudflare.create_pages(tx, ACCOUNT, {"name": "left"})
        tx.put("cloudflare", "token", "a" * 32, {"id": "a" * 32, "account_id": ACCOUNT, "name": "left"})
        fly.put_app(tx, "left-app", "tune-works", {})
        for name in ("left", "own"):
            github.put_environment(tx, *PLACE, name, deployment_branch_policy=CUSTOM)
            github.put_item(tx, "variable", *PLACE, name, "IN_IT", value="x")
            github.put_item(tx, "secret", *PLACE, name, "KEY", value="x")
        policy = github.create_policy(tx, *PLACE, "own", pattern="v*", kind="tag")["id"]
    own = Inventory({(kinds.ENVIRONMENT.type, "tune:own"): "staging"}, frozenset(), {})
    found, unanswered = listed(asked, own)
    assert unanswered == {}
    assert names(found) - names(before) == {
        ("Neon project", project),
        ("R2 bucket", f"{ACCOUNT}/left-eu/eu"),
        ("Pages project", f"{ACCOUNT}/left"),
        ("Cloudflare account token", "a" * 32),
        ("Fly app", "left-app"),
        ("GitHub environment", "tune:left"),
        ("GitHub environment", "tune:own"),
        ("deployment policy of a GitHub environment", f"tune:own:{policy}"),
        ("variable of a GitHub environment", "tune:own:IN_IT"),
        ("secret of a GitHub environment", "tune:own:KEY"),
    }
    assert {stray.found.key for stray in report.strays(found, owned(before), [], NOW)} == {
        item.key for item in found if item not in before
    }


def test_a_repositorys_own_variables_and_secrets_are_listed_where_a_stack_has_its_own_there(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        github.put_item(tx, "variable", *PLACE, "FLY_APP_QA", value="x")
        github.put_item(tx, "secret", *PLACE, "FLY_API_TOKEN_QA", value="x")
    items = {("GitHub variable", "tune:FLY_APP_QA"), ("GitHub secret", "tune:FLY_API_TOKEN_QA")}
    assert not items & names(listed(asked)[0])
    asked.files.stacks["staging"]["githubScope"] = "repository"
    assert items <= names(listed(asked)[0])


def test_a_branch_with_a_pull_request_s_name_is_a_stray(nothing: Asked) -> None:
    with nothing.world.transaction() as tx:
        project = neon.create_project(tx, {"name": "tune-staging"})["id"]
        for name in ("pr-7", "restore-point-v1"):
            neon_branches.create_branch(tx, project, {"name": name})
    states = Inventory({(kinds.NEON_PROJECT.type, project): "staging"}, frozenset(), {})
    found, _ = listed(nothing, states)
    assert [item.name for item in found if item.kind == kinds.NEON_BRANCH] == ["pr-7"]
    assert "pr" in report.own_names("relay", [])


def test_a_project_that_a_state_has_and_somebody_deleted_is_no_problem(nothing: Asked) -> None:
    states = Inventory({(kinds.NEON_PROJECT.type, "gone-1"): "staging"}, frozenset(), {})
    assert listed(nothing, states) == ([], {})


def test_many_of_a_kind_take_few_requests(nothing: Asked) -> None:
    with nothing.world.transaction() as tx:
        for number in range(60):
            neon.create_project(tx, {"name": f"p{number}"})
            cloudflare.create_bucket(tx, ACCOUNT, {"name": f"bucket-{number}"})
            cloudflare.create_pages(tx, ACCOUNT, {"name": f"pages-{number}"})
            token = {"id": f"{number:032x}", "account_id": ACCOUNT, "name": "t"}
            tx.put("cloudflare", "token", token["id"], token)
            fly.put_app(tx, f"app-{number}", "tune-works", {})
            github.put_environment(tx, *PLACE, f"env-{number}", deployment_branch_policy=CUSTOM)
    keys = {(kinds.ENVIRONMENT.type, f"tune:env-{number}"): "staging" for number in range(20)}
    found, unanswered = listed(nothing, Inventory(keys, frozenset(), {}))
    assert unanswered == {}
    assert set(Counter(item.kind.title for item in found).values()) == {60}
    calls = Counter(cloud for cloud, operation, _ in nothing.world.calls() if operation in {"GET", "apps list"})
    # Neon 1, buckets 3, Pages projects 7, tokens 2; GitHub: one page, and three for each environment of a stack.
    assert calls == {"neon": 1, "cloudflare": 3 + 7 + 2, "fly": 1, "github": 1 + 3 * 20}


@pytest.mark.parametrize(
    ("cloud", "call", "fault", "name"),
    [
        ("neon", "GET", "down", "Neon projects"),
        ("github", "GET", "down", "GitHub environments of tune-works/tune"),
        ("fly", "apps list", "exit1", "Fly apps of tune-works"),
    ],
)
def test_a_cloud_that_does_not_answer_is_named_and_the_rest_is_shown(
    asked: Asked, cloud: str, call: str, fault: str, name: str
) -> None:
    asked.world.inject(cloud, call, fault, times=9)
    found, unanswered = listed(asked)
    assert unanswered.keys() == {name}
    assert "Cloudflare" in {item.kind.service for item in found}


def stray(name: str, made: str = "", cost: float | None = None) -> Found:
    return Found(kinds.NEON_PROJECT, f"id-of-{name}", name, made, cost)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("tune-pr-7", True),
        ("tuneful", False),
        ("relay-verified-1", True),
        ("tune-audio (pulumi-1)", True),
        ("staging: API_URL", True),
        ("staging: SENTRY_DSN", False),
    ],
)
def test_a_stray_of_ours_has_a_name_that_a_stack_gives(asked: Asked, name: str, ours: bool) -> None:
    own = report.own_names("relay", settings(asked))
    (found,) = report.strays([stray(name)], Inventory({}, frozenset(), {}), own, NOW)
    assert found.ours == ours


def test_strays_are_the_rest_of_what_exists_ours_first_and_then_the_oldest() -> None:
    known = Inventory({(kinds.NEON_PROJECT.type, "id-of-known"): "dev"}, frozenset(), {})
    found = [stray("known"), stray("b", "2026-11-01 00:00:00"), stray("tune", "not a date"), stray("a", "2025-11-28")]
    assert [(each.found.name, each.days) for each in report.strays(found, known, ["tune"], NOW)] == [
        *(("tune", None), ("a", 365), ("b", 27)),
    ]


def test_they_are_shown_as_text_as_markdown_and_as_json() -> None:
    strays = report.strays([stray("a|b", "2026-11-27T12:00:00Z", 5.0)], Inventory({}, frozenset(), {}), [], NOW)
    line = "Neon project a|b; 1 day old, $5.00 a month, not a name of this project; id id-of-a|b"
    text = report.render(strays, {"R2 buckets": "Cloudflare answered 503"}, "text")
    assert " ".join(text.split()).startswith(
        f"{line.replace(';', '')} Not checked: R2 buckets. Cloudflare answered 503 Not listed: "
    )
    assert report.render(strays, {}, "markdown").splitlines()[0] == f"- {line}"
    (row,) = json.loads(report.render(strays, {}, "json"))
    assert row["days"] == 1
    assert (row["title"], row["name"], row["id"], row["monthly"], row["ours"]) == (
        *("Neon project", "a|b", "id-of-a|b", 5.0, False),
    )
    assert report.render([], {}, "text").startswith("No strays")
