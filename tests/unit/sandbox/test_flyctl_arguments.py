"""Test the parser of flyctl's command line."""

from __future__ import annotations

import pytest

from sandbox.flyctl import apps, arguments, main
from sandbox.flyctl.arguments import UnmodelledError, UsageError, parse


def test_every_command_is_written() -> None:
    for name in arguments.COMMANDS:
        assert callable(getattr(main._MODULES.get(name.split(maxsplit=1)[0], apps), name.replace(" ", "_")))


@pytest.mark.parametrize(
    ("words", "flags", "positional"),
    [
        (["-a", "x", "--stage", "A"], {"app": "x", "stage": "true"}, ["A"]),
        (["--app=x=y", "--stage", "A"], {"app": "x=y", "stage": "true"}, ["A"]),
        (["A", "--app", "--stage"], {"app": "--stage"}, ["A"]),
    ],
)
def test_parses(words: list[str], flags: dict[str, str], positional: list[str]) -> None:
    assert parse("secrets unset", ["secrets", "unset", *words]) == (flags, positional)


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("secrets unset", ["--json", "A"], "unknown flag: --json"),
        ("secrets unset", ["A", "--app"], "flag needs an argument: --app"),
        ("secrets unset", ["A", "--stage=false"], "--stage takes no value"),
        ("secrets unset", [], "accepts between 1 and 9999 arg(s), received 0"),
        ("secrets import", ["file"], "accepts between 0 and 0 arg(s), received 1"),
    ],
)
def test_refuses(name: str, words: list[str], message: str) -> None:
    with pytest.raises((UsageError, UnmodelledError)) as caught:
        parse(name, [*name.split(), *words])
    assert str(caught.value) == message
