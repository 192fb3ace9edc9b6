"""Call the JSON APIs of Neon, GitHub and Cloudflare, and repeat a call that failed for a passing reason."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TIMEOUT = 30
"""Seconds that a service has to answer a call."""
PASSING = frozenset({408, 423, 425, 429, 500, 502, 503, 504})
"""Statuses that may pass, so that a call is repeated. Neon answers 423 while another operation runs."""
# Cloudflare's edge turns away a client that calls itself Python-urllib.
AGENT = {"User-Agent": "relay-infrastructure"}

sleep = time.sleep
now = time.monotonic


class ReleaseError(Exception):
    """A step failed. The message gives the reason and the next step.

    Attributes:
        passing: Whether the step may be done all the same, or may succeed at the next try.
    """

    passing = False


class UnknownError(ReleaseError):
    """It is unknown whether a step is done. The message names the command that finds out."""

    passing = True


class CallError(ReleaseError):
    """A service refused a call, or gave no usable answer.

    Attributes:
        status: The HTTP status; 0 if no answer arrived.
        after: Seconds to wait before the next try, as the service demands.
    """

    def __init__(self, message: str, status: int = 0, *, passing: bool = False, after: float = 0) -> None:
        super().__init__(message)
        self.status = status
        self.passing = passing
        self.after = after


class Deadline:
    """A time by which a step must be done.

    Args:
        seconds: Seconds from now.
        pause: Seconds between two checks.
    """

    def __init__(self, seconds: float, pause: float) -> None:
        self.end = now() + seconds
        self.pause = pause

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return now() >= self.end

    def wait(self, at_least: float = 0) -> None:
        """Sleep until the next check, but not past the deadline."""
        sleep(max(0.0, min(max(self.pause, at_least), self.end - now())))

    def repeat(self, call: Callable[[], T]) -> T:
        """Return a call's result. Repeat the call while its failure may pass and time is left.

        Raises:
            CallError: The call failed for good, or time is up.
        """
        while True:
            try:
                return call()
            except CallError as error:
                if not error.passing or self.passed:
                    raise
                self.wait(error.after)


def rerun() -> str:
    """Return the sentence and the command that run the present job again."""
    return f"Run the job again:\ngh run rerun {os.environ.get('GITHUB_RUN_ID', 'RUN')} --failed"


def variable(name: str) -> str:
    """Return a variable of the environment.

    Raises:
        ReleaseError: The variable is missing or empty.
    """
    if not os.environ.get(name):
        raise ReleaseError(f"{name} is not set")
    return os.environ[name]


def call(method: str, url: str, token: str, body: Any = None) -> Any:
    """Call a JSON API once and return its answer.

    Raises:
        CallError: The service refused, did not answer, or did not answer in JSON.
    """
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers | AGENT, method=method)  # noqa: S310  (ours or the runner's)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        _refused(f"{method} {url}", error)
    except ValueError:
        raise CallError(f"{method} {url}: the answer is not JSON", passing=True) from None
    except (OSError, HTTPException) as error:
        raise CallError(f"{method} {url}: {error or type(error).__name__}", passing=True) from None


def _refused(what: str, error: urllib.error.HTTPError) -> NoReturn:
    """Raise a service's refusal. GitHub's rate limit has status 403."""
    said = b""
    with error, suppress(OSError, HTTPException):
        said = error.read(500)
    text = said.decode(errors="replace")
    after = error.headers.get("Retry-After", "")
    passing = error.code in PASSING or (error.code == 403 and ("rate limit" in text.lower() or bool(after)))
    seconds = float(after) if after.isdigit() else 0.0
    raise CallError(f"{what}: HTTP {error.code}: {text}", error.code, passing=passing, after=seconds) from None
