"""The few paths of the clouds' HTTP APIs that the program and `bin/recover` call themselves, on loopback.

Everything else is answered with 501: not implemented, never a guess.
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
from sandbox.world import cloudflare, github, neon
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction, World

_CLOUDFLARE_KINDS = {"pages/projects": "pages", "r2/buckets": "bucket", "tokens": "token"}


def serve(world: World) -> int:
    """Answer in the background, until the process ends, and return the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, body = answer(world, self.path, token, self.command)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_DELETE = do_GET  # noqa: N815  (the base class's spelling)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the terminal is the command's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def answer(world: World, target: str, token: str, method: str = "GET") -> tuple[int, Document]:
    """Return status and body of a request.

    Args:
        world: The clouds' state.
        target: Path and query.
        token: The bearer token it came with.
        method: GET, or DELETE for a Cloudflare token.
    """
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    routes = ((cloud, respond, re.fullmatch(path, f"{method} {url.path}")) for cloud, path, respond in _ROUTES)
    cloud, respond, match = next((route for route in routes if route[2]), ("", None, None))
    if not (respond and match):
        return 501, {"message": f"{method} {url.path} is not implemented in the sandbox"}
    world.record(cloud, method, {"path": target})
    if world.fault(cloud, method):
        return 503, {"message": "Service Unavailable"}
    try:
        if token != credentials.BY_CLOUD[cloud]:
            raise CloudError(401, "authentication failed: invalid credential", code="10000")  # noqa: TRY301
        with world.transaction() as tx:
            return 200, respond(tx, query, *map(unquote, filter(None, match.groups())))
    except CloudError as error:
        errors = [{"code": error.code, "message": error.message}]
        return error.status, {"errors": errors} if cloud == "cloudflare" else {"message": error.message}


def _cloudflare(tx: Transaction, query: dict[str, str], account: str, path: str) -> Document:
    """List what an account has of a kind; of the three, tokens alone are listed by the page."""
    cloudflare.account(tx, account)
    kind = _CLOUDFLARE_KINDS[path]
    found = [item for item in tx.list("cloudflare", kind).values() if item["account_id"] == account]
    if kind == "token":
        size, page = int(query["per_page"]), int(query["page"])
        found = [{name: item[name] for name in ("id", "name")} for item in found[size * (page - 1) : size * page]]
    return {"success": True, "errors": [], "result": {"buckets": found} if kind == "bucket" else found}


def _cloudflare_one(tx: Transaction, _query: dict[str, str], account: str, path: str, name: str) -> Document:
    """Show one thing; a bucket of another jurisdiction is asked for with a header, which nothing here sends."""
    jurisdiction = ["default"] if path == "r2/buckets" else []
    found = cloudflare.get(tx, _CLOUDFLARE_KINDS[path], account, *jurisdiction, name)
    return {"success": True, "errors": [], "result": found}


def _revoke(tx: Transaction, _query: dict[str, str], account: str, identity: str) -> Document:
    cloudflare.delete(tx, "token", account, identity)
    return {"success": True, "errors": [], "result": {"id": identity}}


def _policies(tx: Transaction, _query: dict[str, str], *environment: str) -> Document:
    return {"branch_policies": github.policies(tx, *environment)}


def _variable(tx: Transaction, _query: dict[str, str], *path: str) -> Document:
    found = github.get(tx, "variable", *path)
    return {name: found[name] for name in ("name", "value", "created_at", "updated_at")}


def _neon(tx: Transaction, query: dict[str, str]) -> Document:
    """List the projects whose name or id has the text in it."""
    search, found = query.get("search", ""), tx.list("neon", "project").values()
    return {"projects": [_project(item) for item in found if search in item["name"] or search in item["id"]]}


def _neon_one(tx: Transaction, _query: dict[str, str], identity: str) -> Document:
    return {"project": _project(neon.project(tx, identity))}


def _project(found: Document) -> Document:
    """Return what tells projects apart."""
    return {name: found[name] for name in ("id", "name", "created_at")}


# Cloud, method and path, and what answers.
_ROUTES: tuple[tuple[str, str, Callable[..., Document]], ...] = (
    ("cloudflare", r"GET /client/v4/accounts/(\w+)/(pages/projects|r2/buckets|tokens)", _cloudflare),
    ("cloudflare", r"GET /client/v4/accounts/(\w+)/(pages/projects|r2/buckets|tokens)/([\w-]+)", _cloudflare_one),
    ("cloudflare", r"DELETE /client/v4/accounts/(\w+)/tokens/(\w+)", _revoke),
    ("github", r"GET /repos/([^/]+)/([^/]+)/environments/([^/]+)/deployment-branch-policies", _policies),
    ("github", r"GET /repos/([^/]+)/([^/]+)/(?:actions|environments/([^/]+))/variables/(\w+)", _variable),
    ("neon", r"GET /api/v2/projects", _neon),
    ("neon", r"GET /api/v2/projects/([\w-]+)", _neon_one),
)
