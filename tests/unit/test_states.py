"""Stacks' states, read through the engine."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra import states


def test_a_state_that_is_just_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [Exception("EOF"), Exception("EOF"), type("Answer", (), {"value": {"outputs": {"a": "b"}}})]

    def invoke(*_: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    waits: list[float] = []
    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr("infra.states.time.sleep", waits.append)
    assert states.outputs("staging") == {"a": "b"}
    assert waits == [0.25, 0.25]
    answers[:] = [Exception("gone")] * 5
    with pytest.raises(states.StateError, match=r"gone$"):
        states.outputs("staging")
