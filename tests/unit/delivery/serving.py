"""A JSON API on a loopback port, answered by a function."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from email.message import Message
from http.client import IncompleteRead, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from urllib.request import Request

CUT, HTML, SHORT = -1, -2, -3
"""In place of a status: close the connection, answer a page, and answer less than the announced length."""
PASSING = [502, 429, CUT, HTML, SHORT]
"""Answers of each form that a repeated call may not get."""


@contextmanager
def serving(
    answer: Callable[[str, str, Any], tuple[int, Any]],
    token: str = "",
    heard: Callable[[Message], None] = lambda _: None,
    headers: dict[str, str] | None = None,
) -> Iterator[str]:
    """Serve until the end of the `with` block, and yield the address.

    Args:
        answer: Returns a status and a body for a method, a path and a body. A body of bytes is sent as it is; `429` and
            `503` carry `Retry-After: 0`.
        token: The bearer token that every call must carry; empty for any.
        heard: Called with the headers of each call.
        headers: Further headers of each answer, or others than it would have.
    """

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            if token:
                assert self.headers["Authorization"] == f"Bearer {token}"
            heard(self.headers)
            length = int(self.headers.get("Content-Length") or 0)
            status, body = answer(self.command, self.path, json.loads(self.rfile.read(length)) if length else None)
            if status == CUT:
                self.close_connection = True
                return
            content = _content(status, body)
            self.send_response(status if status > 0 else 200)
            sent = {"Content-Length": str(len(content) + (100 if status == SHORT else 0)), **_more(status)}
            for header in (sent | (headers or {})).items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.001,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Answer(BytesIO):
    status = 200


def opened(answer: Callable[[str, str, Any], tuple[int, Any]], token: str = "") -> Callable[..., BytesIO]:
    """Return a function in the place of `urlopen`, which answers as `serving` does, and needs no server."""

    def urlopen(request: Request, timeout: float) -> BytesIO:
        assert not token or request.get_header("Authorization") == f"Bearer {token}"
        sent = json.loads(request.data) if isinstance(request.data, bytes) else None
        status, body = answer(request.get_method(), request.selector, sent)
        content = _content(status, body)
        if status == CUT:
            raise RemoteDisconnected("Remote end closed connection without response")
        if status == SHORT:
            raise IncompleteRead(content, 100)
        if status >= 400:
            raise HTTPError(request.full_url, status, "", _more(status), BytesIO(content))
        return _Answer(content)

    return urlopen


def _content(status: int, body: Any) -> bytes:
    content = b"<html>a proxy</html>" if status == HTML else body
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def _more(status: int) -> Message:
    """Return the headers of a status: some ask for patience."""
    headers = Message()
    if status in {429, 503}:
        headers["Retry-After"] = "0"
    return headers
