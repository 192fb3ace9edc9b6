"""The flow of a recovery, with a Pulumi CLI that answers what the real one was seen to."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

from ops.backend import check as backend
from ops.recovery.__main__ import main
from ops.recovery.found import Operation, RecoveryError
from ops.recovery.looks import Verdict
from ops.recovery.lost import Search
from ops.recovery.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HERE = socket.gethostname()
PASSWORD = "random:index/randomPassword:RandomPassword"
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
FAILED = {"kind": "update", "result": "failed", "startTime": "2026-01-01T00:00Z", "endTime": "2026-01-01T00:01Z"}
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
    url = json.dumps({"url": "s3://state"})
    monkeypatch.setattr(backend, "whoami", lambda: subprocess.CompletedProcess([], 0, url, ""))

    def give(
        *operations: dict[str, Any],
        history: Sequence[dict[str, str]] = (),
        planned: Sequence[dict[str, Any]] = (),
        **said: str,
    ) -> list[str]:
        given: list[str] = []
        deployment = {
            "pending_operations": list(operations),
            "resources": [],
            "manifest": {"time": "2026-01-02T00:00Z"},
        }
        printed = {
            "stack export": {"deployment": deployment},
            "stack history": list(history),
            "preview --json": {"steps": [{"op": "create", "newState": one} for one in planned]},
        }
        silent = {"cancel --yes", "import --file", "refresh --yes"}

        def pulumi(_: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
            command = " ".join(arguments[:2])
            given.append(command)
            error = said.get(arguments[0], "") if command != "stack history" else ""
            if arguments[0] == "refresh":
                error = said.get("settle", "") if "--clear-pending-creates" in arguments else said.get("lock", NOBODY)
            assert command in silent | printed.keys()
            output = "" if error or command in silent else json.dumps(printed[command])
            return subprocess.CompletedProcess(arguments, 1 if error else 0, output, error)

        monkeypatch.setattr(Stack, "pulumi", pulumi)
        return given

    return give


@pytest.fixture
def running() -> Iterator[int]:
    """A process that looks like an engine's, at a place with a long path."""
    program = [sys.executable, "-c", "import sys; sys.stdin.read()", f"/{'long/' * 100}pulumi"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        yield process.pid


def test_nothing_to_recover(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    given = answers()
    assert main(["dev"]) == 0
    assert capsys.readouterr().out == "Nothing to recover.\n"
    assert given == ["stack export", "refresh --yes", "stack export", "stack history"]


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
        == "Beyond what is told above nothing was changed. Then run `bin/recover dev` again."
    )
    assert given == ["stack export", "refresh --yes", "stack export"]


def test_a_refresh_that_fails(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    answers(pending("updating", PASSWORD), settle="error: Neon answered 503")
    assert main(["dev"]) == 1
    said = capsys.readouterr()
    assert "  updating it: its state is read from the cloud" in said.out
    assert "Refreshing stack dev: error: Neon answered 503\n" in said.err
    assert "`pulumi refresh -s dev`" in said.err


def test_a_failed_update_of_which_nothing_is_left_to_be_made(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    given = answers(history=[FAILED], planned=[pending("", PASSWORD)["resource"]])
    assert main(["dev"]) == 0
    assert capsys.readouterr().out == "Nothing to recover.\n"
    assert given[-3:] == ["stack history", "stack export", "preview --json"]


def test_a_preview_that_fails(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    given = answers(history=[FAILED], preview="error: NEON_API_KEY is not set")
    assert main(["dev"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("bin/recover: Previewing stack dev, to learn what an update that failed may have made: ")
    assert "NEON_API_KEY is not set" in said
    assert "run `bin/recover dev` again." in said
    assert given[-1] == "preview --json"


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        ("import", "it is there; imported\nNext: pulumi up -s dev\n"),
        ("leave", "it is there\nNothing to recover.\n"),
    ],
)
def test_what_was_lost(
    answers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, action: Any, lines: str
) -> None:
    given = answers(history=[FAILED], planned=[pending("", BUCKET)["resource"]])
    monkeypatch.setattr(Search, "verdicts", lambda *_: [Verdict(action, "it is there", "a/b")])
    output = io.StringIO()
    with redirect_stdout(output):
        assert main(["dev"]) == 0
    heading = "An update failed. Of what is still to be made, this is there:\n"
    assert output.getvalue() == f"{heading}  creating it: {lines}"
    assert given.count("import --file") == (action == "import")


def test_two_that_may_be_it_keep_all_that_was_lost_from_being_taken_in(
    answers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = answers(history=[FAILED], planned=[pending("", kind)["resource"] for kind in (BUCKET, PASSWORD)])

    def verdicts(_: Search, operation: Operation) -> list[Verdict]:
        if operation.type == PASSWORD:
            raise RecoveryError("2 are called so")
        return [Verdict("import", "", "a/b")]

    monkeypatch.setattr(Search, "verdicts", verdicts)
    assert main(["dev"]) == 1
    assert "This needs a person:\n  creating it: 2 are called so.\n" in capsys.readouterr().err
    assert given[-1] == "preview --json"


def test_a_stack_that_cannot_be_updated(
    answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary-passphrase")
    answers(lock="error: incorrect passphrase canary-passphrase")
    assert main(["dev"]) == 1
    assert (
        capsys.readouterr().err == "bin/recover: Stack dev cannot be updated: error: incorrect passphrase [redacted]\n"
    )
