"""Serve on loopback the paths of the clouds' HTTP APIs that the program and its tools call themselves.

Everything else is answered with 501: not implemented, never a guess. Tests inject faults by method (see
`sandbox.world.calls`), such as "403: API rate limit exceeded". Where a fault means no answer, this server answers 503.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox import credentials
from sandbox.http import cloudflare, github, neon
from sandbox.world.calls import once
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction, World

Respond = Callable[..., Document | list[Document]]

# Cloud, method and path, and the function that answers.
_ROUTES: list[tuple[str, str, Respond]] = [
    (cloud, path, respond)
    for cloud, module in (("cloudflare", cloudflare), ("github", github), ("neon", neon))
    for path, respond in module.ROUTES
]


class _Server(ThreadingHTTPServer):
    # Tools ask with 16 threads at once. Of more callers than this, the next waits a second before it tries again.
    request_queue_size = 64


def serve(world: World) -> int:
    """Answer in the background, until the process ends, and return the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower().replace("-", "_"): value for name, value in self.headers.items()}
            status, body = answer(world, self.path, token, self.command, sent, **headers)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_DELETE = do_PATCH = do_POST = do_GET  # noqa: N815  (the base class's spelling)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the terminal is the command's."""

    server = _Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def answer(
    world: World, target: str, token: str, method: str = "GET", sent: Any = None, **headers: str
) -> tuple[int, Any]:
    """Return status and body of a request.

    Args:
        world: The clouds' state.
        target: Path and query.
        token: The bearer token it came with.
        method: Its method.
        sent: Its body, decoded.
        headers: Its other headers, in lower case with `_`.
    """
    url = urlsplit(target)
    query: Document = {**headers, **{name: values[0] for name, values in parse_qs(url.query).items()}, "body": sent}
    routes = ((cloud, respond, re.fullmatch(path, f"{method} {url.path}")) for cloud, path, respond in _ROUTES)
    cloud, respond, match = next((route for route in routes if route[2]), ("", None, None))
    if not (respond and match):
        return 501, {"message": f"{method} {url.path} is not implemented in the sandbox"}
    groups = [unquote(group) for group in match.groups() if group]

    def effect(tx: Transaction) -> Any:
        if token != credentials.BY_CLOUD[cloud]:
            raise CloudError(401, "authentication failed: invalid credential", code="10000")
        return respond(tx, query, *groups)

    try:
        return 200, once(world, cloud, method, {"path": target}, effect)
    except CloudError as error:
        errors = [{"code": error.code, "message": error.message}]
        return error.status or 503, {"errors": errors} if cloud == "cloudflare" else {"message": error.message}
