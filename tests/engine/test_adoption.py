"""Adopt what exists through the real engine: part by part, and by bin/adopt in one go, whatever was set by hand."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

import pytest

from sandbox.world import fly, neon
from tests.engine import pages
from tests.engine.clouds import objects, project_id, up
from tests.engine.made_by_hand import changed_by_hand
from tests.engine.sandboxes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Opened
    from tests.engine.sandboxes import Sandbox

PAGE = (ROOT / "docs" / "adoption.md").read_text(encoding="utf-8")
CHANGES = {"updated", "replaced", "deleted"}


def test_part_by_part_as_the_page_says(sandbox: Sandbox) -> None:
    """With the first part alone, and with all of them."""
    before = objects(sandbox)
    parts = re.findall(r"^\| `(\w+)` \|", PAGE.partition("| Part |")[2], re.MULTILINE)
    assert len(parts) == 5
    forget_adopted(sandbox, "production")
    for count in (1, 5):
        part = parts[count - 1]
        with sandbox.settings("production") as settings:
            settings["relay:manage"] = parts[:count]
        with pages.Walk(sandbox, PAGE) as steps:
            said = {command: steps.run(command) for command in list(steps.left)}
        for command, text in said.items():
            assert not re.search(r"\d+ (to )?(delete|replace|update)", text), (part, command, text)
        assert said["bin/adopt production"].endswith("  bin/sandbox bin/adopt production --write\n")
        assert said["bin/adopt production --write"].endswith("  bin/sandbox pulumi preview -s production --diff\n")
        after = objects(sandbox)
        for kind in ("cloudflare bucket", "fly app"):
            assert after[kind].keys() == before[kind].keys(), (part, kind)
        for kind in ("neon project", "cloudflare pages"):
            assert after[kind] == before[kind], (part, kind)
    assert after["cloudflare token"] == {}
    kept = before["fly secret"]
    assert {key: after["fly secret"][key] for key in kept} == kept
    with sandbox.settings("production") as settings:
        assert settings["relay:adopt"].keys() == {"neonProject", "bucket", "pagesProject", "flyApp", "keep"}
        assert "secret" not in json.dumps(settings)
    assert sandbox.run("bin/adopt", "production").stdout.endswith("Pulumi.production.yaml needs no change.\n")


def test_an_id_that_does_not_exist_touches_nothing(sandbox: Sandbox) -> None:
    before = objects(sandbox)
    with sandbox.settings("production") as settings:
        settings["relay:adopt"]["neonProject"] = "no-such-12345678"
        settings["relay:manage"] = ["database"]
    said = sandbox.refused("up", "production")
    assert "Another Neon project is called" in said
    assert "no-such-12345678" in said
    assert objects(sandbox) == before


def test_another_id_does_not_exchange_the_database(standing: Sandbox) -> None:
    """The engine would import it over the one it has, protected or not."""
    before = objects(standing)
    staging = project_id(standing, "tune-staging")
    with standing.settings("production") as settings:
        settings["relay:adopt"]["neonProject"] = staging
    for verb in ("preview", "up", "up"):
        said = standing.refused(verb, "production")
        assert f"adopt.neonProject is {staging!r}, but this stack's database is 'tall-oak-33334444'" in said
    assert objects(standing) == before


def test_a_setting_that_is_not_real_shows_before_it_is_written(sandbox: Sandbox) -> None:
    with sandbox.settings("production") as settings:
        settings |= {"relay:historyRetentionSeconds": 3600, "relay:manage": ["database"]}
    plan = json.loads(sandbox.pulumi("preview", "--stack", "production", "--json").stdout)
    ops = [step["op"] for step in plan["steps"] if step["urn"].endswith("::neon-project")]
    assert ops == ["import", "update"]


def forget_adopted(sandbox: Sandbox, stack: str) -> None:
    """Take what a stack's file adopts out of it."""
    with sandbox.settings(stack) as settings:
        settings.pop("relay:adopt", None)


def test_bin_adopt_part_by_part_keeps_the_file_as_it_is_written(sandbox: Sandbox) -> None:
    path = sandbox.folder / "mirror" / "Pulumi.production.yaml"
    committed = (sandbox.project / path.name).read_text().partition("  relay:adopt:")[0]
    path.write_text(f"# Ours\n{committed}  relay:postgresVersion: 16  # soon\n")
    before = path.read_text().splitlines()
    sandbox.run("bin/adopt", "production", "--write", "--only", "database,storage")
    after = path.read_text().splitlines()
    assert [line for line in before if line not in after] == ["  relay:postgresVersion: 16  # soon"]
    assert '  relay:postgresVersion: "17" # soon' in after
    with sandbox.settings("production") as settings:
        assert settings["relay:adopt"] == {"neonProject": "tall-oak-33334444", "bucket": "tune-audio"}
        settings["relay:manage"] = ["database"]
    refused = sandbox.run("bin/adopt", "production", "--only", "storage", check=False)
    assert refused.returncode == 1
    assert "Stack production does not manage storage" in refused.stderr


def test_bin_adopt_shows_the_rest_where_a_cloud_does_not_answer(sandbox: Sandbox) -> None:
    forget_adopted(sandbox, "production")
    sandbox.world.inject("neon", "GET", "down")
    done = sandbox.run("bin/adopt", "production", check=False)
    assert done.returncode == 3
    assert "Not checked: database. Neon answered 503" in done.stdout
    assert "adopt.bucket: tune-audio" in done.stdout


def test_bin_adopt_refuses_an_interrupted_stack(standing: Sandbox) -> None:
    with standing.edited_state("staging") as latest:
        latest["pending_operations"] = [{"resource": latest["resources"][-1], "type": "creating"}]
    done = standing.run("bin/adopt", "staging", check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("First run:\n  bin/sandbox bin/recover staging\n")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 25))])
def test_bin_adopt_after_random_changes_by_hand(sandbox: Sandbox, seed: int) -> None:
    """After --write an `up` imports and creates, changes nothing, and leaves nothing to do."""
    with sandbox.world.transaction() as tx:
        changed_by_hand(tx, random.Random(seed))  # noqa: S311  (not for cryptography)
    before = objects(sandbox)
    forget_adopted(sandbox, "production")
    sandbox.run("bin/adopt", "production", "--write")
    assert not up(sandbox, "production").keys() & CHANGES
    sandbox.assert_unchanged("production")
    after = objects(sandbox)
    for kind in before.keys() - {"cloudflare bucket", "fly app"}:
        assert {key: after[kind][key] for key in before[kind]} == before[kind], kind


def test_bin_strays_leaves_out_every_resource_of_a_stack(stood: Callable[[bool], Sandbox], opened: Opened) -> None:
    with opened(stood(True)) as standing:
        assert standing.run("bin/strays", "--format", "json").stdout == "[]\n"
        with standing.world.transaction() as tx:
            neon.create_project(tx, {"name": "tune-pr-7"})
            fly.put_app(tx, "another", "tune-works", {})
        found = json.loads(standing.run("bin/strays", "--format", "json").stdout)
        assert [(stray["name"], stray["monthly"], stray["ours"]) for stray in found] == [
            ("tune-pr-7", None, True),
            ("another", 5.0, False),
        ]
        (report := standing.folder / "drift.md").write_text("")
        standing.run("bin/strays", "--ours", "--report", str(report))
        assert "- Neon project tune-pr-7; " in report.read_text()
        assert "another" not in report.read_text()
        standing.world.inject("neon", "GET", "down", times=9)
        done = standing.run("bin/strays", check=False)
        assert done.returncode == 3
        assert "another" in done.stdout
        assert "Not checked: Neon projects." in done.stdout
