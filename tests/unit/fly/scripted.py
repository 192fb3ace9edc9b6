"""Script flyctl's answers; a call without a scripted answer fails the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.providers.fly.flyctl import Flyctl
from infra.providers.fly.process import Completed
from tests.unit.fly.conftest import Clock
from tests.unit.fly.standin import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

VERSION = Completed(0, '{"Name":"flyctl","Version":"0.4.87"}')
STATUS = {
    "Name": "relay-api",
    "Deployed": True,
    "Organization": {"Slug": "personal", "RawSlug": "jane-doe"},
    "Machines": [{"id": "a1", "config": {"env": {"X": "y"}}}],
}


class Call(NamedTuple):
    """One run of flyctl."""

    line: str
    stdin: bytes
    env: dict[str, str]
    timeout: float


class ScriptedRun:
    """Gives each command line the answers listed for it, in any order of command lines."""

    def __init__(self, answers: Mapping[str, Sequence[Completed | Exception]]) -> None:
        self.left = {line: list(results) for line, results in {"version --json": [VERSION], **answers}.items()}
        self.calls: list[Call] = []

    def __call__(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run flyctl."""
        line = " ".join(argv[1:])
        assert argv[0] == "flyctl"
        assert self.left.get(line), f"unexpected: flyctl {line}"
        self.calls.append(Call(line, stdin, dict(env), timeout))
        result = self.left[line].pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def make(
    answers: Mapping[str, Sequence[Completed | Exception]], environ: Mapping[str, str] = ENVIRONMENT
) -> tuple[Flyctl, ScriptedRun, Clock]:
    run, clock = ScriptedRun(answers), Clock()
    return Flyctl(run=run, environ=environ, sleep=clock.sleep), run, clock
