"""Protection through the real engine: no flag of its own, and no setting, takes what is live."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.test_environments import objects, up

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox

LIVE = ("neon project", "cloudflare bucket", "cloudflare pages", "cloudflare token", "fly app", "fly secret")
# Each flag of the pinned engine's `destroy` that decides what it reaches (`pulumi destroy --help`).
FLAGS = [
    (),
    ("--skip-preview",),
    ("--skip-preview", "--continue-on-error"),
    ("--exclude-protected",),
    ("--exclude-protected", "--skip-preview"),
    ("--skip-preview", "--target", "**"),
    ("--skip-preview", "--target", "**::variable-*", "--target-dependents"),
]


def resources(sandbox: Sandbox, stack: str) -> dict[str, Any]:
    found = sandbox.state(stack)["deployment"].get("resources", [])
    return {r["urn"]: r.get("id") for r in found if not r["type"].startswith("pulumi:providers:")}


def live(sandbox: Sandbox) -> dict[str, Any]:
    clouds = objects(sandbox)
    return {kind: clouds[kind] for kind in LIVE}


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_destroy_is_refused_as_a_whole(stack: str, empty_standing: Sandbox) -> None:
    before = (resources(empty_standing, stack), objects(empty_standing))
    for flags in FLAGS:
        empty_standing.pulumi("destroy", "--stack", stack, "--yes", *flags, check=False)
        assert (resources(empty_standing, stack), objects(empty_standing)) == before, flags


@pytest.mark.parametrize("stack", ["production", "staging"])
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_ignore_protect_reaches_nothing_live(stack: str, how: str, empty_standing: Sandbox) -> None:
    before = live(empty_standing)
    flags = ("--ignore-protect",) if how == "flag" else ()
    if how == "variable":
        environment = {**empty_standing.environment, "PULUMI_OPTION_IGNORE_PROTECT": "true"}
        empty_standing = replace(empty_standing, environment=environment)
    empty_standing.pulumi("destroy", "--stack", stack, "--yes", "--skip-preview", *flags)
    assert resources(empty_standing, stack) == {}
    assert live(empty_standing) == before
    assert f"tune-works/tune/{stack}" in objects(empty_standing)["github environment"]


def test_a_replacement_that_ignores_protection_leaves_the_old_database(empty_standing: Sandbox) -> None:
    before = objects(empty_standing)["neon project"]
    (urn,) = [urn for urn in resources(empty_standing, "staging") if urn.endswith("::neon-project")]
    empty_standing.pulumi(
        "up", "--stack", "staging", "--yes", "--skip-preview", "--ignore-protect", "--replace", urn, check=False
    )
    assert before.items() <= objects(empty_standing)["neon project"].items()


def test_what_was_adopted_stays_though_its_key_is_dropped(standing: Sandbox) -> None:
    """The files invite to drop it; `up` says "unchanged", and `destroy` once took the database made by hand."""
    before = live(standing)
    with standing.settings("dev") as settings:
        del settings["relay:adopt"]
    done = standing.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
    assert "`adopt` no longer lists them: neon-project" in done.stdout
    up(standing, "dev")
    standing.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview")
    assert live(standing) == before


def test_an_adoption_is_remembered_by_an_up_that_failed(sandbox: Sandbox) -> None:
    """Its stack outputs are lost then."""
    before = objects(sandbox)["neon project"]
    with sandbox.world.transaction() as tx:
        tx.delete("cloudflare", "pages", "ffffffffffffffffffffffffffffff01/tune")
    with sandbox.settings("production") as settings:
        settings["relay:manage"] = ["database", "frontend"]
    failed = sandbox.pulumi("up", "--stack", "production", "--yes", "--skip-preview", check=False)
    assert failed.returncode != 0
    with sandbox.settings("production") as settings:
        del settings["relay:adopt"], settings["relay:previewStack"]
        settings |= {"relay:manage": ["database"], "relay:unprotect": True, "relay:tier": "staging"}
        settings["relay:frontendUrl"] = "https://tune.example"
    up(sandbox, "production")
    sandbox.pulumi("destroy", "--stack", "production", "--yes", "--skip-preview")
    assert objects(sandbox)["neon project"] == before


def test_a_part_that_leaves_by_a_setting_is_refused_and_can_be_let_go(empty_standing: Sandbox) -> None:
    before = live(empty_standing)
    with empty_standing.settings("production") as settings:
        settings["relay:manage"] = ["storage", "database", "backend", "delivery"]
    refused = empty_standing.pulumi("up", "--stack", "production", "--yes", "--skip-preview", check=False)
    assert refused.returncode != 0
    assert "no longer in the program: pages-project" in refused.stdout
    assert "pulumi up --ignore-protect -s production" in refused.stdout
    assert live(empty_standing) == before
    up(empty_standing, "production", "--ignore-protect")
    assert live(empty_standing) == before
    assert set(up(empty_standing, "production")) == {"unchanged"}


def test_what_a_setting_can_drop_is_no_dead_end(empty_standing: Sandbox) -> None:
    """A kept key in place of the minted token, and a bucket off the list: once "protected", for ever."""
    with empty_standing.settings("production") as settings:
        settings["relay:extraBuckets"] = {"tune-art": {}}
        settings["relay:mintDeployToken"] = True
    up(empty_standing, "production")
    before = live(empty_standing)
    with empty_standing.settings("production") as settings:
        del settings["relay:extraBuckets"], settings["relay:mintDeployToken"]
    for key in ("storageAccessKeyId", "storageSecretAccessKey"):
        empty_standing.config_set("production", key, "f" * 64, secret=True)
    done = empty_standing.pulumi("up", "--stack", "production", "--yes", "--skip-preview")
    assert "left in their clouds: bucket-tune-art, storage-token" in done.stdout
    after = live(empty_standing)
    for kind in ("cloudflare bucket", "cloudflare token"):
        assert after[kind] == before[kind]
    assert set(up(empty_standing, "production")) == {"unchanged"}


def test_unprotect_lets_staging_be_destroyed(empty_standing: Sandbox) -> None:
    with empty_standing.settings("staging") as settings:
        settings["relay:unprotect"] = True
    up(empty_standing, "staging")
    empty_standing.pulumi("destroy", "--stack", "staging", "--yes", "--skip-preview")
    names = [project["name"] for project in objects(empty_standing)["neon project"].values()]
    assert "tune-staging" not in names
    assert "tune-api-staging" not in objects(empty_standing)["fly app"]
