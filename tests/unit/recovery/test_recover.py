"""The flow of a recovery, with a Pulumi CLI that answers what the real one was seen to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ops import stacks
from ops.recovery import __main__ as recovery
from ops.recovery import processes
from ops.recovery.__main__ import main
from ops.recovery.creations import Verdict
from ops.recovery.processes import Process
from ops.recovery.stack import RecoveryError, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    monkeypatch.setattr(processes, "survivors", lambda _folder: [])

    def give(*operations: dict[str, Any], **said: str) -> list[str]:
        given: list[str] = []
        state = json.dumps({"deployment": {"pending_operations": list(operations), "resources": []}})

        def pulumi(_: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
            command = " ".join(arguments[:2])
            assert command in {"stack export", "cancel --yes", "import --file", "refresh --yes"}
            given.append(command)
            error = said.get(arguments[0], "")
            if arguments[0] == "refresh":
                error = said.get("settle", "") if "--clear-pending-creates" in arguments else said.get("lock", NOBODY)
            output = state if command == "stack export" else ""
            return subprocess.CompletedProcess(arguments, 1 if error else 0, output, error)

        monkeypatch.setattr(Stack, "pulumi", pulumi)
        return given

    return give


def refusal(*arguments: str) -> str:
    with pytest.raises(RecoveryError) as caught:
        main(arguments)
    return str(caught.value)


@pytest.fixture
def running() -> Iterator[int]:
    """A process that looks like an engine's, at a place with a long path."""
    program = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", f"/{'long/' * 100}pulumi"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


def test_nothing_to_recover(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    given = answers()
    assert main(["dev"]) == 0
    assert capsys.readouterr().out == "Nothing to recover.\n"
    assert given == ["stack export", "refresh --yes", "stack export", "stack export"]


def test_the_lock_of_an_update_that_runs(
    answers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, running: int
) -> None:
    monkeypatch.setattr(processes, "survivors", lambda _folder: pytest.fail("a running update's processes end"))
    given = answers(pending("creating", PASSWORD), lock=locked("file:///state", HERE, running))
    assert f"Stack dev is being updated: process {running} of me on {HERE}" in refusal("dev", "--nothing-runs")
    assert "cancel --yes" not in given


@pytest.mark.parametrize(
    "lock",
    [
        locked("s3://state", HERE, 2**22 + 1),
        locked("file:///state", "elsewhere", os.getpid()),
        "error: [409] Conflict: Another update is currently in progress.",
    ],
)
def test_a_lock_that_cannot_be_judged_from_here(answers: Callable[..., list[str]], lock: str) -> None:
    given = answers(lock=lock)
    assert refusal("dev").endswith("run:\n  bin/recover dev --nothing-runs")
    assert "cancel --yes" not in given
    assert main(["dev", "--nothing-runs"]) == 0
    assert "cancel --yes" in given


def test_an_import_that_fails_otherwise_than_by_absence(answers: Callable[..., list[str]]) -> None:
    bucket = pending("creating", BUCKET, accountId="a", name="b")
    given = answers(bucket, **{"import": "error: 403: Authentication error (request 14045)"})
    assert refusal("dev") == "it: importing a/b/default: error: 403: Authentication error (request 14045)"
    assert given.count("refresh --yes") == 1  # the one that looks for a lock
    for absent in ("GET …: 404 {}", "Bucket Not Found", "resource 'b' does not exist", "non-existent remote object"):
        given = answers(bucket, **{"import": f"error: {absent}"})
        assert main(["dev"]) == 0
        assert given.count("refresh --yes") == 2


@pytest.mark.parametrize(
    ("decided", "line", "done"),
    [
        (Verdict("clear", "there is none"), "there is none; forgotten, the next `up` makes it", ""),
        (Verdict("import", "it is there", "i-1"), "it is there; imported", "import i-1"),
        (Verdict("try", "", "i-1"), "it exists as i-1; imported", "import i-1"),
        (
            Verdict("revoke", "it is lost", "t-1"),
            "it is lost; revoked, the next `up` mints another",
            "revoke a t-1 of dev",
        ),
    ],
)
def test_a_verdict_is_carried_out_and_told(
    answers: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    decided: Verdict,
    line: str,
    done: str,
) -> None:
    lock = locked("file:///state", HERE, 2**22 + 1)
    answers(pending("creating", BUCKET, accountId="a"), pending("deleting", PASSWORD), lock=lock)
    did: list[str] = []

    def revoke(stack: Stack, account: str, identity: str) -> None:
        did.append(f"revoke {account} {identity} of {stack.name}")

    monkeypatch.setattr(recovery, "revoke", revoke)
    monkeypatch.setattr(recovery, "verdict", lambda stack, *_: decided if stack.name == "dev" else None)
    monkeypatch.setattr(Stack, "import_", lambda _stack, operation, identity: did.append(f"import {identity}"))
    assert main(["dev"]) == 0
    assert did == [done] * bool(done)
    assert capsys.readouterr().out.splitlines() == [
        "Released the lock of an update that has ended "
        f"(process {2**22 + 1} of me on {HERE}, since 2026-01-02T03:04:05Z).",
        "2 operations were under way when the last update ended:",
        f"  creating it: {line}",
        "  deleting it: Pulumi reads it from the cloud",
        "Next: pulumi up -s dev",
    ]


@pytest.mark.parametrize("cause", ["lock", "operation", "process"])
def test_an_up_comes_next_where_there_was_anything(
    answers: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cause: str,
) -> None:
    operations = [pending("updating", PASSWORD)] if cause == "operation" else []
    answers(*operations, lock=locked("file:///state", HERE, 2**22 + 1) if cause == "lock" else NOBODY)
    survivors = [Process(2**22 + 1, 1, "pulumi-resource-neon", stacks.folder())] if cause == "process" else []
    monkeypatch.setattr(processes, "survivors", lambda _folder: survivors)
    assert main(["dev"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert last == "Next: pulumi up -s dev"
    assert (first == "1 operation was under way when the last update ended:") == (cause == "operation")


def test_all_is_looked_up_before_anything_is_changed(answers: Callable[..., list[str]]) -> None:
    given = answers(pending("creating", BUCKET, accountId="a", name="b"), pending("creating", "aws:s3/bucket:Bucket"))
    first, line, *rest = refusal("dev").splitlines()
    assert first == "A person must settle this:"
    assert line.startswith("  creating it: this tool cannot look up its type.")
    assert rest == ["Nothing else was changed. Once that is settled, run:", "  bin/recover dev"]
    assert given == ["stack export", "refresh --yes", "stack export", "stack export"]


def test_a_refresh_that_fails(answers: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    answers(pending("updating", PASSWORD), settle="error: Neon answered 503")
    said = refusal("dev")
    assert "  updating it: Pulumi reads it from the cloud" in capsys.readouterr().out
    assert "Refreshing stack dev: error: Neon answered 503\n" in said
    assert said.endswith("\n  pulumi refresh -s dev")


def test_a_stack_that_is_not_there(answers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "names", lambda: ["production", "dev"])
    answers(stack="error: no stack named 'qa' found")
    assert refusal("qa").startswith("There is no stack qa here. Stack files: production, dev; ")


def test_a_process_that_outlived_its_engine(
    answers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends before anything is looked up: until then it may still make what is missing."""
    given = answers(pending("creating", PASSWORD), lock=locked("file:///state", HERE, 2**22 + 1))
    ended = []
    provider = Process(4711, 1, "pulumi-resource-neon", stacks.folder())
    monkeypatch.setattr(processes, "survivors", lambda folder: [provider] if folder == provider.folder else [])
    monkeypatch.setattr(processes, "end", lambda process: ended.append((process.pid, list(given))))
    assert main(["dev"]) == 0
    assert ended == [(4711, ["stack export", "refresh --yes"])]
    assert "Ended process 4711 (pulumi-resource-neon), which went on after its engine" in capsys.readouterr().out


def test_a_machine_that_does_not_show_processes(
    answers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "survivors", lambda _folder: None)
    answers()
    assert main(["dev"]) == 0
    assert capsys.readouterr().out == "Nothing to recover.\n"
    answers(pending("creating", PASSWORD))
    assert main(["dev"]) == 0
    assert "does not show whether providers of the killed update still run" in capsys.readouterr().out
