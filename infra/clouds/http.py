"""Ask the clouds' own HTTP APIs what no provider offers.

Imported by an `up` alone: urllib and ssl cost a preview more than the rest of the preflight.
"""

import json
import os
from collections.abc import Collection
from contextlib import suppress
from http.client import HTTPException, InvalidURL
from itertools import count
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT = 10.0
"""Seconds for a request, after which its answer counts as not to be had."""


class Service(NamedTuple):
    """A service that can be asked over HTTP.

    Attributes:
        name: Its name, for messages.
        variable: The environment variable that moves its API elsewhere.
        address: Its API's real address.
        refusals: The statuses with which it refuses a credential.
    """

    name: str
    variable: str
    address: str
    refusals: Collection[int] = frozenset({401, 403})


# 400 is what Cloudflare answers a token in a wrong form, 404 an account id that is none.
CLOUDFLARE = Service(
    "Cloudflare", "CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4", refusals={400, 401, 403, 404}
)
"""Its variable is the one that Cloudflare's own clients read."""
NEON = Service("Neon", "NEON_API_URL", "https://console.neon.tech/api/v2")
"""Its variable is this project's own: Neon's provider has none."""

ACCOUNT_PATHS = {"frontend": "pages/projects", "storage": "r2/buckets"}
"""What is listed to learn whether a token reaches an account: something the part's permission allows anyway."""

# Neon's answer has at most so many projects (its API reference), and `search` finds names that only contain the text.
_MOST_PROJECTS = 400
_TOKENS_A_PAGE = 50
_LONGEST_TEXT = 200
# An edge such as Cloudflare's turns away what calls itself Python-urllib.
_HEADERS = {"Accept": "application/json", "User-Agent": "relay-infrastructure"}


class LookError(Exception):
    """The look could not be had: no network, or an answer that says nothing. Holds no credential."""


class RefusedError(Exception):
    """The service refused the credential. Holds its answer, and no credential."""


def cloudflare_account(token: str, account: str, part: str) -> None:
    """Look whether a token reaches an account.

    Args:
        token: A Cloudflare API token.
        account: The account's id.
        part: A part with an entry in `ACCOUNT_PATHS`, whose permission the token should have.

    Raises:
        RefusedError: It does not, or it lacks that permission: Cloudflare's answer is the same for both.
        LookError: Nothing was learnt.
    """
    ask(CLOUDFLARE, f"accounts/{account}/{ACCOUNT_PATHS[part]}", token)


def neon_projects(key: str, name: str, organization: str | None) -> list[str]:
    """Return the ids of the Neon projects of exactly this name that a key sees.

    Args:
        key: A Neon API key.
        name: The projects' name.
        organization: Neon's id of the organization, which a personal key must name.

    Raises:
        RefusedError: Neon does not accept the key.
        LookError: Nothing was learnt.
    """
    query = {"search": name, "limit": str(_MOST_PROJECTS)} | ({"org_id": organization} if organization else {})
    answer = ask(NEON, f"projects?{urlencode(query, quote_via=quote)}", key)
    return _ids_of(name, NEON, answer, "projects")


def account_tokens(token: str, account: str, name: str) -> list[str]:
    """Return the ids of an account's API tokens of exactly this name: Cloudflare accepts a name twice.

    Args:
        token: A Cloudflare API token that may edit the account's.
        account: The account's id.
        name: The tokens' name.

    Raises:
        RefusedError: The token may not list them.
        LookError: Nothing was learnt.
    """
    found: list[str] = []
    for page in count(1):
        answer = ask(CLOUDFLARE, f"accounts/{account}/tokens?page={page}&per_page={_TOKENS_A_PAGE}", token)
        found += _ids_of(name, CLOUDFLARE, answer, "result")
        if len(answer["result"]) < _TOKENS_A_PAGE:
            break
    return found


def _ids_of(name: str, service: Service, answer: dict[str, Any], key: str) -> list[str]:
    """Return the ids of the things of exactly this name that an answer lists."""
    try:
        return [str(one["id"]) for one in answer[key] if one["name"] == name]
    except (KeyError, TypeError):
        raise LookError(f"{service.name}'s answer is not in the documented form") from None


class _NoRedirects(HTTPRedirectHandler):
    """A redirected request would carry the credential to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def ask(service: Service, path: str, credential: str, *, method: str = "GET") -> dict[str, Any]:
    """Return the JSON object a service answers.

    Args:
        service: Whom to ask.
        path: What to ask for, below its API's address.
        credential: Sent as a bearer token; in no message.
        method: GET, or DELETE.

    Raises:
        RefusedError: It refused the credential, and said why.
        LookError: It could not be asked, or answered something else.
    """
    base = (os.environ.get(service.variable) or service.address).rstrip("/")
    try:
        request = Request(f"{base}/{path}", headers=_HEADERS, method=method)  # noqa: S310  (checked next)
        if request.type not in {"http", "https"}:
            raise ValueError  # noqa: TRY301  (a bad address, like those that urllib refuses itself)
        # Unredirected: urllib shows these headers in no error, and they go to this one host.
        request.add_unredirected_header("Authorization", f"Bearer {credential}")
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as response:
            return _object(response.read())
    except HTTPError as error:
        said = ""
        with suppress(LookError, OSError, HTTPException):
            said = _reason(_object(error.read())).replace(credential, "…")[:_LONGEST_TEXT]
        problem = f"{service.name} answered {error.code}" + (f" ({said})" if said else "")
        # Without a reason it is a page, of whoever stands before the service: that tells nothing of the credential.
        raise (RefusedError if said and error.code in service.refusals else LookError)(problem) from None
    except (ValueError, InvalidURL):
        # A base URL or a credential that is none: the message would quote it.
        raise LookError(f"{service.variable}, or the credential, is not in a form that can be sent") from None
    except (OSError, HTTPException) as error:
        reason = str(error.reason if isinstance(error, URLError) else error) or type(error).__name__
        # It may quote what came in the place of an answer: a whole line, with its end.
        shown = reason.replace(credential, "…")[:_LONGEST_TEXT].strip()
        raise LookError(f"{service.name} did not answer ({shown})") from None


def _object(body: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        answer = json.loads(body)
        if isinstance(answer, dict):
            return answer
    raise LookError("the answer is not a JSON object; a proxy or a captive portal may have given it")


def _reason(body: dict[str, Any]) -> str:
    """Return why a service refuses: most say it in a message, Cloudflare in a list of errors."""
    if body.get("message"):
        return str(body["message"])
    errors = body.get("errors")
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return ", ".join(f"{error.get('code')}: {error.get('message')}" for error in found)
