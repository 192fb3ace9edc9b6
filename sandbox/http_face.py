"""The two paths of the clouds' HTTP APIs that the program itself reads (`infra.cloud_look`), on loopback.

Everything else is answered with 501: not implemented, never a guess.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox import credentials
from sandbox.clouds import cloudflare
from sandbox.clouds.errors import CloudError
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
    account = _ACCOUNT.fullmatch(url.path)
    if not account and url.path != "/api/v2/projects":
        return 501, {"message": f"GET {url.path} is not implemented in the sandbox"}
    cloud = "cloudflare" if account else "neon"
    world.record(cloud, "GET", {"path": target})
    if world.fault(cloud, "GET"):
        return 503, {"message": "Service Unavailable"}
    with world.transaction() as tx:
        return _cloudflare(tx, token, *account.groups()) if account else _neon(tx, token, parse_qs(url.query))


def _cloudflare(tx: Transaction, token: str, account: str, path: str) -> Answer:
    refusal = None if token == credentials.CLOUDFLARE_TOKEN else CloudError(401, "Authentication error")
    try:
        cloudflare.account(tx, account)
    except CloudError as error:
        refusal = refusal or error
    if refusal:
        errors = [{"code": 10000, "message": refusal.message}]
        return refusal.status, {"success": False, "errors": errors, "result": None}
    kind = {"pages/projects": "pages", "r2/buckets": "bucket"}[path]
    found = [item for key, item in tx.list("cloudflare", kind).items() if key.startswith(f"{account}/")]
    return 200, {"success": True, "errors": [], "result": found if kind == "pages" else {"buckets": found}}


def _neon(tx: Transaction, token: str, query: dict[str, list[str]]) -> Answer:
    """List the projects whose name or id has the text in it, with what tells them apart."""
    if token != credentials.NEON_KEY:
        return 401, {"code": "", "message": "authentication failed: invalid API key"}
    search = query.get("search", [""])[0]
    shown = [{"id": item["id"], "name": item["name"]} for item in tx.list("neon", "project").values()]
    return 200, {"projects": [item for item in shown if search in item["name"] or search in item["id"]]}
