"""Send requests to a service's HTTP API: one client, one transport, one vocabulary of errors."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException, InvalidURL
from itertools import count
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener
from urllib.request import Request as UrllibRequest

from infra.errors import UserError

TIMEOUT = 10.0
"""Seconds that a service has to answer a request."""

_LONGEST_TEXT = 200
# Cloudflare's edge turns away a client that calls itself Python-urllib.
_HEADERS = {"Accept": "application/json", "User-Agent": "relay-infrastructure"}
# Refusals with 403 that no other credential would change (GitHub's limits, R2 before it is enabled, Neon's plan).
_NOT_THE_CREDENTIAL = ("rate limit", "abuse detection", "10042", "limit_exceeded", "was archived")


Query = Mapping[str, str | int]
"""Parameters of a query, unquoted."""


class CloudError(UserError):
    """Report that a service gave no usable answer. The message holds no credential.

    Attributes:
        status: The HTTP status; 0 where no answer arrived.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class MissingError(CloudError):
    """Report that the service knows no such object (404)."""


class RefusedError(CloudError):
    """Report that the service refused the credential, in its own words."""


class Request(NamedTuple):
    """A request as the transport sends it.

    Attributes:
        method: GET, POST, PATCH, or DELETE.
        url: The whole address.
        headers: Its headers, the credential among them.
        body: JSON, or None.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Response(NamedTuple):
    """A service's answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Service(NamedTuple):
    """A service with an HTTP API.

    Attributes:
        name: Its name, for messages.
        variable: The environment variable that moves its API elsewhere.
        address: Its API's address.
        headers: Headers that its API wants beside the usual ones.
    """

    name: str
    variable: str
    address: str
    headers: Mapping[str, str] = {}


class _NoRedirects(HTTPRedirectHandler):
    """Leave redirects alone: a redirected request would carry the credential to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send(request: Request) -> Response:
    """Send a request with urllib and return the answer, even an error.

    Raises:
        OSError, HTTPException, ValueError: No answer arrived, or the request cannot be sent.
    """
    if urlsplit(request.url).scheme not in {"http", "https"}:
        raise ValueError("neither http nor https")
    sent = UrllibRequest(request.url, request.body, method=request.method)  # noqa: S310  (checked above)
    for header in request.headers.items():
        sent.add_unredirected_header(*header)  # urllib quotes these headers in no error
    try:
        with build_opener(_NoRedirects).open(sent, timeout=TIMEOUT) as answer:
            return Response(answer.status, answer.read(), dict(answer.headers))
    except HTTPError as error:
        body = b""
        with error, suppress(OSError, HTTPException):
            body = error.read()
        return Response(error.code, body)


class Client:
    """Ask one service with one credential.

    Args:
        service: The service.
        credential: Sent as a bearer token; no message shows it.
        transport: Sends a request and returns the answer; `send` by default.
    """

    def __init__(
        self, service: Service, credential: str, *, transport: Callable[[Request], Response] | None = None
    ) -> None:
        self.service = service
        self._credential = credential
        self._transport = transport

    def with_headers(self, headers: Mapping[str, str]) -> "Client":
        """Return a client that sends further headers."""
        service = self.service._replace(headers={**self.service.headers, **headers})
        return Client(service, self._credential, transport=self._transport)

    def ask(self, path: str, *at: str, query: Query | None = None, method: str = "GET", body: Any = None) -> Any:
        """Return the JSON that the service answers.

        Args:
            path: The path below the API's address, quoted.
            at: Keys that lead to the wanted member of the answer.
            query: Parameters of the query.
            method: GET, POST, PATCH, or DELETE.
            body: Sent as JSON.

        Raises:
            CloudError: No usable answer arrived.
            MissingError: There is no such object.
            RefusedError: The service refused the credential.
        """
        asked = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        answer = self._checked(self._sent(method, asked, body))
        with self.documented():
            for key in at:
                answer = answer[key]
        return answer

    def items(self, path: str, *at: str, size: int = 100) -> Iterator[dict[str, Any]]:
        """Yield the items of a list that the service answers in numbered pages.

        Args:
            path: The list's path, quoted.
            at: Keys that lead to the list; none where the answer is the list.
            size: Items on a page: the most that the service allows.

        Raises:
            CloudError, MissingError, RefusedError: See `ask`.
        """
        for page in count(1):
            found = self.ask(path, *at, query={"page": page, "per_page": size})
            with self.documented():
                yield from found
                if len(found) < size:
                    return

    @contextmanager
    def documented(self) -> Iterator[None]:
        """Turn a member that an answer lacks into an error.

        Raises:
            CloudError: The answer has another form than the service documents.
        """
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CloudError(f"{self.service.name}'s answer is not in the documented form") from None

    def _sent(self, method: str, path: str, body: Any) -> Response:
        """Send a request; explain why no answer arrived."""
        service, transport = self.service, self._transport or send
        base = (os.environ.get(service.variable) or service.address).rstrip("/")
        headers = {**_HEADERS, **service.headers, "Authorization": f"Bearer {self._credential}"}
        content = None if body is None else json.dumps(body).encode()
        if content:
            headers["Content-Type"] = "application/json"
        try:
            return transport(Request(method, f"{base}/{path}", headers, content))
        except (ValueError, InvalidURL):
            # The address or the credential is malformed; the error would quote it.
            problem = f"{service.variable}, or the credential, is not in a form that can be sent"
            raise CloudError(problem) from None
        except (OSError, HTTPException) as error:
            reason = str(error.reason if isinstance(error, URLError) else error) or type(error).__name__
            # urllib may quote the line that arrived instead of an answer.
            shown = reason.replace(self._credential, "…")[:_LONGEST_TEXT].strip()
            raise CloudError(f"{service.name} did not answer ({shown})") from None

    def _checked(self, response: Response) -> Any:
        """Return the JSON of an answer; raise where it reports an error or is no JSON."""
        status, name = response.status, self.service.name
        answer: Any = None
        with suppress(ValueError):
            answer = json.loads(response.body) if response.body else {}
        if status < 300:
            if not isinstance(answer, dict | list):
                problem = "the answer is not JSON; a proxy or a captive portal may have given it"
                raise CloudError(f"{name}: {problem}", status)
            return answer
        said = _reason(answer).replace(self._credential, "…")[:_LONGEST_TEXT]
        # An answer without a reason comes from a proxy or an edge, which knows nothing of the credential.
        refused = status in {401, 403} and said and not any(text in said.lower() for text in _NOT_THE_CREDENTIAL)
        kind = RefusedError if refused else MissingError if status == 404 and said else CloudError
        raise kind(f"{name} answered {status}" + (f" ({said})" if said else ""), status)


def _reason(answer: Any) -> str:
    """Return the reason in an error's JSON: a message, or Cloudflare's list of errors."""
    body = answer if isinstance(answer, dict) else {}
    if body.get("message"):
        return str(body["message"])
    errors = body.get("errors")
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return ", ".join(f"{error.get('code')}: {error.get('message')}" for error in found)
