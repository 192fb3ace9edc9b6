"""flyctl's command line."""

from __future__ import annotations

import pytest

from sandbox.flyctl import apps, arguments, main, secrets, tokens
from sandbox.flyctl.arguments import UsageError, command, parse


def test_every_command_is_written() -> None:
    modules = {"secrets": secrets, "tokens": tokens}
    for name in arguments.COMMANDS:
        assert callable(getattr(modules.get(name.split(maxsplit=1)[0], apps), name.replace(" ", "_")))
    assert modules == main._MODULES


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["tokens", "create", "deploy", "-a", "x"], "tokens create deploy"),
        (["secrets", "ls"], "secrets list"),
        (["apps", "rm", "x"], "apps destroy"),
        (["status"], "status"),
        (["tokens", "create", "org"], ""),
        (["apps"], ""),
        ([], ""),
    ],
)
def test_finds_the_command(argv: list[str], expected: str) -> None:
    assert command(argv) == expected


@pytest.mark.parametrize(
    ("words", "flags", "positional"),
    [
        (["-a", "x", "--stage", "A"], {"app": "x", "stage": "true"}, ["A"]),
        (["-ax", "A"], {"app": "x"}, ["A"]),
        (["-a=x", "A"], {"app": "x"}, ["A"]),
        (["--app=x", "--stage=false", "A"], {"app": "x", "stage": ""}, ["A"]),
        (["A", "--app", "--stage"], {"app": "--stage"}, ["A"]),
        (["-a", "x", "--", "--stage"], {"app": "x"}, ["--stage"]),
        (["-"], {}, ["-"]),
        (["-ht", "token"], {"help": "true", "access-token": "token"}, []),
    ],
)
def test_parses(words: list[str], flags: dict[str, str], positional: list[str]) -> None:
    assert parse("secrets unset", words) == (flags, positional)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "A"], "unknown flag: --json"),
        (["-hj", "A"], "unknown shorthand flag: 'j' in -j"),
        (["A", "-a"], "flag needs an argument: 'a' in -a"),
        (["A", "--app"], "flag needs an argument: --app"),
        (["A", "--stage=maybe"], 'invalid argument "maybe" for "--stage" flag'),
        ([], "requires at least 1 arg(s), only received 0"),
    ],
)
def test_refuses(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse("secrets unset", words)
    assert str(caught.value).startswith(message)


def test_refuses_too_many_arguments() -> None:
    with pytest.raises(UsageError) as caught:
        parse("secrets import", ["file"])
    assert str(caught.value) == "accepts at most 0 arg(s), received 1"
