"""What flyctl answers: its results parsed, its failures told apart and made safe to show.

Whatever is wrong with the form of a result, parsing it raises AttributeError, KeyError, TypeError or ValueError.
Texts were verified against flyctl v0.4.87; those that only Fly.io's servers send are matched loosely.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from infra.providers.fly import errors

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MACAROON = re.compile(r"fm[0-9][a-z]?_[A-Za-z0-9+/=_-]+")
# The parser of `secrets import` shows the line it stumbles over.
_ECHOED_LINE = re.compile(r"(NAME=VALUE pairs) \(.*is invalid\)", re.DOTALL)
_SHOWN = 400
_MEANINGS: tuple[tuple[type[errors.FlyError], str], ...] = (
    (errors.FlyAuthError, r"no access token available|must be authenticated|status code: 401|token validation error"),
    (errors.FlyAuthError, r"unauthorized|Not authorized"),
    (errors.AppNameTakenError, r"Name has already been taken"),
    (errors.AppNotFoundError, r"Could not find App|app not found"),
    (errors.OrganizationNotFoundError, r"organization \S+ not found|Could not find Organization"),
    (errors.ThrottledError, r"(status code|non-2xx status): 429|returned error 429|[Rr]ate limit|Too Many Requests"),
    (errors.TransientError, r"connection refused|: EOF|dial tcp|i/o timeout|transport connection broken"),
    (errors.TransientError, r"(status code|non-2xx status): 50|returned error 50"),
)


def plain(text: str) -> str:
    """Return a text without terminal colours."""
    return _ANSI.sub("", text)


def meaning(stderr: str) -> type[errors.FlyError]:
    """Return the error type for what flyctl wrote on standard error."""
    text = _message(stderr)
    return next((kind for kind, pattern in _MEANINGS if re.search(pattern, text)), errors.FlyctlFailedError)


def shown(stderr: str, hidden: Iterable[str]) -> str:
    """Return flyctl's message in one line, safe to show: without the `hidden` texts, tokens, or echoed input."""
    text = _redact(_ECHOED_LINE.sub(r"\1", plain(stderr)), hidden)
    text = _message(_MACAROON.sub("[token]", text))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _message(stderr: str) -> str:
    """Return what follows `Error:`, and of a GraphQL error what follows the query it repeats."""
    text = " ".join(plain(stderr).split())
    text = text.partition("Error: ")[2] or text
    return text.rpartition("}: ")[2] if "failed to run query" in text else text


def _redact(text: str, hidden: Iterable[str]) -> str:
    parts = {part.strip() for value in hidden for part in (value, *re.split(r"[\n,]", plain(value)))} - {""}
    escaped = {json.dumps(part, ensure_ascii=False)[1:-1] for part in parts}
    forms = parts | escaped | {quote(part, safe="") for part in parts}
    for form in sorted(forms, key=len, reverse=True):
        # A short value may be part of any word; as a word of its own it goes too.
        pattern = re.escape(form) if len(form) > 3 else rf"(?<!\w){re.escape(form)}(?!\w)"
        text = re.sub(pattern, "[secret]", text)
    return text


class AppStatus(NamedTuple):
    """An app as `status` shows it.

    Attributes:
        organizations: The slugs of its organization: the one to use first; a personal one has another.
        in_use: Whether it was ever deployed, or has a machine.
    """

    organizations: tuple[str, ...]
    in_use: bool


class Secret(NamedTuple):
    """A secret as `secrets list` shows it; no command shows its value.

    Attributes:
        digest: Fly.io's digest, made in a way nobody documents: good only for comparing with an earlier one.
        deployed: Whether flyctl found it on every machine; an app of over 100 machines is not looked at.
    """

    digest: str
    deployed: bool


class Token(NamedTuple):
    """A row of `tokens list`.

    Attributes:
        id: What `tokens revoke` takes.
        name: The name it was minted with.
        expires: When it ends, or None for never.
        revoked: Whether it was revoked; Fly.io goes on listing it.
    """

    id: str
    name: str
    expires: datetime | None
    revoked: bool


def parse_version(stdout: str) -> tuple[int, ...]:
    """Read `version --json`."""
    major, minor, patch = re.split(r"[.+-]", json.loads(stdout)["Version"].removeprefix("v"))[:3]
    return int(major), int(minor), int(patch)


def parse_organizations(stdout: str) -> frozenset[str]:
    """Read the slugs of `orgs list --json`."""
    return frozenset(json.loads(stdout).keys())


def parse_status(stdout: str) -> AppStatus:
    """Read `status --json`."""
    answer = json.loads(stdout)
    organization = answer["Organization"]
    slugs = filter(None, (organization["Slug"], organization.get("RawSlug")))
    return AppStatus(organizations=tuple(slugs), in_use=bool(answer["Deployed"] or answer.get("Machines")))


def parse_secrets(stdout: str) -> dict[str, Secret]:
    """Read `secrets list --json`, by name."""
    return {
        row["name"]: Secret(digest=row["digest"], deployed=row.get("status") == "Deployed")
        for row in json.loads(stdout)
    }


def parse_minted(stdout: str) -> str:
    """Read the token of `tokens create --json`; empty where none was made."""
    return str(json.loads(stdout)["token"])


def parse_tokens(stdout: str) -> list[Token]:
    """Return the rows of `tokens list`, which has no JSON form.

    Rows that are not whole are passed over: a name with a line break or a column sign in it breaks its own row, and
    no name made here has one.

    Raises:
        ValueError: There is no such table, or a time in it is not understood.
    """
    rows = [[cell.strip() for cell in line.split("│")] for line in plain(stdout).splitlines() if "│" in line]
    if not rows or not {"ID", "NAME", "EXPIRES AT", "REVOKED AT"} <= set(rows[0]):
        raise ValueError("no table of tokens")
    whole = [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if len(row) == len(rows[0])]
    return [
        Token(id=row["ID"], name=row["NAME"], expires=_time(row["EXPIRES AT"]), revoked=bool(row["REVOKED AT"]))
        for row in whole
        if row["ID"]
    ]


def _time(cell: str) -> datetime | None:
    """Return a time as Go prints it, `2046-01-02 03:04:05 +0000 UTC`."""
    if not cell:
        return None
    date, clock, zone = cell.split()[:3]
    return datetime.strptime(f"{date} {clock.partition('.')[0]} {zone}", "%Y-%m-%d %H:%M:%S %z")
