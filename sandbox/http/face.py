"""Serve on loopback the paths of the clouds' HTTP APIs that the program and its tools call themselves.

Everything else is answered with 501: not implemented, never a guess. A fault is "down", or a status, perhaps with the
service's words: "403: API rate limit exceeded". With "hang" and "hang-after", nothing is answered, before or after the
effect, until a test removes the operation `hang` from the call log.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox import credentials
from sandbox.http import cloudflare, github, neon
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, World

Respond = Callable[..., Document | list[Document]]

# Cloud, method and path, and the function that answers.
_ROUTES: list[tuple[str, str, Respond]] = [
    (cloud, path, respond)
    for cloud, module in (("cloudflare", cloudflare), ("github", github), ("neon", neon))
    for path, respond in module.ROUTES
]


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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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
    world.record(cloud, method, {"path": target})
    fault, _, said = (world.fault(cloud, method) or "").partition(": ")
    try:
        if fault and fault != "hang-after":
            _fail(world, cloud, fault, said)
        if token != credentials.BY_CLOUD[cloud]:
            raise CloudError(401, "authentication failed: invalid credential", code="10000")  # noqa: TRY301
        with world.transaction() as tx:
            found = respond(tx, query, *map(unquote, filter(None, match.groups())))
        if fault:
            _fail(world, cloud, "hang", said)
    except CloudError as error:
        errors = [{"code": error.code, "message": error.message}]
        return error.status, {"errors": errors} if cloud == "cloudflare" else {"message": error.message}
    return 200, found


def _fail(world: World, cloud: str, fault: str, said: str) -> NoReturn:
    if fault == "hang":
        world.record(cloud, fault, {})
        while any(operation == fault for _, operation, _ in world.calls()):
            time.sleep(0.05)
    raise CloudError(int(fault) if fault.isdigit() else 503, said or "Service Unavailable")
