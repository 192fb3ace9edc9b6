"""Stand a strict layer before moto's S3 server: refuse what Cloudflare's R2 refuses, and make one write go wrong.

R2 answers 501 to uploads in chunks with a trailer, and 400 to a wrong checksum and to a deletion of several objects
without one (Cloudflare's documentation of its S3 API; reports against SDKs of 2025). moto accepts all of it.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}
_DIGESTS = {
    "content-md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}


class StrictS3:
    """A server on loopback that passes every accepted request on.

    Attributes:
        address: The server's address.
        writes: The number of writes so far.
        fault: The number of the write that goes wrong, and how: "fails", "cut" or "late".
    """

    def __init__(self, host: str, port: int) -> None:
        """Serve in front of moto's host and port, until `stop`."""
        self.upstream = (host, port)
        self.writes = 0
        self.fault = (0, "")
        self._lock = Lock()
        layer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                layer.serve(self)

            do_GET = do_HEAD = do_POST = do_DELETE = do_PUT  # noqa: N815  (the base class's spelling)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request: refuse it, pass it on, or let the chosen write go wrong."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        how = self._counted() if request.command == "PUT" and request.path.startswith("/state/") else ""
        refused = refusal(request.command, request.path, headers, body) or (
            (503, "SlowDown") if how == "fails" else None
        )
        if refused:
            _answer(request, refused[0], {}, f"<Error><Code>{refused[1]}</Code></Error>".encode())
            return
        upstream = http.client.HTTPConnection(*self.upstream)
        upstream.request(request.command, request.path, body, {n: v for n, v in headers.items() if n not in _HOP})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if how == "cut":
            request.close_connection = True
            return
        if how == "late":
            time.sleep(1)
        _answer(request, answer.status, dict(answer.getheaders()), content)

    def _counted(self) -> str:
        with self._lock:
            self.writes += 1
            number, how = self.fault
            return how if number == self.writes else ""


def refusal(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str] | None:
    """Return the status and code with which R2 refuses a request; None where it accepts it."""
    if "x-amz-trailer" in headers or headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        return 501, "NotImplemented"
    if "transfer-encoding" in headers:
        return 411, "MissingContentLength"
    sent = headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    if sent not in {"UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()}:
        return 400, "XAmzContentSHA256Mismatch"
    return _wrong_checksum(headers, body, needed=method == "POST" and "delete" in path.partition("?")[2])


def _wrong_checksum(headers: Mapping[str, str], body: bytes, *, needed: bool) -> tuple[int, str] | None:
    settings = {"x-amz-checksum-algorithm", "x-amz-checksum-mode"}
    given = {n: v for n, v in headers.items() if n == "content-md5" or ("x-amz-checksum-" in n and n not in settings)}
    if needed and not given:
        return 400, "MissingContentMD5"
    for name, value in given.items():
        if name not in _DIGESTS:
            return 501, "NotImplemented"
        if base64.b64encode(_DIGESTS[name](body)).decode() != value:
            return 400, "BadDigest"
    return None


def _answer(request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], content: bytes) -> None:
    request.send_response(status)
    for name, value in headers.items():
        if name.lower() not in {*_HOP, "server", "date"}:
            request.send_header(name, value)
    length = headers.get("Content-Length", "0") if request.command == "HEAD" else str(len(content))
    request.send_header("Content-Length", length)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)
