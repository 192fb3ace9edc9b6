"""The checks before a run: every obstacle at once, before anything is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.checks import preflight
from tests.unit.clouds.fake import Clouds
from tests.unit.program import LOOKS, Run, run_program

if TYPE_CHECKING:
    from tests.unit.program import State


def refused(stack: str, *, preview: bool = False) -> str:
    """Return the error of a run of the program that cannot start."""
    with pytest.raises(preflight.PreflightError) as caught:
        run_program(stack, preview=preview)
    return str(caught.value)


def test_every_obstacle_is_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GITHUB_TOKEN", "FLY_API_TOKEN", "FLY_ACCESS_TOKEN"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("GITHUB_OWNER", "somebody")
    monkeypatch.setattr("infra.checks.clients.send", Clouds(neon=(401, "no such key")))
    head, *lines = refused("staging").splitlines()
    assert head == "Stack staging cannot start: 4 problems. Nothing was touched."
    assert [line.split()[1] for line in lines[::2]] == [
        *("GITHUB_TOKEN", "FLY_API_TOKEN", "GITHUB_OWNER", "NEON_API_KEY")
    ]
    assert all(line.startswith("    → ") for line in lines[1::2])


def test_nothing_is_registered_when_the_run_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    run = Run()
    monkeypatch.setattr("tests.unit.program.Run", lambda: run)
    assert refused("staging").startswith("Stack staging cannot start: one problem. Nothing was touched.\n  - GITHUB")
    assert {resource.type for resource in run.resources} == {"pulumi:pulumi:Stack"}


def test_a_first_preview_and_one_that_imports_try_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine adds no next step to the refusal that they meet."""
    monkeypatch.setattr("infra.checks.clients.send", Clouds(neon=(401, "no such key")))
    imported: State = {"neon-project": ("neon:index/project:Project", {"id": "small-fern-11112222"})}
    key: State = {"oauth-key": ("random:index/randomPassword:RandomPassword", {"id": "none"})}
    first: dict[str, Any] = {"adopt": None}
    for changes, state in ((first, {}), ({}, key)):
        with pytest.raises(preflight.PreflightError, match="NEON_API_KEY is refused"):
            run_program("dev", changes, state=state, preview=True)
    for changes, state in ((first, key), ({}, imported)):
        assert run_program("dev", changes, state=state, preview=True).outputs


@pytest.mark.parametrize("stack", ["dev", "staging", "production"])
def test_a_later_preview_asks_no_service(monkeypatch: pytest.MonkeyPatch, stack: str) -> None:
    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError("a preview asked a service")

    for target, _ in LOOKS.values():
        monkeypatch.setattr(target, asked)
    for variable in ("FLY_API_TOKEN", "FLY_ACCESS_TOKEN"):
        monkeypatch.delenv(variable)
    state: State = {"oauth-key": ("random:index/randomPassword:RandomPassword", {"id": "none"})}
    assert run_program(stack, {"adopt": None}, state=state, preview=True).outputs


@pytest.mark.parametrize("preview", [False, True])
def test_the_database_in_the_state_is_not_exchanged(preview: bool) -> None:
    with pytest.raises(preflight.PreflightError, match="this stack's database is 'old-1'"):
        run_program("production", before={"neonProjectId": "old-1"}, preview=preview)
    assert run_program("production", before={"neonProjectId": "tall-oak-33334444"}, preview=preview).outputs


def test_a_note_is_a_warning_of_a_preview_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_BASE_URL", "https://api.example/")
    messages = run_program("staging", preview=True).messages
    assert (
        "GITHUB_BASE_URL is set: calls go to api.example, with the credential. Unless you mean it: `unset "
        "GITHUB_BASE_URL`"
    ) in messages
