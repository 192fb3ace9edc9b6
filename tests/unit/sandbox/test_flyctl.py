"""Run the stand-in flyctl in this process: the output and the exit code of its commands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from sandbox.flyctl.faults import ACCOUNT, FAULTS, HTTP, NETWORK
from tests.unit.sandbox.flyctl_world import failed

if TYPE_CHECKING:
    from tests.unit.sandbox.flyctl_world import FlyctlWorld

STAGED = (
    b"Secrets have been staged, but not set on VMs. "
    b"Deploy or update machines in this app for the secrets to take effect.\n"
)


def test_version_needs_no_token(flyctl: FlyctlWorld) -> None:
    done = flyctl.run("version", "--json", FLY_API_TOKEN=None)
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 1
    assert json.loads(done.stdout).items() >= {"Name": "flyctl", "Version": "0.4.87"}.items()


def test_create_look_destroy(flyctl: FlyctlWorld) -> None:
    assert flyctl.run("apps", "create", "new", "--org", "acme").stdout == b"New app created: new\n"
    found = flyctl.json("status", "-a", "new")
    expected = {"Name": "new", "Status": "pending", "Deployed": False, "Hostname": "new.fly.dev", "Machines": []}
    assert found.items() >= expected.items()
    assert found["Organization"]["Slug"] == "acme"
    refused = flyctl.run("apps", "destroy", "new")
    assert refused.returncode == 1
    assert refused.stderr.startswith(b"Destroying an app is not reversible.\nError: yes flag must be specified")
    assert flyctl.run("apps", "destroy", "new", "--yes").stdout == b"Destroyed app new\n"
    failed(flyctl.run("status", "--json", "-a", "new"), "failed to get app: failed to run query (")
    failed(flyctl.run("apps", "destroy", "new", "-y"), '}: Could not find App "new"\n')


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["taken", "-o", "acme"], "Error: Validation failed: Name has already been taken (Request ID: "),
        (["taken", "-o", "acme"], "\nApp names are unique across all of Fly.io"),
        (["Under_score", "-o", "acme"], "Name may only contain numbers, lowercase letters and dashes (Request"),
        (["new", "-o", "somebody-else"], "organization somebody-else not found"),
        (["new"], "org slug must be specified when not running interactively"),
    ],
)
def test_create_is_refused(flyctl: FlyctlWorld, argv: list[str], text: str) -> None:
    before = flyctl.apps()
    failed(flyctl.run("apps", "create", *argv), text)
    assert flyctl.apps() == before


def test_a_strangers_app_looks_missing(flyctl: FlyctlWorld) -> None:
    failed(flyctl.run("status", "--json", "-a", "taken"), 'Could not find App "taken"')
    failed(flyctl.run("secrets", "list", "--json", "-a", "taken"), "failed to list app secrets: unauthorized (Req")


def test_staged_import_and_unset(flyctl: FlyctlWorld) -> None:
    done = flyctl.run("secrets", "import", "--stage", "-a", "relay-api", stdin=b"A=\"x#y\"\nB='1'\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, STAGED, b"")
    assert flyctl.values("relay-api") == {"KEPT": "by hand", "A": "x#y", "B": "1"}
    listed = {secret["name"]: secret for secret in flyctl.json("secrets", "list", "-a", "relay-api")}
    assert {name: secret["status"] for name, secret in listed.items()} == {
        "A": "Staged",
        "B": "Staged",
        "KEPT": "Deployed",
    }
    assert all(re.fullmatch("[0-9a-f]{16}", secret["digest"]) for secret in listed.values())
    assert flyctl.run("secrets", "unset", "--stage", "-a", "relay-api", "A", "NEVER_SET").stdout == STAGED
    assert flyctl.values("relay-api") == {"KEPT": "by hand", "B": "1"}
    title, *rows = flyctl.run("secrets", "list", "-a", "relay-api").stdout.decode().split("\n")
    assert [cell.strip() for cell in title.split("│")] == ["NAME", "DIGEST", "STATUS"]
    assert [row.split("│")[0].strip() for row in rows if row] == ["* B", "KEPT"]


def test_deploy_brings_them_live(flyctl: FlyctlWorld) -> None:
    flyctl.run("secrets", "import", "--stage", "-a", "relay-api", stdin=b"A=1")
    assert b"Machine relay-api-1 [app] update succeeded" in flyctl.run("secrets", "deploy", "-a", "relay-api").stdout
    assert {secret["status"] for secret in flyctl.json("secrets", "list", "-a", "relay-api")} == {"Deployed"}
    failed(flyctl.run("secrets", "deploy", "-a", "fresh"), "no machines available to deploy\n")


def test_unstaged_import(flyctl: FlyctlWorld) -> None:
    assert flyctl.run("secrets", "import", "-a", "fresh", stdin=b"A=1").stdout == (
        b"Secrets are staged for the first deployment\n"
    )
    assert b"with rolling strategy\n" in flyctl.run("secrets", "import", "-a", "relay-api", stdin=b"A=1").stdout
    with flyctl.world.transaction() as transaction:
        app = transaction.get("fly", "app", "relay-api")
        transaction.put("fly", "app", "relay-api", {**(app or {}), "machines": []})
    failed(
        flyctl.run("secrets", "import", "-a", "relay-api", stdin=b"B=2"),
        "could not create a fly.toml from any machines",
    )
    assert flyctl.values("relay-api").items() >= {"A": "1", "B": "2"}.items()


def test_an_import_that_does_not_parse_sends_nothing(flyctl: FlyctlWorld) -> None:
    nothing = flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b'A="""never closed\n')
    failed(nothing, "requires at least one SECRET=VALUE pair")
    echoed = flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=1\nhunter2\n")
    failed(echoed, "from stdin: Secrets must be provided as NAME=VALUE pairs (hunter2 is invalid)\n")
    panicked = flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=1\nB='\n")
    assert (panicked.returncode, panicked.stderr) == (3, b"")
    assert b"goroutine 1 [running]" in panicked.stdout
    bad_name = flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"export A=1\n")
    failed(bad_name, "update secrets: failed to update app secrets: Validation failed: Name only allows letters")
    assert flyctl.values("fresh") == {}


def test_usage_errors_print_usage_on_standard_output(flyctl: FlyctlWorld) -> None:
    done = flyctl.run("tokens", "list", "-a", "fresh", "--json")
    assert (done.returncode, done.stderr) == (1, b"Error: unknown flag: --json\n")
    assert done.stdout.startswith(b"Usage:\n  flyctl tokens list [flags]\n")
    done = flyctl.run("tokens", "create", "deploy", "-a", "fresh", "-x", "30d")
    assert done.stdout.startswith(b"Usage:\n")
    assert done.stderr.startswith(b'Error: invalid argument "30d" for "-x, --expiry" flag: ')


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (["machine", "run"], "machine run"),
        (["tokens", "create", "ssh"], "tokens create"),
        (["deploy", "-a", "fresh"], "deploy without --image"),
        (["status", "-a", "fresh"], "this command without --json"),
    ],
)
def test_what_is_not_modelled_says_so(flyctl: FlyctlWorld, argv: list[str], what: str) -> None:
    done = flyctl.run(*argv)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"not implemented in the sandbox's flyctl: {what}\n"


def test_every_run_is_recorded(flyctl: FlyctlWorld) -> None:
    flyctl.run("secrets", "list", "--json", "-a", "fresh", EXTRA="1")
    flyctl.run("machine", "run")
    (cloud, operation, detail), unknown = flyctl.world.calls()
    assert (cloud, operation, unknown[1]) == ("fly", "secrets list", "unknown")
    assert detail["argv"] == ["secrets", "list", "--json", "-a", "fresh"]
    assert detail["environment"] == {**flyctl.environment, "EXTRA": "1"}
    assert detail["directory"] == str(flyctl.cwd)


IMPORT = ("secrets", "import", "--stage", "-a", "fresh")
VALUE = b"A=hunter2"


@pytest.mark.parametrize(
    ("fault", "code", "done"),
    [
        *[(fault, 1, {}) for fault in ("exit1", *HTTP, *ACCOUNT, *NETWORK)],
        *[(fault, 1, {"A": "hunter2"}) for fault in ("lost", "propagation")],
        ("empty", 0, {"A": "hunter2"}),
    ],
)
def test_faults_strike_before_or_after_the_effect(
    flyctl: FlyctlWorld, fault: str, code: int, done: dict[str, str]
) -> None:
    flyctl.world.inject("fly", "secrets import", fault)
    struck = flyctl.run(*IMPORT, stdin=VALUE)
    assert struck.returncode == code
    assert (b"hunter2" in struck.stderr) == (fault == "exit1")
    assert flyctl.values("fresh") == done
    assert flyctl.run(*IMPORT, stdin=VALUE).returncode == 0  # the fault is spent


def test_every_fault_is_tried(flyctl: FlyctlWorld) -> None:
    kinds = {*HTTP, *ACCOUNT, *NETWORK, "exit1", "lost", "propagation", "empty"}
    # Those that end or hold the process up: `tests/processes/test_stand_ins.py`.
    assert set(FAULTS) - kinds == {"kill", "kill-after", "timeout", "timeout-after"}
    flyctl.world.inject("fly", "version", "no-such-fault")
    with pytest.raises(ValueError, match="no such fault of flyctl: no-such-fault"):
        flyctl.run("version", "--json")


@pytest.mark.parametrize(
    ("command", "fault", "text"),
    [
        ("apps create new -o acme", "429", "rate limit exceeded (Request ID: "),
        ("apps create new -o acme", "500", "request returned non-2xx status: 500: "),
        ("apps create new -o acme", "502", "http: ContentLength=17 with Body length 0"),
        ("apps create new -o acme", "lost", 'Post "https://api.machines.dev/v1/apps?wait=true": EOF'),
        ("apps create new -o acme", "propagation", "app not found (Request ID: "),
        ("apps create new -o acme", "payment", "credit: https://fly.io/dashboard/personal/billing (Request ID: "),
        ("apps create new -o acme", "high-risk", "Please go to https://fly.io/high-risk-unlock to verify"),
        ("status --json -a fresh", "reset", "read: connection reset by peer"),
        ("status --json -a fresh", "429", "}: server returned a non-200 status code: 429"),
        ("tokens create deploy -a fresh", "500", 'failed creating token: returned error 500: {"errors":'),
        ("version --json", "exit1", "request refused"),
        ("version --json", "500", "Internal Server Error"),
    ],
)
def test_faults_read_like_the_api_they_come_from(flyctl: FlyctlWorld, command: str, fault: str, text: str) -> None:
    flyctl.world.inject("fly", command.split(" -", maxsplit=1)[0].removesuffix(" new"), fault)
    failed(flyctl.run(*command.split()), text)
