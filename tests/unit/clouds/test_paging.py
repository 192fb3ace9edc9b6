"""Lists that a service answers in pages, read whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.clouds import neon
from infra.clouds.http import Client, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.clouds.http import Request


def answering(answers: dict[str, Any]) -> Callable[[Request], Response]:
    """Return a transport that knows these addresses, and refuses every other."""
    return lambda request: Response(200, json.dumps(answers[request.url]).encode())


def test_neon_names_a_cursor_until_the_list_is_short() -> None:
    address = f"{neon.SERVICE.address}/projects?org_id=org-1&limit=400"
    full = {"projects": [{"id": str(n), "name": "a"} for n in range(400)], "pagination": {"cursor": "c1"}}
    rest = {"projects": [{"id": "400", "name": "b"}], "pagination": {"cursor": "c2"}}
    client = Client(neon.SERVICE, "key", transport=answering({address: full, f"{address}&cursor=c1": rest}))
    assert [project["id"] for project in neon.projects(client, "org-1")] == [str(n) for n in range(401)]
