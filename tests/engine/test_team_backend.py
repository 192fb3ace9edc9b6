"""Keep stacks in an S3-compatible bucket: a real engine and a real S3 server, on this machine."""

from __future__ import annotations

import json
import logging
import subprocess
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from tests.engine.clouds import secret_values, summary
from tests.engine.processes import until
from tests.engine.sandboxes import ROOT, TIMEOUT, own_program
from tests.engine.strict_s3 import StrictS3, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.sandboxes import Sandbox

# Stays in the middle of an update until a file is there.
_WAITING = """\
import pathlib, time
import pulumi
pulumi.export("made", "by whoever came first")
pathlib.Path({started!r}).touch()
while not pathlib.Path({finish!r}).exists():
    time.sleep(0.05)
"""


_DATABASE = """\
import pulumi
import pulumi_neon as neon
pulumi.export("made", neon.Project("neon-project", name="tune-staging", history_retention_seconds=21600).id)
"""


@dataclass(frozen=True)
class Team:
    """A sandbox whose state is in a bucket.

    Attributes:
        sandbox: The sandbox.
        url: The backend, as PULUMI_BACKEND_URL.
        s3: The S3 server.
    """

    sandbox: Sandbox
    url: str
    s3: StrictS3

    def command(self, *command: str) -> list[str]:
        """Return a command with the team's backend, instead of the sandbox's own."""
        values = {
            "PULUMI_BACKEND_URL": self.url,
            "AWS_ACCESS_KEY_ID": "state-key",
            "AWS_SECRET_ACCESS_KEY": "state-secret",
        }
        return ["env", *(f"{name}={value}" for name, value in values.items()), *command]

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` on the team's backend."""
        flags = ["--color", "never", "--non-interactive"]
        return self.sandbox.run(*self.command("pulumi", *arguments, *flags), check=check)

    def listed(self, prefix: str = "") -> list[str]:
        """Return the names of the bucket's objects."""
        text = _call("GET", f"{self.s3.address}/state?list-type=2&prefix={prefix}")
        return [part.split("</Key>")[0] for part in text.split("<Key>")[1:]]

    def read(self, key: str) -> str:
        """Return an object's text."""
        return _call("GET", f"{self.s3.address}/state/{key}")


def _call(method: str, url: str) -> str:
    # The server looks for a signature, not at it.
    request = urllib.request.Request(url, method=method, headers={"Authorization": "AWS any:any"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        text: str = answer.read().decode()
    return text


@pytest.fixture(scope="module")
def server() -> Iterator[StrictS3]:
    """An S3 server that refuses what R2 refuses."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    strict = StrictS3(*started.get_host_and_port())
    yield strict
    strict.stop()
    started.stop()


def _team(sandbox: Sandbox, server: StrictS3) -> Team:
    server.fault = (0, "")
    _call("POST", f"{server.address}/moto-api/reset")
    _call("PUT", f"{server.address}/state")
    return Team(sandbox, f"s3://state?endpoint={server.address}&s3ForcePathStyle=true&region=us-east-1", server)


@pytest.fixture
def team(sandbox: Sandbox, server: StrictS3) -> Team:
    """The example project on an empty bucket."""
    return _team(sandbox, server)


@pytest.fixture
def waiting(sandbox: Sandbox, server: StrictS3) -> Team:
    """A program that stays in the middle of an update until `finish`, in the sandbox's folder, exists."""
    text = _WAITING.format(started=str(sandbox.folder / "started"), finish=str(sandbox.folder / "finish"))
    own_program(sandbox, text)
    team = _team(sandbox, server)
    team.pulumi("stack", "init", "staging")
    return team


def _up(team: Team) -> subprocess.Popen[str]:
    arguments = ("pulumi", "up", "--stack", "staging", "--yes", "--skip-preview", "--non-interactive")
    return subprocess.Popen(
        **team.sandbox.command(*team.command(*arguments)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_a_stack_lives_in_a_bucket_with_no_secret_in_clear(empty_sandbox: Sandbox, server: StrictS3) -> None:
    team = _team(empty_sandbox, server)
    team.pulumi("stack", "init", "staging")
    done = team.pulumi("up", "--stack", "staging", "--yes", "--skip-preview")
    assert set(summary(done.stdout)) == {"created"}
    assert ".pulumi/stacks/relay/staging.json" in team.listed()
    assert not team.listed(".pulumi/locks")
    values = secret_values(team.sandbox)
    assert len(values) > 3
    for key in team.listed():
        assert not [value for value in values if value in team.read(key)], key
    # The sandbox's own backend was not used.
    assert not team.sandbox.state("staging")["deployment"].get("resources")


def test_of_two_updates_at_once_the_second_is_refused(waiting: Team) -> None:
    first = _up(waiting)
    assert until((waiting.sandbox.folder / "started").exists, TIMEOUT)
    second = waiting.pulumi("up", "--stack", "staging", "--yes", "--skip-preview", check=False)
    assert second.returncode != 0
    assert "currently locked by 1 lock(s)" in second.stderr + second.stdout
    waiting.pulumi("stack", "ls")  # a reader is free
    (waiting.sandbox.folder / "finish").touch()
    said, _ = first.communicate(timeout=TIMEOUT)
    assert first.returncode == 0, said
    assert not waiting.listed(".pulumi/locks")
    waiting.pulumi("up", "--stack", "staging", "--yes", "--skip-preview")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, None),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, 501),
        ({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, 501),
        ({"x-amz-checksum-crc32": "7UMmGQ=="}, 400),
        ({"x-amz-checksum-crc32": "NhCmhg=="}, None),
        ({"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, 501),
        ({"x-amz-content-sha256": "0" * 64}, 400),
    ],
)
def test_the_server_refuses_uploads_as_r2_does(headers: dict[str, str], status: int | None) -> None:
    found = refusal("PUT", "/state/key", headers, b"hello")
    assert (found and found[0]) == status


def test_the_server_refuses_a_deletion_of_several_objects_without_a_checksum() -> None:
    assert refusal("POST", "/state?delete", {}, b"<Delete/>") == (400, "MissingContentMD5")


@pytest.mark.parametrize(
    ("how", "each"),
    [
        ("cut", False),
        *(pytest.param(how, True, marks=pytest.mark.full) for how in ("fails", "cut", "late")),
    ],
)
def test_a_write_that_goes_wrong_loses_nothing_and_makes_nothing_twice(
    empty_sandbox: Sandbox, server: StrictS3, how: str, each: bool
) -> None:
    """Whichever write of an `up` it is; after it at most one `bin/recover` and one `up`."""
    own_program(empty_sandbox, _DATABASE)
    team = _team(empty_sandbox, server)
    team.pulumi("stack", "init", "staging")
    up, destroy = (
        (verb, "--stack", "staging", "--yes", "--skip-preview", "--non-interactive") for verb in ("up", "destroy")
    )
    number = 1 if each else 3
    while True:
        server.fault = (server.writes + number, how)
        if team.pulumi(*up, check=False).returncode:
            team.sandbox.run(*team.command("bin/recover", "staging"), check=False)
            team.pulumi(*up)
        assert not team.listed(".pulumi/locks")
        outputs = json.loads(team.pulumi("stack", "output", "--json", "--stack", "staging").stdout)
        with team.sandbox.world.transaction() as tx:
            assert list(tx.list("neon", "project")) == [outputs["made"]], number
        if not each or server.writes < server.fault[0]:
            break
        team.pulumi(*destroy)
        number += 1
    assert number > 4 if each else server.writes >= server.fault[0]


def test_workflows_take_a_bucket_and_refuse_a_folder(team: Team) -> None:
    up = str(ROOT / "bin" / "up")
    # As a workflow runs it: outside of what the sandbox allows itself.
    outside = ("env", "-u", "RELAY_SANDBOX")
    taken = team.sandbox.run(*outside, *team.command(up), "nowhere", check=False)
    assert "no stack named 'nowhere' found" in taken.stdout
    refused = team.sandbox.run(*outside, up, "nowhere", check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "docs/operating.md" in refused.stderr
    local = team.sandbox.run(up, "nowhere", check=False)
    assert "no stack named 'nowhere' found" in local.stdout


def test_a_preview_names_the_fault_of_the_backend(team: Team, tmp_path: Path) -> None:
    preview, comment = (str(ROOT / "bin" / name) for name in ("preview", "comment"))
    for command in (("env", "-u", "RELAY_SANDBOX", preview), team.command(preview)):
        assert team.sandbox.run(*command, "staging", str(tmp_path / "found"), check=False).returncode != 0
        said = team.sandbox.run(comment, "staging", str(tmp_path / "found")).stdout
        assert "preview failed" in said
        assert "SDK " not in said
    assert "pulumi stack init staging" in said
