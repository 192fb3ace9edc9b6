"""Make one call of a service: record it, inject a test's fault, and do the service's work.

Faults by name (see `World.inject`):
- a status such as "404" or "500", or "down" for 503: the service answers it and does nothing;
- a status with "-after", such as "502-after": the service does its work and answers the status;
- either with a message, such as "422: no such branch": the service's own words;
- "cut": the connection breaks before the request arrives;
- "lost", "timeout", "garbage": the service does its work, and no usable answer arrives;
- "hang", "hang-after": nothing arrives, before or after the effect, until the caller stops. Meanwhile the call log
  has an operation `hang`; a test that removes it turns the call into a timeout.

Reported: the words in which Go, which the real providers are written in, says that no answer came.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import NoReturn, TypeVar

from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction, World

Result = TypeVar("Result")

_NO_ANSWER = {
    "cut": "connection reset by peer",
    "lost": "unexpected EOF",
    "timeout": "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
    "garbage": "invalid character '<' looking for beginning of value",
}
_NO_ANSWER["hang"] = _NO_ANSWER["timeout"]
_NEVER = threading.Event()


def once(
    world: World,
    cloud: str,
    operation: str,
    detail: Document,
    effect: Callable[[Transaction], Result],
    *,
    stopping: threading.Event = _NEVER,
) -> Result:
    """Make a call, logged under its operation with a detail that holds no secret value, and return its effect's result.

    Raises:
        CloudError: The service's refusal. Its status is 0 when no answer arrived.
    """
    world.record(cloud, operation, detail)
    fault, _, said = (world.fault(cloud, operation) or "").partition(": ")
    kind, _, when = fault.partition("-")
    if kind and not (when or kind in {"lost", "timeout", "garbage"}):
        _fail(world, cloud, kind, said, stopping)
    with world.transaction() as tx:
        result = effect(tx)
    if kind:
        _fail(world, cloud, kind, said, stopping)
    return result


def _fail(world: World, cloud: str, kind: str, said: str, stopping: threading.Event) -> NoReturn:
    if kind == "hang":
        world.record(cloud, kind, {})
        while not stopping.wait(0.05) and any(name == kind for _, name, _ in world.calls()):
            pass
    if kind in _NO_ANSWER:
        raise CloudError(0, _NO_ANSWER[kind])
    status = HTTPStatus(503 if kind == "down" else int(kind))
    raise CloudError(status, said or status.phrase, code="injected")
