"""Calls of a release's steps on the wire: which failures a repeat may help, and the caller's name."""

from __future__ import annotations

import pytest

from release import calls
from tests.unit.delivery.serving import CUT, HTML, SHORT, serving


def test_a_status_tells_whether_a_repeat_may_help() -> None:
    passing = {}
    refusals = (CUT, HTML, SHORT, 400, 401, 403, 404, 408, 409, 422, 423, 425, 429, 500, 502, 503, 504)
    with serving(lambda _, path, __: (int(path[1:]), {})) as url:
        for status in refusals:
            with pytest.raises(calls.CallError) as refused:
                calls.call("GET", f"{url}/{status}", "token")
            passing[status] = refused.value.passing
    final = [400, 401, 403, 404, 409, 422]
    assert passing == {status: status not in final for status in refusals}


def test_calls_have_a_name_of_their_own() -> None:
    seen: list[str | None] = []
    with serving(lambda *_: (200, {}), heard=lambda found: seen.append(found["User-Agent"])) as url:
        calls.call("GET", url, "token")
    assert seen == ["relay-infrastructure"]
