"""Parse flyctl's command line, and complain as flyctl does about a wrong flag."""

from typing import NamedTuple

_WRITE = "app/a= stage detach dns-checks"

# Command: its flags ("long/short", with "=" where a value follows), fewest and most arguments.
COMMANDS: dict[str, tuple[str, int, int]] = {
    "version": ("json/j", 0, 0),
    "orgs list": ("json/j", 0, 0),
    "apps create": ("org/o=", 1, 1),
    "apps list": ("org/o= json/j quiet/q", 0, 0),
    "apps destroy": ("yes/y", 1, 99),
    "status": ("app/a= json/j", 0, 0),
    "machine list": ("app/a= json/j", 0, 0),
    "volumes list": ("app/a= json/j", 0, 0),
    "certs list": ("app/a= json/j", 0, 0),
    "certs add": ("app/a= json/j", 1, 1),
    "certs check": ("app/a= json/j", 1, 1),
    "certs remove": ("app/a= yes/y", 1, 1),
    "secrets list": ("app/a= json/j", 0, 0),
    "secrets import": (_WRITE, 0, 0),
    "secrets set": (_WRITE, 1, 9999),
    "secrets unset": (_WRITE, 1, 9999),
    "secrets deploy": ("app/a= detach dns-checks", 0, 0),
    "deploy": ("app/a= image/i= ha= remote-only now detach yes/y", 0, 0),
    "releases": ("app/a= image", 0, 0),
    "logs": ("app/a= no-tail/n", 0, 0),
    "tokens create org": ("org/o= json/j name/n= expiry/x=", 0, 1),
    "tokens create deploy": ("app/a= json/j name/n= expiry/x=", 0, 0),
    "tokens list": ("app/a=", 0, 0),
    "tokens revoke": ("", 1, 99),
}


class UsageError(Exception):
    """A wrong flag or number of arguments: flyctl prints its usage before the message."""


class UnmodelledError(Exception):
    """A command, or a use of a command, that the stand-in does not model: it never guesses."""


class Arguments(NamedTuple):
    """A parsed command line. A switch's value is "true"."""

    flags: dict[str, str]
    positional: list[str]


def command(argv: list[str]) -> str:
    """Return the command that the arguments begin with; "" where the stand-in has no such command."""
    return next((name for n in (3, 2, 1) if (name := " ".join(argv[:n])) in COMMANDS), "")


def parse(name: str, argv: list[str]) -> Arguments:
    """Parse the arguments, which begin with the command's own words.

    Raises:
        UnmodelledError: There is no such command here.
        UsageError: flyctl would refuse these arguments.
    """
    if not name:
        raise UnmodelledError(" ".join(argv[:2]))
    specification, fewest, most = COMMANDS[name]
    known: dict[str, str] = {}
    for flag in specification.split():
        long, _, short = flag.removesuffix("=").partition("/")
        known |= {f"--{long}": flag, f"-{short}": flag}
    flags: dict[str, str] = {}
    positional: list[str] = []
    rest = iter(argv[len(name.split()) :])
    for word in rest:
        if not word.startswith("-"):
            positional.append(word)
            continue
        given, equals, text = word.partition("=")
        if given not in known:
            raise UsageError(f"unknown flag: {given}")
        takes_value = known[given].endswith("=")
        if equals and not takes_value:
            raise UnmodelledError(f"{given} takes no value")
        value = text if equals else next(rest, None) if takes_value else "true"
        if value is None:
            raise UsageError(f"flag needs an argument: {given}")
        flags[known[given].partition("/")[0].removesuffix("=")] = value
    if not fewest <= len(positional) <= most:
        raise UsageError(f"accepts between {fewest} and {most} arg(s), received {len(positional)}")
    return Arguments(flags, positional)
