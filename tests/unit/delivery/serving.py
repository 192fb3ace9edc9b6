"""A JSON API on a loopback port, answered by a function."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def serving(
    answer: Callable[[str, str, Any], tuple[int, Any]], token: str = "", named: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Serve until the end of the `with` block and yield the address; `token` is expected where it is not empty.

    Args:
        answer: Returns a status and a body for a method, a path and a body.
        token: The bearer token every call must carry.
        named: Is told how each caller calls itself.
    """

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            if token:
                assert self.headers["Authorization"] == f"Bearer {token}"
            named(self.headers["User-Agent"])
            length = int(self.headers.get("Content-Length") or 0)
            status, body = answer(self.command, self.path, json.loads(self.rfile.read(length)) if length else None)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
