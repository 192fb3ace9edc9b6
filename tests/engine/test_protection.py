"""Try to take what is live through the real engine: no flag and no setting does.

`make faults` tries every way on both stacks; `make test` tries every refusal on production.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.clouds import objects
from tests.engine.sandboxes import STORAGE_KEYS

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox

LIVE = ("neon project", "cloudflare bucket", "cloudflare pages", "cloudflare token", "fly app", "fly secret")
# Every way of the pinned engine to reach around protection that changes nothing: neither clouds nor state.
# `{name}` is the URN of the resource of that name.
REFUSED = [
    "destroy --skip-preview",
    "destroy --skip-preview --exclude-protected",
    "destroy --skip-preview --exclude {guard}",
    "destroy --skip-preview --target **::variable-* --target-dependents",
    "stack rm",
    "state delete {neon-project}",
    "up --skip-preview --replace {neon-project}",
    "up --skip-preview --replace {neon-project} --ignore-protect",
    "up --skip-preview --target-replace {neon-project} --ignore-protect",
]
# Those that meet the same refusals on another way.
FURTHER = [
    "destroy",
    "destroy --exclude-protected",
    "destroy --skip-preview --continue-on-error",
    "destroy --skip-preview --refresh",
    "destroy --skip-preview --remove",
    "destroy --skip-preview --run-program",
    "destroy --skip-preview --exclude {neon-project}",
    "destroy --skip-preview --target **",
    "up --skip-preview --target-replace {neon-project}",
]
# Those that make the engine forget a stack, and leave what is live in its cloud.
FORGOTTEN = [
    ("production", "destroy --skip-preview --ignore-protect"),
    ("staging", "state unprotect --all", "destroy --skip-preview"),
]
FORGOTTEN_TOO = [
    ("production", "destroy --skip-preview --ignore-protect --run-program"),
    ("production", "state unprotect --all", "destroy --skip-preview"),
    ("production", "stack rm --force --preserve-config"),
    ("staging", "destroy --skip-preview --ignore-protect"),
]
# Flags of `up` and `destroy` that decide nothing about what a run reaches.
HARMLESS = """
    attach-debugger color config config-file config-path cwd debug diff disable-integrity-checking emoji
    expect-no-changes fully-qualify-stack-names help json logflow logtostderr memprofilerate message neo
    non-interactive otel-traces override-env parallel policy-pack policy-pack-config preview-only profiling
    secrets-provider show-config show-full-output show-policy-exceptions show-policy-remediations show-reads
    show-replacement-steps show-sames show-secrets skip-config-validation skip-plugin-pre-install stack strict
    suppress-outputs suppress-permalink suppress-progress tracing urns verbose yes
"""


def resources(sandbox: Sandbox, stack: str) -> dict[str, Any]:
    found = sandbox.state(stack)["deployment"].get("resources", [])
    return {r["urn"]: r.get("id") for r in found if not r["type"].startswith("pulumi:providers:")}


def live(sandbox: Sandbox) -> dict[str, Any]:
    clouds = objects(sandbox)
    return {kind: clouds[kind] for kind in LIVE}


@pytest.mark.parametrize(
    ("stack", "commands"),
    [
        ("production", REFUSED),
        pytest.param("production", FURTHER, marks=pytest.mark.full),
        pytest.param("staging", REFUSED + FURTHER, marks=pytest.mark.full),
    ],
)
def test_every_way_around_protection_is_refused(stack: str, commands: list[str], empty_standing: Sandbox) -> None:
    before = (resources(empty_standing, stack), objects(empty_standing))
    urns = {urn.rpartition("::")[2]: urn for urn in before[0]}
    for command in commands:
        done = empty_standing.pulumi(*command.format_map(urns).split(), "--stack", stack, "--yes", check=False)
        assert (resources(empty_standing, stack), objects(empty_standing)) == before, command
        if "--ignore-protect" in command:
            assert "by a new and empty database" in done.stdout


@pytest.mark.parametrize(
    "way", [*FORGOTTEN, *(pytest.param(way, marks=pytest.mark.full) for way in FORGOTTEN_TOO)], ids=" ".join
)
def test_no_way_reaches_anything_live(way: tuple[str, ...], empty_standing: Sandbox) -> None:
    before = live(empty_standing)
    stack, *commands = way
    for command in commands:
        empty_standing.pulumi(*command.split(), "--stack", stack, "--yes")
    assert live(empty_standing) == before
    assert f"tune-works/tune/{stack}" in objects(empty_standing)["github environment"]


def test_a_variable_of_the_shell_reaches_nothing_live(empty_standing: Sandbox) -> None:
    before = live(empty_standing)
    environment = {**empty_standing.environment, "PULUMI_OPTION_IGNORE_PROTECT": "true"}
    replace(empty_standing, environment=environment).pulumi("destroy", "--stack", "staging", "--yes", "--skip-preview")
    assert resources(empty_standing, "staging") == {}
    assert live(empty_standing) == before


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_every_flag_of_the_engine_is_known(command: str, sandbox: Sandbox) -> None:
    """A flag that a new engine has must be tried above, or be harmless."""
    ways = [*REFUSED, *FURTHER, *(" ".join(way) for way in (*FORGOTTEN, *FORGOTTEN_TOO))]
    tried = re.findall(r"--([a-z-]+)", " ".join(ways))
    flags = re.findall(r"^ +(?:-\w, )?--([a-z-]+)", sandbox.pulumi(command, "--help").stdout, re.MULTILINE)
    assert "ignore-protect" in flags
    assert set(flags) <= {*tried, *HARMLESS.split(), "exclude-dependents"}


def test_an_adopted_database_stays_though_its_key_is_dropped(standing: Sandbox) -> None:
    """The files invite to drop it; `up` says "unchanged", and `destroy` once took the database made by hand."""
    before = live(standing)
    with standing.settings("dev") as settings:
        del settings["relay:adopt"]
    assert "`adopt` no longer lists them: neon-project" in standing.up("dev")
    standing.up("dev")
    standing.destroy("dev")
    assert live(standing) == before


def test_an_adoption_is_remembered_by_an_up_that_failed(sandbox: Sandbox) -> None:
    """Its stack outputs are lost then."""
    before = objects(sandbox)["neon project"]
    with sandbox.world.transaction() as tx:
        tx.delete("cloudflare", "pages", "ffffffffffffffffffffffffffffff01/tune")
    with sandbox.settings("production") as settings:
        settings["relay:manage"] = ["database", "frontend"]
    sandbox.refused("up", "production")
    with sandbox.settings("production") as settings:
        del settings["relay:adopt"], settings["relay:previewStack"]
        settings |= {"relay:manage": ["database"], "relay:unprotect": True, "relay:tier": "staging"}
        settings["relay:frontendUrl"] = "https://tune.example"
    sandbox.up("production")
    sandbox.destroy("production")
    assert objects(sandbox)["neon project"] == before


def test_a_part_that_leaves_by_a_setting_is_refused_and_can_be_let_go(empty_standing: Sandbox) -> None:
    before = live(empty_standing)
    with empty_standing.settings("production") as settings:
        settings["relay:manage"] = ["storage", "database", "backend", "delivery"]
    refused = empty_standing.refused("up", "production")
    assert "and are still in the state: pages-project" in refused
    assert "pulumi up --ignore-protect -s production" in refused
    assert live(empty_standing) == before
    empty_standing.up("production", "--ignore-protect")
    assert live(empty_standing) == before
    assert not [urn for urn in resources(empty_standing, "production") if urn.endswith("::pages-project")]


def test_a_setting_that_drops_a_resource_is_no_dead_end(empty_standing: Sandbox) -> None:
    """A kept key in place of the minted token, and a bucket off the list: once "protected", for ever."""
    with empty_standing.settings("production") as settings:
        settings["relay:extraBuckets"] = {"tune-art": {}}
        settings["relay:mintDeployToken"] = True
    empty_standing.up("production")
    before = live(empty_standing)
    with empty_standing.settings("production") as settings:
        del settings["relay:extraBuckets"], settings["relay:mintDeployToken"]
    keys = [f"--secret={key}={'f' * 64}" for key in STORAGE_KEYS]
    empty_standing.pulumi("config", "set-all", "--stack", "production", *keys)
    assert "left in their clouds: bucket-tune-art, storage-token" in empty_standing.up("production")
    after = live(empty_standing)
    for kind in ("cloudflare bucket", "cloudflare token"):
        assert after[kind] == before[kind]
