"""flyctl's command line: which commands are modelled, their flags, and the complaints about wrong ones."""

from __future__ import annotations

from typing import NamedTuple

_SHARED = "access-token/t= verbose debug help/h"
_WRITE = "app/a= stage detach dns-checks"

# Command: its flags ("long/short", with "=" where a value follows), fewest and most arguments.
COMMANDS: dict[str, tuple[str, int, int]] = {
    "version": ("json/j", 0, 0),
    "auth whoami": ("json/j", 0, 0),
    "orgs list": ("json/j", 0, 0),
    "apps list": ("json/j org/o= quiet/q", 0, 0),
    "apps create": ("json/j name= generate-name org/o= network= machines yes/y save", 0, 1),
    "apps destroy": ("yes/y auto-confirm", 1, 99),
    "apps show": ("", 0, 99),
    "status": ("app/a= json/j", 0, 0),
    "secrets list": ("app/a= json/j", 0, 0),
    "secrets import": (_WRITE, 0, 0),
    "secrets set": (_WRITE, 1, 9999),
    "secrets unset": (_WRITE, 1, 9999),
    "secrets deploy": ("app/a= detach dns-checks", 0, 0),
    "tokens create deploy": ("app/a= json/j name/n= expiry/x= org/o=", 0, 0),
    "tokens list": ("app/a= org/o= scope/s=", 0, 0),
    "tokens revoke": ("", 1, 99),
}
_ALIASES = {
    "orgs ls": "orgs list",
    "secrets ls": "secrets list",
    "apps delete": "apps destroy",
    "apps remove": "apps destroy",
    "apps rm": "apps destroy",
}
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}


class UsageError(Exception):
    """A wrong flag or number of arguments: flyctl prints its usage before the message."""


class UnmodelledError(Exception):
    """A command the stand-in does not know, or an option of one: it says so, and never guesses."""


class Arguments(NamedTuple):
    """A parsed command line. A switch's value is "true" or ""."""

    flags: dict[str, str]
    positional: list[str]


def command(argv: list[str]) -> str:
    """Return the command the arguments begin with, under its first name; "" for one that is not modelled."""
    for words in (3, 2, 1):
        name = " ".join(argv[:words])
        if _ALIASES.get(name, name) in COMMANDS:
            return _ALIASES.get(name, name)
    return ""


def usage(name: str) -> str:
    """Return the text that goes to standard output with a usage error, and for `--help`."""
    lines = ["Usage:", f"  flyctl {name} [flags]", "", "Flags:"]
    for long, (short, takes_value) in _specification(name).items():
        lines.append(f"  {f'-{short},' if short else '   '} --{long}{' string' if takes_value else ''}")
    return "\n".join([*lines, ""])


def parse(name: str, words: list[str]) -> Arguments:
    """Parse what follows the command's own words.

    Raises:
        UsageError: flyctl would refuse these arguments.
    """
    parser = _Parser(name, words)
    parser.run()
    if "help" not in parser.flags:
        _check_count(name, len(parser.positional))
    return Arguments(parser.flags, parser.positional)


class _Parser:
    def __init__(self, name: str, words: list[str]) -> None:
        self.flags: dict[str, str] = {}
        self.positional: list[str] = []
        self._rest = list(words)
        self._known = _specification(name)
        self._shorts = {short: long for long, (short, _) in self._known.items() if short}

    def run(self) -> None:
        while self._rest:
            word = self._rest.pop(0)
            if word == "--":
                self.positional += self._rest
                return
            if word.startswith("--"):
                long, equals, value = word[2:].partition("=")
                if long not in self._known:
                    raise UsageError(f"unknown flag: --{long}")
                self._take(long, value if equals else None, f"--{long}")
            elif word.startswith("-") and len(word) > 1:
                self._cluster(word[1:])
            else:
                self.positional.append(word)

    def _cluster(self, letters: str) -> None:
        while letters:
            letter, after = letters[0], letters[1:]
            if letter not in self._shorts:
                raise UsageError(f"unknown shorthand flag: '{letter}' in -{letters}")
            long = self._shorts[letter]
            carries = bool(after) and (self._known[long][1] or after.startswith("="))
            self._take(long, after.removeprefix("=") if carries else None, f"'{letter}' in -{letters}")
            letters = "" if carries else after

    def _take(self, long: str, value: str | None, shown: str) -> None:
        if self._known[long][1]:
            if value is None and not self._rest:
                raise UsageError(f"flag needs an argument: {shown}")
            self.flags[long] = self._rest.pop(0) if value is None else value
        elif value is None or value in _TRUE | _FALSE:
            self.flags[long] = "" if value in _FALSE else "true"
        else:
            reason = f'strconv.ParseBool: parsing "{value}": invalid syntax'
            raise UsageError(f'invalid argument "{value}" for "--{long}" flag: {reason}')


def _specification(name: str) -> dict[str, tuple[str, bool]]:
    specification = {}
    for flag in f"{COMMANDS[name][0]} {_SHARED}".split():
        long, _, short = flag.removesuffix("=").partition("/")
        specification[long] = (short, flag.endswith("="))
    return specification


def _check_count(name: str, count: int) -> None:
    _, fewest, most = COMMANDS[name]
    if count < fewest:
        raise UsageError(f"requires at least {fewest} arg(s), only received {count}")
    if count > most:
        raise UsageError(f"accepts at most {most} arg(s), received {count}")
