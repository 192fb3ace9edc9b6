"""Run the Pulumi CLI for tools: for a stack that they name, in an environment of their own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from ops import stacks
from ops.adopt import __main__ as adopt
from ops.comment import __main__ as comment
from ops.drift import __main__ as drift
from ops.environments import __main__ as environments
from ops.preview import __main__ as preview
from ops.recovery import __main__ as recovery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TOOLS: dict[str, tuple[Callable[[Sequence[str]], int], list[str]]] = {
    "adopt": (adopt.main, []),
    "comment": (comment.main, ["folder"]),
    "drift": (drift.main, []),
    "environments": (environments.main, []),
    "preview": (preview.main, ["folder"]),
    "recover": (recovery.main, []),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_stack_that_no_stack_can_be_called_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tool: str
) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("the Pulumi CLI was run"))
    main, more = TOOLS[tool]
    for name in ("", " ", "x; touch pwned", "$(x)", "../production", "a/b", "-h", "übung"):
        with pytest.raises(SystemExit) as ended:
            main(["--", name, *more])
        assert ended.value.code == 2
        assert f"{name!r} is no stack's name" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["staging", "pr-12", "qa_1", "v1.2"])
def test_a_name_that_pulumi_takes(name: str) -> None:
    assert stacks.stack_name(name) == name


def test_the_cli_gets_none_of_a_persons_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pulumi").write_text("#!/bin/sh\nenv\n")
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for variable in ("PULUMI_OPTION_TARGET", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "PULUMI_HOME"):
        monkeypatch.setenv(variable, "x")
    given = {line.partition("=")[0] for line in stacks.ask("about").stdout.splitlines()}
    assert given & {"PULUMI_OPTION_TARGET", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "PULUMI_HOME"} == {"PULUMI_HOME"}


def test_a_cli_that_is_not_logged_in_says_the_next_command() -> None:
    words = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions\n"
    done = subprocess.CompletedProcess(["pulumi", "stack", "ls"], 3, "", words)
    assert "Run `pulumi login`" in stacks.said(done)
