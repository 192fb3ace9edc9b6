"""The two paths of the clouds' HTTP APIs that the program itself reads (`infra.cloud_look`), on loopback.

Everything else is answered with 501: not implemented, never a guess.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from sandbox import credentials
from sandbox.clouds import cloudflare, neon
from sandbox.clouds.errors import CloudError

if TYPE_CHECKING:
    from sandbox.world import Transaction, World

Answer = tuple[int, dict[str, Any]]

_ACCOUNT = re.compile(r"/client/v4/accounts/(\w+)/(pages/projects|r2/buckets)")


def serve(world: World) -> int:
    """Answer in the background, until the process ends, and return the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, body = answer(world, self.path, token)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the terminal is the command's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def answer(world: World, target: str, token: str) -> Answer:
    """Return status and body of a GET request.

    Args:
        world: The clouds' state.
        target: Path and query.
        token: The bearer token it came with.
    """
    url = urlsplit(target)
    if account := _ACCOUNT.fullmatch(url.path):
        cloud, take = "cloudflare", token == credentials.CLOUDFLARE_TOKEN
    elif url.path == "/api/v2/projects":
        cloud, take = "neon", token == credentials.NEON_KEY
    else:
        return 501, {"message": f"GET {url.path} is not implemented in the sandbox"}
    world.record(cloud, "GET", {"path": target})
    if world.fault(cloud, "GET"):
        return 503, {"message": "Service Unavailable"}
    with world.transaction() as tx:
        if account:
            return _cloudflare(tx, *account.groups()) if take else _cloudflare_refusal(401, "Authentication error")
        if take:
            return _neon(tx, parse_qs(url.query).get("search", [""])[0])
        return 401, {"code": "", "message": "authentication failed: invalid API key"}


def _cloudflare(tx: Transaction, account: str, path: str) -> Answer:
    try:
        cloudflare.account(tx, account)
    except CloudError as error:
        return _cloudflare_refusal(error.status, error.message)
    kind = {"pages/projects": "pages", "r2/buckets": "bucket"}[path]
    found = [item for key, item in tx.list("cloudflare", kind).items() if key.startswith(f"{account}/")]
    return 200, {"success": True, "errors": [], "result": found if kind == "pages" else {"buckets": found}}


def _cloudflare_refusal(status: int, message: str) -> Answer:
    return status, {"success": False, "errors": [{"code": 10000, "message": message}], "result": None}


def _neon(tx: Transaction, search: str) -> Answer:
    """List the projects whose name or id has the text in it, with what tells them apart."""
    shown = [{"id": item["id"], "name": item["name"]} for item in neon.projects(tx)]
    return 200, {"projects": [item for item in shown if search in item["name"] or search in item["id"]]}
