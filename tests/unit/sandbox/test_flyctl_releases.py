"""Test the stand-in flyctl's deployments: machines, live secrets, output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.sandbox.flyctl_world import failed

if TYPE_CHECKING:
    from tests.unit.sandbox.flyctl_world import FlyctlWorld


def statuses(flyctl: FlyctlWorld) -> set[str]:
    return {secret["status"] for secret in flyctl.json("secrets", "list", "-a", "fresh")}


@pytest.mark.parametrize(("ha", "machines"), [([], 2), (["--ha=false"], 1)])
def test_a_first_deployment_makes_machines_and_brings_the_secrets_live(
    flyctl: FlyctlWorld, ha: list[str], machines: int
) -> None:
    flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=1")
    done = flyctl.run("deploy", "-a", "fresh", "--image", "nginx:1", *ha)
    assert (done.returncode, done.stderr) == (0, b"Searching for image 'nginx:1' remotely...\n")
    assert done.stdout.endswith(b"\nVisit your newly deployed app at https://fresh.fly.dev/\n")
    assert statuses(flyctl) == {"Deployed"}
    assert len(flyctl.json("status", "-a", "fresh")["Machines"]) == machines
    flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=2")
    assert statuses(flyctl) == {"Staged"}
    flyctl.run("deploy", "-a", "fresh", "-i", "nginx:2")
    assert statuses(flyctl) == {"Deployed"}
    assert len(flyctl.json("machine", "list", "-a", "fresh")) == machines


def test_releases_are_listed_the_newest_first(flyctl: FlyctlWorld) -> None:
    for image in ("nginx:1", "nginx:2"):
        flyctl.run("deploy", "-a", "fresh", "--image", image)
    title, *rows = flyctl.run("releases", "-a", "fresh", "--image").stdout.decode().splitlines()
    assert [cell.strip() for cell in title.split("│")][::5] == ["VERSION", "DOCKER IMAGE"]
    assert [[cell.strip() for cell in row.split("│")][::5] for row in rows if row] == [
        ["v2", "nginx:2"],
        ["v1", "nginx:1"],
    ]


def test_logs_say_that_nothing_runs(flyctl: FlyctlWorld) -> None:
    done = flyctl.run("logs", "-a", "relay-api", "--no-tail").stdout
    assert b"app[relay-api-1] iad [info]The sandbox runs no application." in done
    failed(flyctl.run("logs", "-a", "absent"), 'Could not find App "absent"')


def test_secrets_are_set_by_argument_and_from_standard_input(flyctl: FlyctlWorld) -> None:
    assert flyctl.run("secrets", "set", "--stage", "-a", "fresh", 'A=x#"y', "B=-", stdin=b" z\n").returncode == 0
    assert flyctl.values("fresh") == {"A": 'x#"y', "B": "z"}
    failed(flyctl.run("secrets", "set", "-a", "fresh", "C"), "'C': must be in the format NAME=VALUE")


def test_a_token_of_an_organization_reaches_its_apps_and_mints_nothing(flyctl: FlyctlWorld) -> None:
    token = flyctl.json("tokens", "create", "org", "-o", "acme")["token"]
    assert flyctl.json("orgs", "list", FLY_API_TOKEN=token) == {"acme": "Acme & Söhne"}
    assert flyctl.json("status", "-a", "fresh", FLY_API_TOKEN=token)["Name"] == "fresh"
    failed(flyctl.run("status", "--json", "-a", "taken", FLY_API_TOKEN=token), "Could not find App")
    minting = flyctl.run("tokens", "create", "deploy", "-a", "fresh", FLY_API_TOKEN=token)
    failed(minting, "failed creating token: input: Not authorized")
    failed(flyctl.run("tokens", "create", "org", "-o", "nobody"), "Could not find Organization")
