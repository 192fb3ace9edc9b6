"""A JSON API on a loopback port, answered by a function."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
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
            content = b"<html>a proxy</html>" if status == HTML else body
            content = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status if status > 0 else 200)
            sent = {"Content-Length": str(len(content) + (100 if status == SHORT else 0))}
            if status in {429, 503}:
                sent["Retry-After"] = "0"
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


@dataclass
class Served:
    """Answer calls as a test last said."""

    answer: Callable[[str, str, Any], tuple[int, Any]]

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Answer a call."""
        return self.answer(method, path, body)

    def open(self, request: Request, timeout: float) -> BytesIO:
        """Answer in the place of `urlopen`, for a test that makes thousands of calls."""
        sent = json.loads(request.data) if isinstance(request.data, bytes) else None
        status, body = self.answer(request.get_method(), request.selector, sent)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if status >= 400:
            raise HTTPError(request.full_url, status, "", Message(), BytesIO(content))
        return BytesIO(content)
