"""Give the inputs of an app's secrets, and read the input that flyctl got."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.unit.fly.engine import KEY

if TYPE_CHECKING:
    from tests.unit.fly.standin import StandIn

OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
APP = "relay-api"


def inputs(*, keep: list[str] | None = None, values: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    return {
        "app": APP,
        "values": {"A": "one", "B": "two"} if values is None else values,
        "keep": keep or [],
        "slots": {},
        "digest_key": KEY,
        "adopted": False,
        "rollout": False,
        **changes,
    }


def imported(fly: StandIn) -> bytes:
    """Return the input of the last import."""
    return next(call.stdin for call in reversed(fly.calls) if call.command == "secrets import")
