"""The commands `tokens`."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING

from sandbox.flyctl.arguments import UnmodelledError, UsageError
from sandbox.flyctl.output import show, table
from sandbox.flyctl.run import FailureError

if TYPE_CHECKING:
    from sandbox.flyctl.run import Run

_DURATION = re.compile(r"([0-9]*\.?[0-9]+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def tokens_create_deploy(run: Run) -> None:
    """Mint a deploy token and print it; its id is not shown."""
    name = run.app(required=False)
    seconds = _duration(run.arguments.flags.get("expiry", "175200h"))
    title = run.arguments.flags.get("name", "flyctl deploy token")
    with run.request(prefix=f"failed retrieving app {name}: ") as fly:
        fly.app(name)
    token = ""
    with run.request(prefix="failed creating token: ", mint=True, effect=True) as fly:
        if not run.mints_nothing():
            token = fly.mint(name, title, time.time() + seconds)
        run.log(f'200 {{"createLimitedAccessToken":{{"limitedAccessToken":{{"tokenHeader":"{token}"}}}}}}')
    show(run, {"token": token}, token)


def tokens_list(run: Run) -> None:
    """Print an app's tokens as a table; there is no JSON."""
    if run.arguments.flags.get("scope", "app") != "app" or run.arguments.flags.get("org"):
        raise UnmodelledError("tokens list of an organization")
    name = run.app()
    with run.request(prefix=f"failed retrieving tokens for app {name}: ", effect=True) as fly:
        tokens = fly.tokens(name)
    rows = [
        (t["id"], t["name"], t["created_by"], _time(t["expires"]), _time(t["revoked"]) if t["revoked"] else "")
        for t in tokens
    ]
    # The title stays bold even into a pipe.
    print(f'\x1b[1mTokens for app "{name}":\x1b[0m')
    print(table(("ID", "Name", "Created by", "Expires at", "Revoked at"), rows))


def tokens_revoke(run: Run) -> None:
    """Revoke tokens; exits 0 whatever happened."""
    revoked = 0
    for identity in run.arguments.positional:
        try:
            with run.request(effect=True) as fly:
                fly.revoke(identity)
        except FailureError as error:
            print(f"failed to revoke token {identity}: {error}", file=sys.stderr)
        else:
            print(f"Revoked {identity}")
            revoked += 1
    print(f"{revoked} tokens revoked")


def _duration(text: str) -> float:
    """Return seconds for a Go duration such as 720h or 1h30m."""
    if _DURATION.sub("", text.removeprefix("-")) not in {"", "0"} or not text:
        raise UsageError(f'invalid argument "{text}" for "-x, --expiry" flag: time: invalid duration "{text}"')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
    if seconds <= 0 or text.startswith("-"):
        raise UnmodelledError("tokens create deploy --expiry of nothing or less")
    return seconds


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(seconds))
