"""Find the stack whose state has a resource."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from infra import kinds
from ops import inventory, stacks

BUCKET = {"type": kinds.BUCKET.type, "id": "audio", "inputs": {"accountId": "acc", "name": "audio"}}
PROJECT = {"type": kinds.NEON_PROJECT.type, "id": "tall-oak-1", "inputs": {"name": "tune"}}
PENDING = {"resources": [PROJECT, {"type": "relay:infra:Storage"}], "pending_operations": [{"type": "creating"}]}


@pytest.fixture(autouse=True)
def exported(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "production": (0, {"resources": [BUCKET]}, ""),
        "staging": (0, PENDING, ""),
        "dev": (0, None, ""),
        "pr-7": (0, {"resources": [{**PROJECT, "id": "cold-sky-2"}]}, ""),
        "qa": (255, None, "error: no stack named 'qa' found"),
        "broken": (255, None, "error: failed to load checkpoint"),
    }

    def ask(*arguments: str, root: Any) -> subprocess.CompletedProcess[str]:
        if arguments == ("stack", "ls", "--json"):
            return subprocess.CompletedProcess(arguments, 0, '[{"name": "acme/relay/qa"}, {"name": "pr-7"}]', "")
        assert arguments[:3] == ("stack", "export", "--stack")
        code, deployment, error = answers[arguments[3]]
        return subprocess.CompletedProcess(arguments, code, json.dumps({"deployment": deployment}), error)

    monkeypatch.setattr(stacks, "ask", ask)


def test_a_resource_is_found_by_its_import_id_or_its_clouds_id() -> None:
    found = inventory.read(["production", "staging", "dev", "qa"])
    assert found.owner(kinds.BUCKET, "acc/audio/default") == "production"
    assert found.owner(kinds.NEON_PROJECT, "tall-oak-1") == "staging"
    assert found.owner(kinds.NEON_PROJECT, "cold-sky-2") == "pr-7"  # which has no file
    assert found.owner(kinds.NEON_PROJECT, "another") == ""
    assert found.keys(kinds.NEON_PROJECT, "staging") == ["tall-oak-1"]
    assert found.keys(kinds.NEON_PROJECT, "production") == []
    assert found.pending == {"staging"}
    assert found.unread == {}


def test_a_state_that_cannot_be_read_is_named() -> None:
    assert inventory.read(["broken"]).unread == {"broken": "error: failed to load checkpoint"}
