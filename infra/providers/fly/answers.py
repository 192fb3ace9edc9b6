"""Parse flyctl's results, tell its failures apart, and make its messages safe to show.

A result in another form raises AttributeError, KeyError, TypeError or ValueError. Texts of flyctl's own were verified
with v0.4.87. Texts that only Fly.io's servers send are from public reports, and matched loosely.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from infra.providers.fly import errors

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MACAROON = re.compile(r"fm[0-9][a-z]?_[A-Za-z0-9+/=_-]+")
# The parser of `secrets import` shows the line that it rejects.
_ECHOED_LINE = re.compile(r"(NAME=VALUE pairs) \(.*is invalid\)", re.DOTALL)
_SHOWN = 400
_SHORTEST_PART = 6
_PAGE = re.compile(r"https://fly\.io/[^\s()\"]*[^\s()\".,;:]")
# The most specific first: a name within quotes, say of an app called "billing", must not decide.
_MEANINGS: tuple[tuple[type[errors.FlyError], str], ...] = (
    (errors.AppNotFoundError, r"Could not find App|app not found"),
    (errors.AppNameTakenError, r"Name has already been taken"),
    (errors.OrganizationNotFoundError, r"organization \S+ not found|Could not find Organization"),
    (errors.AccountError, r"(?i)payment (information|method)|credit card|overdue|trial (has )?ended|high risk"),
    (errors.AccountError, r"(?i)(app|machine|organization|volume)s? limit|billing@fly\.io|\bSSO\b|single sign.on"),
    (errors.FlyAuthError, r"no access token available|must be authenticated|token validation error"),
    (errors.FlyAuthError, r"unauthorized|Not authorized|(status code|non-2xx status|returned error):? 40[13]"),
    (errors.ThrottledError, r"(?i)(status code|non-2xx status|returned error):? 429|rate limit|too many requests"),
    (errors.TransientError, r"connection (refused|reset)|\bEOF\b|dial tcp|transport connection broken|broken pipe"),
    (errors.TransientError, r"i/o timeout|handshake timeout|deadline exceeded|GOAWAY|closed (idle|network) connection"),
    (errors.TransientError, r"no such host|name resolution|network is unreachable|connection timed out"),
    (errors.TransientError, r"(?i)(status code|non-2xx status|returned error):? (408|5\d\d)|internal server error"),
    (errors.TransientError, r"(?i)bad gateway|service unavailable|gateway time-?out|request timeout"),
)


def plain(text: str) -> str:
    """Return a text without terminal colours."""
    return _ANSI.sub("", text)


def meaning(stderr: str) -> type[errors.FlyError]:
    """Return the error type for what flyctl wrote on standard error."""
    text = _message(stderr)
    return next((kind for kind, pattern in _MEANINGS if re.search(pattern, text)), errors.FlyctlFailedError)


def next_step(kind: type[errors.FlyError], text: str) -> str:
    """Return the next step that a message names itself: a page of Fly.io's where a person has to act."""
    page = _PAGE.search(text) if kind is errors.AccountError else None
    return f"Do that at {page[0]} first, then run the same command again." if page else ""


def shown(stderr: str, hidden: Iterable[str]) -> str:
    """Return flyctl's message in one line, safe to show: without the `hidden` texts, tokens, or echoed input."""
    text = _redact(_ECHOED_LINE.sub(r"\1", plain(stderr)), hidden)
    text = _message(_MACAROON.sub("[token]", text))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _message(stderr: str) -> str:
    """Return the text after `Error:`; of a GraphQL error, the text after the query that it repeats."""
    text = " ".join(plain(stderr).split())
    text = text.partition("Error: ")[2] or text
    return text.rpartition("}: ")[2] if "failed to run query" in text else text


def _redact(text: str, hidden: Iterable[str]) -> str:
    wholes = {value.strip() for value in hidden}
    # flyctl and the servers may show a part of a value. A short part, as of JSON, is a word or sign of any message.
    parts = {part.strip() for value in wholes for part in re.split(r"[\n,]", plain(value))}
    parts = {part for part in parts if len(part) >= _SHORTEST_PART} | wholes - {""}
    escaped = {json.dumps(part, ensure_ascii=False)[1:-1] for part in parts}
    forms = parts | escaped | {quote(part, safe="") for part in parts}
    for form in sorted(forms, key=len, reverse=True):
        # A short value may be part of any word, so only a whole word is hidden.
        pattern = re.escape(form) if len(form) > 3 else rf"(?<!\w){re.escape(form)}(?!\w)"
        text = re.sub(pattern, "[secret]", text)
    return text


class AppStatus(NamedTuple):
    """An app as `status` shows it.

    Attributes:
        organizations: The slugs of its organization; a personal organization has two.
        deployed: Whether it was ever deployed, or has a machine that a deployment made. `status` shows no others.
    """

    organizations: tuple[str, ...]
    deployed: bool


class Secret(NamedTuple):
    """A secret as `secrets list` shows it; no command shows its value.

    Attributes:
        digest: Fly.io's digest, by an undocumented method: compare it only with an earlier digest.
        deployed: Whether flyctl found it on every machine. Of an app with over 100 machines flyctl does not say.
    """

    digest: str
    deployed: bool


class Standing(NamedTuple):
    """The names of an app's secrets that a person should see.

    Attributes:
        staged: Managed names that not every machine has yet.
        foreign: Names that are neither managed nor kept.
    """

    staged: list[str]
    foreign: list[str]


def standing(listed: Mapping[str, Secret], *, managed: Collection[str], kept: Collection[str]) -> Standing:
    """Return the standing of an app's secrets."""
    return Standing(
        staged=sorted(name for name in managed if name in listed and not listed[name].deployed),
        foreign=sorted(listed.keys() - set(managed) - set(kept)),
    )


class Token(NamedTuple):
    """A row of `tokens list`.

    Attributes:
        id: Argument of `tokens revoke`.
        name: The name it was minted with.
        expires: Its end, or None for never.
        revoked: Whether it was revoked; Fly.io still lists it then.
    """

    id: str
    name: str
    expires: datetime | None
    revoked: bool


def parse_version(stdout: str) -> tuple[int, ...]:
    """Read `version --json`."""
    major, minor, patch = re.split(r"[.+-]", json.loads(stdout)["Version"].removeprefix("v"))[:3]
    return int(major), int(minor), int(patch)


def dotted(version: Iterable[int]) -> str:
    """Return a version in its usual form."""
    return ".".join(map(str, version))


def parse_ids(stdout: str) -> list[str]:
    """Read the ids of `machine list --json` or `volumes list --json`."""
    return [str(row["id"]) for row in json.loads(stdout) or []]


def parse_apps(stdout: str) -> dict[str, bool]:
    """Read `apps list --json`: by name, whether the app was deployed."""
    return {app["Name"]: bool(app["Deployed"]) for app in json.loads(stdout)}


def parse_organizations(stdout: str) -> frozenset[str]:
    """Read the slugs of `orgs list --json`."""
    return frozenset(json.loads(stdout).keys())


def parse_status(stdout: str) -> AppStatus:
    """Read `status --json`."""
    answer = json.loads(stdout)
    organization = answer["Organization"]
    slugs = filter(None, (organization["Slug"], organization.get("RawSlug")))
    return AppStatus(organizations=tuple(slugs), deployed=bool(answer["Deployed"] or answer.get("Machines")))


def parse_secrets(stdout: str) -> dict[str, Secret]:
    """Read `secrets list --json`, by name."""
    return {
        row["name"]: Secret(digest=row["digest"], deployed=row.get("status") == "Deployed")
        for row in json.loads(stdout)
    }


def parse_minted(stdout: str) -> str:
    """Read the token of `tokens create --json`; an empty one means that none was made."""
    return str(json.loads(stdout)["token"])


def parse_end(stdout: str) -> datetime | None:
    """Read the earliest end in `tokens debug`, which prints macaroons (superfly/macaroon: `ValidityWindow`)."""
    caveats = [caveat for macaroon in json.loads(stdout) for caveat in macaroon["caveats"] or []]
    ends = [caveat["body"]["not_after"] for caveat in caveats if caveat["type"] == "ValidityWindow"]
    return datetime.fromtimestamp(min(ends), UTC) if ends else None


def parse_tokens(stdout: str) -> list[Token]:
    """Read `tokens list`, which has no JSON form.

    A name with a line break or a column sign breaks its own row. Broken rows are skipped: no token of a stack has such
    a name.

    Raises:
        ValueError: There is no such table, or a time has another form.
    """
    rows = [[cell.strip() for cell in line.split("│")] for line in plain(stdout).splitlines() if "│" in line]
    if not rows or not {"ID", "NAME", "EXPIRES AT", "REVOKED AT"} <= set(rows[0]):
        raise ValueError("no table of tokens")
    whole = [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if len(row) == len(rows[0])]
    return [
        Token(
            id=row["ID"],
            name=row["NAME"],
            expires=_time(row["EXPIRES AT"]),
            revoked=_time(row["REVOKED AT"]) is not None,
        )
        for row in whole
        if row["ID"]
    ]


def _time(cell: str) -> datetime | None:
    """Read a time as Go prints it, `2046-01-02 03:04:05 +0000 UTC`; Go's year 1 stands for no time."""
    if not cell or cell.startswith("0001-01-01"):
        return None
    date, clock, zone = cell.split()[:3]
    return datetime.strptime(f"{date} {clock.partition('.')[0]} {zone}", "%Y-%m-%d %H:%M:%S %z")
