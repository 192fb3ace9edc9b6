"""Looks that no provider offers, over the services' own HTTP APIs: for `infra.preflight` and `ops.recover`.

Imported by an `up` alone: urllib and ssl cost a preview more than the rest of the preflight.
"""

import json
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT = 10.0
"""Seconds for a request, after which its answer counts as not to be had."""

CLOUDFLARE_API = ("CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4")
"""The variable that moves the API elsewhere, which Cloudflare's own clients read, and the real address."""
NEON_API = ("NEON_API_URL", "https://console.neon.tech/api/v2")
"""The same for Neon. The variable is this project's own: Neon's provider has none."""

CLOUDFLARE_PATHS = {"frontend": "pages/projects", "storage": "r2/buckets"}
"""What is listed to learn whether a token reaches an account: something the part's permission allows anyway."""

# Neon's answer has at most so many projects (its API reference), and `search` finds names that only contain the text.
_MOST_PROJECTS = 400
_TOKENS_A_PAGE = 50
_LONGEST_TEXT = 200
# 400 is what Cloudflare answers a token in a wrong form, 404 an account id that is none.
_REFUSALS = frozenset({400, 401, 403, 404})
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
        part: A part with an entry in `CLOUDFLARE_PATHS`, whose permission the token should have.

    Raises:
        RefusedError: It does not, or it lacks that permission: Cloudflare's answer is the same for both.
        LookError: Nothing was learnt.
    """
    cloudflare(f"accounts/{account}/{CLOUDFLARE_PATHS[part]}", token)


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
    path = f"projects?{urlencode(query, quote_via=quote)}"
    answer = call("Neon", NEON_API, path, key, refusals={401, 403})
    try:
        return [str(project["id"]) for project in answer["projects"] if project["name"] == name]
    except (KeyError, TypeError):
        raise LookError("Neon's answer is not in the documented form") from None


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
        path = f"accounts/{account}/tokens?page={page}&per_page={_TOKENS_A_PAGE}"
        answer = cloudflare(path, token)
        try:
            found += [str(one["id"]) for one in answer["result"] if one["name"] == name]
            if len(answer["result"]) < _TOKENS_A_PAGE:
                break
        except (KeyError, TypeError):
            raise LookError("Cloudflare's answer is not in the documented form") from None
    return found


def cloudflare(path: str, token: str, *, method: str = "GET", refusals: Collection[int] = _REFUSALS) -> dict[str, Any]:
    """Call Cloudflare's API; see `call`."""
    return call("Cloudflare", CLOUDFLARE_API, path, token, refusals=refusals, explain=_cloudflare_errors, method=method)


class _NoRedirects(HTTPRedirectHandler):
    """A redirected request would carry the credential to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def call(
    service: str,
    api: tuple[str, str],
    path: str,
    credential: str,
    *,
    refusals: Collection[int],
    explain: Callable[[dict[str, Any]], str] = lambda body: str(body.get("message", "")),
    method: str = "GET",
) -> dict[str, Any]:
    """Return the JSON object a service answers.

    Args:
        service: Its name, for messages.
        api: The variable that moves its API elsewhere, and the API's address.
        path: What to ask for, below that address.
        credential: Sent as a bearer token; in no message.
        refusals: The statuses with which it refuses the credential.
        explain: Takes the reason out of a refusing answer.
        method: GET, or DELETE.

    Raises:
        RefusedError: It refused the credential, and said why.
        LookError: It could not be asked, or answered something else.
    """
    variable, address = api
    base = (os.environ.get(variable) or address).rstrip("/")
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
        with suppress(LookError, OSError):
            said = explain(_object(error.read())).replace(credential, "…")[:_LONGEST_TEXT]
        problem = f"{service} answered {error.code}" + (f" ({said})" if said else "")
        # Without a reason it is a page, of whoever stands before the service: that tells nothing of the credential.
        raise (RefusedError if said and error.code in refusals else LookError)(problem) from None
    except URLError as error:
        raise LookError(f"{service} did not answer ({error.reason})".replace(credential, "…")) from None
    except ValueError:
        # A base URL or a credential that is none: urllib's message would quote it.
        raise LookError(f"{variable}, or the credential, is not in a form that can be sent") from None
    except OSError as error:
        raise LookError(f"{service} did not answer ({error.strerror or type(error).__name__})") from None


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise LookError("the answer is not a JSON object; a proxy or a captive portal may have given it")
    return answer


def _cloudflare_errors(body: dict[str, Any]) -> str:
    errors = body.get("errors")
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return ", ".join(f"{error.get('code')}: {error.get('message')}" for error in found)
