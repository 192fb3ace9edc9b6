"""What recovery asks the Pulumi CLI, and how it reads the answers."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest

from ops import stacks
from ops.recovery.stack import Lock, Operation, RecoveryError, Stack, State

if TYPE_CHECKING:
    from collections.abc import Callable

STACK = Stack("staging")
TYPE = "neon:index/project:Project"
PARENT = "urn:pulumi:staging::relay::relay:infra:Database::database"
URN = f"urn:pulumi:staging::relay::relay:infra:Database${TYPE}::neon-project"
PROVIDER = "urn:pulumi:staging::relay::pulumi:providers:neon::default"
LOCKED = "error: currently locked by 1 lock(s)\n  s3://state/a.json: created by me@here (pid 7) at 2026-01-02T03:04:05Z"
CREATING = Operation("creating", {"urn": URN, "type": TYPE, "parent": PARENT, "provider": f"{PROVIDER}::1-2-3"})


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Have the CLI answer so; return what it was asked, with the content of a file."""

    def answer(code: int = 0, out: str = "", err: str = "") -> list[Any]:
        asked: list[Any] = []

        def ask(*arguments: str, root: Path) -> CompletedProcess[str]:
            assert root == stacks.folder()
            *own, last = arguments[: arguments.index("--stack")]
            assert arguments[len(own) + 1 :] == ("--stack", "staging", "--color", "never")
            words = [*own, last]
            files = [Path(word) for word in words if word.endswith(".json")]
            asked.extend(json.loads(file.read_text(encoding="utf-8")) for file in files)
            asked.append(" ".join(word for word in words if not word.endswith(".json")))
            return CompletedProcess(arguments, code, out, err)

        monkeypatch.setattr(stacks, "ask", ask)
        return asked

    return answer


def test_the_state_is_read_without_what_is_being_deleted(cli: Callable[..., list[Any]]) -> None:
    kept, leaving = {"urn": URN, "id": "p-1"}, {"urn": PROVIDER, "delete": True}
    operation = {"type": "creating", "resource": {"urn": URN}}
    deployment = {"resources": [kept, leaving], "pending_operations": [operation]}
    cli(out=json.dumps({"deployment": deployment}))
    assert STACK.state() == State([Operation("creating", {"urn": URN})], {URN: kept})
    cli(out=json.dumps({"deployment": None}))
    assert STACK.state() == State([], {})
    cli(1, err="noise\nerror: the bucket is gone\nerror: the bucket is gone\nerror: so it goes")
    with pytest.raises(RecoveryError, match=r"^Reading the state of stack staging: error: the bu.+ gone\nerror: so it"):
        STACK.state()
    cli(1, err="it ended")
    with pytest.raises(RecoveryError, match=r"^Reading the state of stack staging: it ended$"):
        STACK.state()


def test_a_look_for_locks_reads_no_cloud(cli: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = cli(1, err=LOCKED)
    (lock,) = STACK.locks()
    assert lock == Lock("s3://state/a.json", "me", "here", 7, "2026-01-02T03:04:05Z")
    assert str(lock) == "process 7 of me on here, since 2026-01-02T03:04:05Z"
    nobody = "urn:pulumi:nobody::nobody::nobody:nobody:Nobody::nobody"
    assert asked == [f"refresh --yes --skip-preview --target {nobody}"]
    for said in ("the stack is currently locked by 1 lock(s)", "[409]: another update is currently in progress"):
        cli(1, err=f"error: {said}")
        assert [str(lock) for lock in STACK.locks()] == ["another update"]
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary-passphrase")
    cli(1, err="error: incorrect passphrase canary-passphrase")
    with pytest.raises(
        RecoveryError, match=r"^Asking stack staging for its lock: error: incorrect pass.* \[redacted\]$"
    ):
        STACK.locks()


def test_an_import_gives_parent_and_provider_and_protects_nothing(cli: Callable[..., list[Any]]) -> None:
    asked = cli()
    assert STACK.import_(CREATING, "p-1") is None
    wanted = {"type": TYPE, "name": "neon-project", "id": "p-1", "parent": "parent", "provider": "provider"}
    assert asked == [
        {"nameTable": {"parent": PARENT, "provider": PROVIDER}, "resources": [wanted]},
        "import --file --yes --skip-preview --generate-code=false --protect=false",
    ]
    cli(1, out="error: 404\nDuration: 1s")
    assert STACK.import_(CREATING, "p-1") == "error: 404"


def test_settling_forgets_and_refreshes(cli: Callable[..., list[Any]]) -> None:
    asked = cli()
    STACK.settle()
    assert asked == ["refresh --yes --skip-preview --clear-pending-creates"]
    cli(1, err="error: not now")
    with pytest.raises(RecoveryError, match=r"^Releasing the lock of stack staging: error: not now$"):
        STACK.cancel()
