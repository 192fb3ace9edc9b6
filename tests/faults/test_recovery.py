"""Kill an update while it creates something: after `bin/recover` and `up` there is one of everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sandbox.world import neon
from setup.engine.locate import official
from tests.engine.sandboxes import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.sandboxes import Sandbox


class Call(NamedTuple):
    """A call during which the engine is killed.

    Attributes:
        cloud: The cloud.
        operation: The call, as the sandbox's log has it.
        kind: What it makes there.
        resource: Logical name of the resource.
        line: What recovery says of it.
    """

    cloud: str
    operation: str
    kind: str
    resource: str
    line: str


PROJECT = Call("neon", "project.create", "project", "neon-project", "Neon project '{}' exists as")
TOKEN = Call("cloudflare", "account-token.create", "token", "storage-token", "Cloudflare account token '{}' exists as")
BUCKET = Call("cloudflare", "bucket.create", "bucket", "bucket", "it exists as ffffffffffffffffffffffffffffff01/{}/")
PAGES = Call("cloudflare", "pages.create", "pages", "pages-project", "it exists as ffffffffffffffffffffffffffffff01/")
VARIABLE = Call("github", "environment-variable.create", "variable", "variable-", "it exists as tune:staging:")
POLICY = Call(
    "github",
    "deployment-policy.create",
    "deployment-policy",
    "deployment-policy",
    "of a GitHub environment 'main' exists",
)
APP = Call("fly", "apps create", "app", "fly-app", "making it looks first")
# A name may repeat in the cloud, which is what the first `up` after a kill would do.
MAY_REPEAT = (("neon", "project"), ("cloudflare", "token"), ("github", "deployment-policy"))


def made(sandbox: Sandbox) -> dict[tuple[str, str], list[str]]:
    """Return the keys of all there is, by cloud and kind."""
    kinds = {(call.cloud, call.kind) for call in (PROJECT, TOKEN, BUCKET, PAGES, VARIABLE, POLICY, APP)}
    with sandbox.world.transaction() as tx:
        return {(cloud, kind): list(tx.list(cloud, kind)) for cloud, kind in kinds}


def once_each(sandbox: Sandbox) -> None:
    """See that no two things have one name."""
    with sandbox.world.transaction() as tx:
        for cloud, kind in MAY_REPEAT:
            found = [(key.rpartition("/")[0], item["name"]) for key, item in tx.list(cloud, kind).items()]
            assert len(set(found)) == len(found), found


@contextmanager
def hanging(sandbox: Sandbox, stack: str, *calls: Call, after: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Run an `up` that hangs in some calls, before or after the effect; kill the engine at the end."""
    before = made(sandbox)
    for call in calls:
        fault = "timeout" if call.cloud == "fly" else "hang"
        sandbox.world.inject(call.cloud, call.operation, f"{fault}-after" if after else fault)
    command = sandbox.command("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")
    command |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    with subprocess.Popen(**command) as process:
        deadline = time.monotonic() + TIMEOUT
        while True:
            now, under_way = made(sandbox), {(cloud, operation) for cloud, operation, _ in sandbox.world.calls()}
            grown = all(len(now[call.cloud, call.kind]) > len(before[call.cloud, call.kind]) for call in calls)
            if {(call.cloud, call.operation) for call in calls} <= under_way and (grown or not after):
                break
            assert process.poll() is None, "the update ended by itself"
            assert time.monotonic() < deadline, f"only these calls were made: {under_way}"
            time.sleep(0.05)
        # Not while the state is written: a kill then may leave one that cannot be read (docs/operating.md).
        stacks = sandbox.folder / "state" / ".pulumi" / "stacks"
        while time.time() - max(path.stat().st_mtime for path in stacks.glob("*/*.attrs")) < 1:
            time.sleep(0.1)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def recovered(sandbox: Sandbox, stack: str) -> list[str]:
    """Recover a stack and return what was said."""
    return sandbox.run("bin/recover", stack).stdout.splitlines()


def converges(sandbox: Sandbox, stack: str) -> None:
    """See that an `up` is all that is left to do, and that it makes nothing twice."""
    assert recovered(sandbox, stack) == ["Nothing to recover."]
    sandbox.up(stack)
    once_each(sandbox)


# stack, the calls, the names in what is said
CASES = [
    pytest.param("production", (PROJECT, BUCKET, PAGES), ["tune", "tune-audio", "tune"], id="what-has-an-address"),
    pytest.param("staging", (VARIABLE, POLICY, APP), ["", "", ""], id="github-and-fly"),
]


@pytest.mark.parametrize(("stack", "calls", "names"), CASES)
def test_a_created_resource_is_imported(
    empty_sandbox: Sandbox, stack: str, calls: tuple[Call, ...], names: list[str]
) -> None:
    with hanging(empty_sandbox, stack, *calls) as process:
        running = empty_sandbox.run("bin/recover", stack, check=False)
        assert running.returncode == 1
        assert f"Stack {stack} is being updated: process {process.pid} of " in running.stderr
        assert process.poll() is None
    before = made(empty_sandbox)
    assert "currently locked by" in empty_sandbox.refused("up", stack)
    said = recovered(empty_sandbox, stack)
    ended = [line for line in said if line.startswith("Ended process ")]
    assert bool(ended) == official(), ended  # its language host goes on after its engine
    released, *lines, following = said[len(ended) :]
    assert released.startswith(f"Released the lock of an update that has ended (process {process.pid} of ")
    for call, name in zip(calls, names, strict=True):
        (line,) = (line for line in lines if line.startswith(f"  creating {call.resource}"))
        assert call.line.format(name) in line
        assert line.endswith("; imported" if call != APP else "; forgotten, the next `up` makes it")
    assert following == f"Next: pulumi up -s {stack}"
    assert made(empty_sandbox) == before
    converges(empty_sandbox, stack)
    assert all(keys == made(empty_sandbox)[kind][: len(keys)] or kind[1] == "variable" for kind, keys in before.items())


def test_a_token_whose_value_was_lost(empty_sandbox: Sandbox) -> None:
    with hanging(empty_sandbox, "production", TOKEN):
        pass
    (lost,) = made(empty_sandbox)["cloudflare", "token"]
    empty_sandbox.pulumi("cancel", "--stack", "production", "--yes")
    refused = empty_sandbox.refused("up", "production")
    assert f"Another Cloudflare account token is called 'tune-audio (pulumi)' already: {lost}" in refused
    assert "If an `up` was killed: `bin/sandbox bin/recover production`; " in refused
    with empty_sandbox.world.transaction() as tx:  # a stranger's, that recovery must leave alone
        stranger = tx.get("cloudflare", "token", lost) or {}
        tx.put("cloudflare", "token", "e" * 32, {**stranger, "id": "e" * 32, "name": "tune-audio (pulumi) of old"})
    lines = recovered(empty_sandbox, "production")
    what = f"Cloudflare account token 'tune-audio (pulumi)' exists as {lost}, and its value is lost"
    assert f"  creating storage-token: {what}; revoked, the next `up` mints another" in lines
    assert made(empty_sandbox)["cloudflare", "token"] == ["e" * 32]
    converges(empty_sandbox, "production")
    assert len(made(empty_sandbox)["cloudflare", "token"]) == 2


@pytest.mark.full
def test_a_resource_that_was_not_created_is_forgotten(empty_sandbox: Sandbox) -> None:
    calls = (PROJECT, BUCKET, PAGES)
    with hanging(empty_sandbox, "production", *calls, after=False):
        pass
    # A provider that lost its engine, and would go on to make what recovery looks for.
    provider = subprocess.Popen(
        ["/plugins/pulumi-resource-neon", "-c", "import sys; sys.stdin.read()"],
        executable=sys.executable,
        stdin=subprocess.PIPE,
        cwd=empty_sandbox.folder / "mirror",
    )
    lines = recovered(empty_sandbox, "production")
    assert provider.wait(timeout=TIMEOUT) == -signal.SIGKILL
    assert f"Ended process {provider.pid} (pulumi-resource-neon), which went on after its engine" in lines[0]
    assert "  creating neon-project: there is no Neon project 'tune'; forgotten, the next `up` makes it" in lines
    for name in ("bucket", "pages-project"):
        (line,) = (line for line in lines if line.startswith(f"  creating {name}: there is none as "))
        assert line.endswith("; forgotten, the next `up` makes it")
    converges(empty_sandbox, "production")


def test_a_deletion_that_was_under_way(standing: Sandbox) -> None:
    standing.config_set("staging", "flyDeployToken", "FlyV1 fm2_given,fm2_here", secret=True)
    standing.up("staging")
    standing.pulumi("config", "rm", "flyDeployToken", "--stack", "staging")
    gone = Call("github", "environment-secret.delete", "variable", "secret-FLY_API_TOKEN", "")
    with hanging(standing, "staging", gone, after=False):
        pass
    with standing.world.transaction() as tx:  # the call arrived after all; GitHub answers a second one with 404
        assert tx.delete("github", "secret", "tune-works/tune/staging/FLY_API_TOKEN")
    *_, line, following = recovered(standing, "staging")
    assert line == "  deleting secret-FLY_API_TOKEN: Pulumi reads it from the cloud"
    assert following == "Next: pulumi up -s staging"
    converges(standing, "staging")


@pytest.mark.full
def test_two_that_may_be_it(empty_sandbox: Sandbox) -> None:
    with hanging(empty_sandbox, "dev", PROJECT):
        pass
    with empty_sandbox.world.transaction() as tx:
        neon.create_project(tx, {"name": "tune-dev"})
    before = made(empty_sandbox)["neon", "project"]
    done = empty_sandbox.run("bin/recover", "dev", check=False)
    assert done.returncode == 1
    assert f"the state has none of them: {', '.join(before)}. At Neon, delete those" in done.stderr
    assert made(empty_sandbox)["neon", "project"] == before
    pending = empty_sandbox.state("dev")["deployment"]["pending_operations"]
    assert "neon-project" in [one["resource"]["urn"].rpartition("::")[2] for one in pending]
    with empty_sandbox.world.transaction() as tx:
        neon.delete_project(tx, before[1])
    recovered(empty_sandbox, "dev")
    converges(empty_sandbox, "dev")
