"""Services that answer the program's own questions without a network, and refuse whatever they were not told about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.clouds.http import Request, Response

TOKEN_NAME = "tune-audio (pulumi)"

# By topic: method, host and path, and the body of an answer, given ids.
_TOPICS: dict[str, tuple[str, Callable[[list[str], str], Any]]] = {
    "neon": (
        r"GET console\.neon\.tech/api/v2/projects",
        lambda ids, search: {"projects": [{"id": id_, "name": search} for id_ in ids]},
    ),
    "branches": (
        r"GET console\.neon\.tech/api/v2/projects/[\w-]+/branches",
        lambda *_: {"branches": [{"id": "br-warm-lake-1", "name": "main", "default": True, "protected": False}]},
    ),
    "buckets": (r"GET api\.cloudflare\.com/client/v4/accounts/\w+/r2/buckets", lambda *_: {"result": {"buckets": []}}),
    "pages": (r"GET api\.cloudflare\.com/client/v4/accounts/\w+/pages/projects", lambda *_: {"result": []}),
    "project": (
        r"GET api\.cloudflare\.com/client/v4/accounts/\w+/pages/projects/[\w-]+",
        lambda *_: {"result": None},
    ),
    "pages-domain": (
        r"GET api\.cloudflare\.com/client/v4/accounts/\w+/pages/projects/[\w-]+/domains/[\w.-]+",
        lambda *_: {"result": None},
    ),
    "bucket-domain": (
        r"GET api\.cloudflare\.com/client/v4/accounts/\w+/r2/buckets/[\w-]+/domains/custom/[\w.-]+",
        lambda *_: {"result": None},
    ),
    "zones": (
        r"GET api\.cloudflare\.com/client/v4/zones",
        lambda ids, _: {"result": [{"id": "z", "account": {"id": id_}} for id_ in ids]},
    ),
    "records": (r"GET api\.cloudflare\.com/client/v4/zones/z/dns_records", lambda *_: {"result": []}),
    "tokens": (
        r"GET api\.cloudflare\.com/client/v4/accounts/\w+/tokens",
        lambda ids, _: {"result": [{"id": id_, "name": TOKEN_NAME} for id_ in ids]},
    ),
    "repository": (r"GET api\.github\.com/repos/[\w-]+/\w+", lambda *_: {"archived": False}),
    "environments": (r"GET api\.github\.com/repos/[\w-]+/\w+/environments", lambda *_: {"environments": []}),
    "variables": (r"GET api\.github\.com/repos/[\w-]+/\w+/actions/variables", lambda *_: {"variables": []}),
}


_NOTHING: dict[str, Any] = {"project": (404, "Project not found"), "zones": ["ffffffffffffffffffffffffffffff01"]}


class Clouds:
    """A transport: services that hold nothing but the zone, except for what a test gives by topic.

    An answer is a list of ids, a whole body, a status with a service's words, or an error of the network. An iterator
    gives one answer after the other.

    Attributes:
        asked: What was asked, as method and URL.
    """

    def __init__(self, **answers: Any) -> None:
        assert answers.keys() <= _TOPICS.keys()
        self._answers = answers
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        url = urlsplit(request.url)
        self.asked.append(f"{request.method} {request.url}")
        for topic, (pattern, body) in _TOPICS.items():
            if re.fullmatch(pattern, f"{request.method} {url.hostname}{url.path}"):
                nothing: Any = _NOTHING.get(topic, [])
                return _response(self._answers.get(topic, nothing), body, parse_qs(url.query).get("search", [""])[0])
        raise AssertionError(f"asked for something the test was not told about: {self.asked[-1]}")


def _response(answer: Any, body: Callable[[list[str], str], Any], search: str) -> Response:
    from infra.clouds.http import Response  # a preview of the program loads none of it

    if isinstance(answer, Iterator):
        answer = next(answer)
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, tuple):
        status, words = answer
        return Response(status, json.dumps({"message": words}).encode())
    return Response(200, json.dumps(body(answer, search) if isinstance(answer, list) else answer).encode())
