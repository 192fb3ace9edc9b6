"""The flow of a recovery, with a Pulumi CLI that answers what the real one was seen to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ops import backend
from ops.recover import main
from ops.recover_stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HERE = socket.gethostname()
PASSWORD = "random:index/randomPassword:RandomPassword"
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
NOBODY = "error: no resource named 'urn:pulumi:nobody::nobody::nobody:nobody:Nobody::nobody' found"


def locked(place: str, host: str, pid: int) -> str:
    """Return what the engine says of a lock."""
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
        f"lock file with `pulumi cancel`.\n  {place}/a.json: created by me@{host} (pid {pid}) at 2026-01-02T03:04:05Z"
    )


def pending(kind: str, type_: str, **inputs: Any) -> dict[str, Any]:
    return {"type": kind, "resource": {"urn": f"urn:pulumi:dev::relay::{type_}::it", "type": type_, "inputs": inputs}}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Give the CLI's answers by command; return the commands that it was given."""

    def give(*operations: dict[str, Any], **said: str) -> list[str]:
        given: list[str] = []
        deployment = {"deployment": {"pending_operations": list(operations), "resources": []}}

        def pulumi(_: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
            given.append(" ".join(arguments[:2]))
            if arguments[:2] == ("stack", "export") and "stack" not in said:
                return subprocess.CompletedProcess(arguments, 0, json.dumps(deployment), "")
            error = said.get(arguments[0], "")
            if arguments[0] == "refresh":
                error = said.get("settle", "") if "--clear-pending-creates" in arguments else said.get("lock", NOBODY)
            return subprocess.CompletedProcess(arguments, 1 if error else 0, "", error)

        monkeypatch.setattr(Stack, "_pulumi", pulumi)
        return given

    return give


@pytest.fixture
def running() -> Iterator[int]:
    """A process that looks like an engine's."""
    program = [sys.executable, "-c", "import sys; sys.stdin.read()", "pulumi"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        yield process.pid


def test_nothing_to_recover(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    given = answers()
    assert main(["dev"]) == 0
    assert capsys.readouterr().out == "Nothing to recover.\n"
    assert given == ["stack export", "refresh --yes", "stack export"]


def test_the_lock_of_an_update_that_runs(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], running: int
) -> None:
    given = answers(pending("creating", PASSWORD), lock=locked("file:///state", HERE, running))
    assert main(["dev", "--nothing-runs"]) == 1
    assert f"Stack dev is being updated: process {running} of me on {HERE}" in capsys.readouterr().err
    assert "cancel --yes" not in given


def test_a_number_that_is_in_use_again(answers: Callable[..., list[str]]) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:  # noqa: S607
        given = answers(lock=locked("file:///state", HERE, other.pid))
        assert main(["dev"]) == 0
        assert "cancel --yes" in given


@pytest.mark.parametrize(
    "lock",
    [
        locked("s3://state", HERE, 2**22 + 1),
        locked("file:///state", "elsewhere", os.getpid()),
        "error: [409] Conflict: Another update is currently in progress.",
    ],
)
def test_a_lock_that_cannot_be_judged_from_here(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], lock: str
) -> None:
    given = answers(lock=lock)
    assert main(["dev"]) == 1
    assert "`bin/recover dev --nothing-runs`" in capsys.readouterr().err
    assert "cancel --yes" not in given
    assert main(["dev", "--nothing-runs"]) == 0
    assert "cancel --yes" in given


def test_an_import_that_fails_otherwise_than_by_absence(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = pending("creating", BUCKET, accountId="a", name="b")
    given = answers(bucket, **{"import": "error: 403: Authentication error"})
    assert main(["dev"]) == 1
    assert "it: importing a/b/default: error: 403: Authentication error" in capsys.readouterr().err
    assert given.count("refresh --yes") == 1  # the one that looks for a lock
    given = answers(bucket, **{"import": "error: 404 Not Found: The specified bucket does not exist"})
    assert main(["dev"]) == 0
    assert given.count("refresh --yes") == 2


def test_all_is_looked_up_before_anything_is_changed(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    given = answers(pending("creating", BUCKET, accountId="a", name="b"), pending("creating", "aws:s3/bucket:Bucket"))
    assert main(["dev"]) == 1
    assert (
        capsys.readouterr().err.splitlines()[-1]
        == "In the clouds and the state nothing was changed. Then run `bin/recover dev` again."
    )
    assert given == ["stack export", "refresh --yes", "stack export"]


def test_a_refresh_that_fails(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    answers(pending("updating", PASSWORD), settle="error: Neon answered 503")
    assert main(["dev"]) == 1
    said = capsys.readouterr()
    assert "  updating it: its state is read from the cloud" in said.out
    assert "Refreshing stack dev: error: Neon answered 503\n" in said.err
    assert "`pulumi refresh -s dev`" in said.err


@pytest.mark.parametrize(("attributes", "left"), [("", []), ("{}", ["dev.json.attrs"])])
def test_a_state_cut_short(
    attributes: str,
    left: list[str],
    answers: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a place" / ".pulumi" / "stacks" / "relay"
    folder.mkdir(parents=True)
    (folder / "dev.json.attrs").write_text(attributes)
    url = json.dumps({"url": f"file://{tmp_path}/a place"})
    monkeypatch.setattr(backend, "whoami", lambda: subprocess.CompletedProcess([], 0, url, ""))
    given = answers(stack="error: failed to load checkpoint: EOF")
    assert main(["dev"]) == 1  # this CLI says so however often it is asked
    assert given == ["stack export"] * (1 if left else 2)
    assert [path.name for path in folder.iterdir()] == left


def test_a_stack_that_cannot_be_updated(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary-passphrase")
    answers(lock="error: incorrect passphrase canary-passphrase")
    assert main(["dev"]) == 1
    assert (
        capsys.readouterr().err == "bin/recover: Stack dev cannot be updated: error: incorrect passphrase [redacted]\n"
    )
