"""Repeat a call as its real provider does, and word a refusal as it does.

Seen: which answers each provider repeats, and how often (Cloudflare for Terraform 5.22.0, github 6.13.0, Neon 0.15.0).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from sandbox.world.calls import Result
from sandbox.world.errors import CloudError


# Reported: the forms in which each provider shows its service's refusal, whose addresses are cut here.
def _by_neon(error: CloudError) -> str:
    return f"[HTTP Code: {error.status}][Error Code: {error.code}] {error.message}"


def _by_cloudflare(error: CloudError) -> str:
    code = int(error.code) if error.code.isdigit() else error.code
    answer = json.dumps({"success": False, "errors": [{"code": code, "message": error.message}]}, separators=(",", ":"))
    phrase = HTTPStatus(error.status).phrase
    return f'failed to make http request: "https://api.cloudflare.com/…": {error.status} {phrase} {answer}'


def _by_github(error: CloudError) -> str:
    return f"https://api.github.com/…: {error.status} {error.message} []"


@dataclass(frozen=True)
class Service:
    """A provider's habits towards its service.

    Attributes:
        unauthorized: The answer to a wrong credential, and its code.
        retried: Statuses after which the provider repeats the whole call; 0 stands for no answer at all.
        attempts: The highest number of calls.
        wait: Seconds between attempts: the real waits (up to 30 s) scaled down.
        shown: How the provider shows a refusal; without any answer, it shows the network's words alone.
    """

    unauthorized: tuple[str, str] = ("", "")
    retried: frozenset[int] = frozenset()
    attempts: int = 1
    wait: float = 0.01
    shown: Callable[[CloudError], str] = str


# By the world's name for the cloud.
SERVICES = {
    # kislerdm/neon repeats its create function from the start: a project made by the first attempt is orphaned.
    "neon": Service(
        ("supplied credentials do not pass authentication", ""), frozenset({423, 429, 500}), 121, 0.005, _by_neon
    ),
    "cloudflare": Service(
        ("Authentication error", "10000"), frozenset({0, 408, 409, 429, *range(500, 600)}), 11, shown=_by_cloudflare
    ),
    "github": Service(("Bad credentials", ""), frozenset({0, 500, 502, 503, 504}), 4, shown=_by_github),
    "random": Service(),
}


def repeated(service: Service, attempt: Callable[[], Result], stopping: threading.Event) -> Result:
    """Make an attempt at a call as often as the real provider would, until `stopping` is set.

    Raises:
        CloudError: No attempt succeeded; this is the last answer. Its status is 0 when none arrived.
    """
    for _ in range(service.attempts - 1):
        try:
            return attempt()
        except CloudError as error:
            if error.status not in service.retried or stopping.is_set():
                raise
        time.sleep(service.wait)
    return attempt()
