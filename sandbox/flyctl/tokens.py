"""Run the commands `tokens`.

Seen: their output, and that `tokens revoke` exits 0 whatever happened (flyctl 0.4.87).
"""

from __future__ import annotations

import re
import sys
import time

from sandbox.flyctl.arguments import UsageError
from sandbox.flyctl.output import table
from sandbox.flyctl.run import FailureError, Run


def tokens_create_deploy(run: Run) -> None:
    """Mint a deploy token and print it; its id is not shown."""
    flags = run.arguments.flags
    name = run.app(required=False)
    seconds = _seconds(flags.get("expiry", "175200h"))
    with run.request(prefix=f"failed retrieving app {name}: ") as fly:
        fly.app(name)
    token = ""
    with run.request(prefix="failed creating token: ", mint=True, effect=True) as fly:
        if run.fault != "empty":
            token = fly.mint(name, flags.get("name", "flyctl deploy token"), time.time() + seconds)
        run.log(f'200 {{"createLimitedAccessToken":{{"limitedAccessToken":{{"tokenHeader":"{token}"}}}}}}')
    run.show({"token": token}, token)


def tokens_create_org(run: Run) -> None:
    """Mint a token for an organization and print it."""
    flags, named = run.arguments.flags, run.arguments.positional
    slug = flags.get("org") or (named[0] if named else "")
    if not slug:
        raise FailureError("failed retrieving org slug argument must be specified when not running interactively")
    ends = time.time() + _seconds(flags.get("expiry", "175200h"))
    with run.request(prefix="failed creating token: ", mint=True, effect=True) as fly:
        token = fly.mint_for_organization(slug, flags.get("name", "Org deploy token"), ends)
    run.show({"token": token}, token)


def tokens_list(run: Run) -> None:
    """Print an app's tokens as a table; there is no JSON."""
    name = run.app()
    with run.request(prefix=f"failed retrieving tokens for app {name}: ", effect=True) as fly:
        tokens = fly.tokens(name)
    rows = [(t["id"], t["name"], t["created_by"], _end(t["expires"]), _time(t["revoked"])) for t in tokens]
    # The title stays bold even into a pipe.
    print(f'\x1b[1mTokens for app "{name}":\x1b[0m')
    print(table("ID|NAME|CREATED BY|EXPIRES AT|REVOKED AT", rows))


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


def _seconds(text: str) -> int:
    """Return seconds for hours such as 720h; flyctl knows no days, and minutes are not modelled."""
    if not re.fullmatch(r"\d+h", text):
        raise UsageError(f'invalid argument "{text}" for "-x, --expiry" flag: time: invalid duration "{text}"')
    return int(text[:-1]) * 3600


def _time(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(seconds)) if seconds else ""


def _end(seconds: float | None) -> str:
    return _time(seconds) or "0001-01-01 00:00:00 +0000 UTC"
