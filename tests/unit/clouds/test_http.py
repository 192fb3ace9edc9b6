"""Questions over real HTTP: to the sandbox's services, and to servers that answer as no service should."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from infra.clouds import cloudflare as asked_cloudflare
from infra.clouds import http as cloud_look
from infra.clouds import neon as asked_neon
from infra.clouds.http import CloudError, RefusedError
from sandbox import credentials
from sandbox.http import face
from sandbox.world import cloudflare, neon
from sandbox.world.store import World
from tests.unit.clouds.served import served
from tests.unit.delivery.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

ACCOUNT = "0123456789abcdef0123456789abcdef"
SECRET = "canary-credential"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with an account, which the sandbox serves over HTTP."""
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as tx:
        tx.put("cloudflare", "account", ACCOUNT, {"id": ACCOUNT})
    return served(world, monkeypatch)


@contextmanager
def answering(
    status: int, body: str, headers: dict[str, str] | None = None, *, name: str = "Authorization"
) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer to everything; yield the address and what arrives in one header: the credentials."""
    arrived: list[str] = []

    def heard(found: Message) -> None:
        arrived.append(found.get(name, ""))

    with serving(lambda *_: (status, body.encode()), heard=heard, headers=headers) as address:
        yield address, arrived


@pytest.mark.parametrize("part", ["frontend", "storage"])
def test_a_token_reaches_its_account(world: World, part: str) -> None:
    with world.transaction() as tx:
        cloudflare.create_bucket(tx, ACCOUNT, {"name": "audio"})
    asked_cloudflare.check_access(asked_cloudflare.client(credentials.CLOUDFLARE_TOKEN), ACCOUNT, part)


def test_a_token_for_another_account(world: World) -> None:
    with pytest.raises(RefusedError, match=r"^Cloudflare answered 403 \(10000: Authentication error"):
        asked_cloudflare.check_access(asked_cloudflare.client(credentials.CLOUDFLARE_TOKEN), "f" * 32, "storage")


def test_a_wrong_token(world: World) -> None:
    with pytest.raises(RefusedError, match=r"^Cloudflare answered 401") as caught:
        asked_cloudflare.check_access(asked_cloudflare.client(SECRET), ACCOUNT, "storage")
    assert SECRET not in str(caught.value)


def test_projects_of_exactly_that_name(world: World) -> None:
    with world.transaction() as tx:
        names = ("relay", "relay", "relay-staging", "other")
        ids = [neon.create_project(tx, {"name": name, "org_id": "org-1"})["id"] for name in names]
    assert sorted(asked_neon.project_ids(asked_neon.client(credentials.NEON_KEY), "relay", None)) == sorted(ids[:2])
    assert asked_neon.project_ids(asked_neon.client(credentials.NEON_KEY), "relay-staging", "org-1") == ids[2:3]
    assert asked_neon.project_ids(asked_neon.client(credentials.NEON_KEY), "a b&c=d", None) == []
    calls = [detail["path"] for cloud, operation, detail in world.calls() if (cloud, operation) == ("neon", "GET")]
    assert calls == [
        "/api/v2/projects?search=relay&limit=400",
        "/api/v2/projects?search=relay-staging&org_id=org-1&limit=400",
        "/api/v2/projects?search=a%20b%26c%3Dd&limit=400",
    ]


def test_tokens_of_exactly_that_name_over_several_pages(world: World) -> None:
    with world.transaction() as tx:
        for number in range(120):
            token = {"id": f"{number:032x}", "account_id": ACCOUNT, "name": "audio" if number % 50 == 1 else "audio-1"}
            tx.put("cloudflare", "token", token["id"], token)
        tx.put("cloudflare", "token", "f" * 32, {"id": "f" * 32, "account_id": "e" * 32, "name": "audio"})
    found = asked_cloudflare.token_ids(asked_cloudflare.client(credentials.CLOUDFLARE_TOKEN), ACCOUNT, "audio")
    assert found == [f"{number:032x}" for number in (1, 51, 101)]
    assert [detail["path"].partition("?")[2] for _, _, detail in world.calls()] == [
        f"page={page}&per_page=50" for page in (1, 2, 3)
    ]


def test_the_face_answers_nothing_else(world: World) -> None:
    assert face.answer(world, "/api/v2/projects/relay-1/operations", credentials.NEON_KEY)[0] == 501
    assert face.answer(world, f"/client/v4/accounts/{ACCOUNT}", credentials.CLOUDFLARE_TOKEN)[0] == 501
    buckets = f"/client/v4/accounts/{ACCOUNT}/r2/buckets"
    assert face.answer(world, buckets, credentials.CLOUDFLARE_TOKEN, "DELETE")[0] == 501
    assert world.calls() == []


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "<html>Sign in to the network</html>", "the answer is not JSON"),
        (200, "[]", "not in the documented form"),
        (200, "{}", "not in the documented form"),
        (200, '{"projects": [{"name": "relay"}]}', "not in the documented form"),
        (500, "<html>", r"^Neon answered 500$"),
        # Not the service: its edge, a proxy.
        (403, "error code: 1010", r"^Neon answered 403$"),
        (401, "<html>Sign in to the network</html>", r"^Neon answered 401$"),
        (403, '{"blocked": true}', r"^Neon answered 403$"),
        (400, '{"message": "org_id is required"}', r"^Neon answered 400 \(org_id is required\)$"),
        (429, f'{{"message": "slow down, {SECRET}"}}', r"^Neon answered 429 \(slow down, …\)$"),
        (500, '{"message": "' + "x" * 900 + '"}', r"^Neon answered 500 \(x{200}\)$"),
    ],
)
def test_odd_answers(monkeypatch: pytest.MonkeyPatch, status: int, body: str, message: str) -> None:
    with answering(status, body) as (address, _):
        monkeypatch.setenv("NEON_API_URL", address)
        with pytest.raises(CloudError, match=message) as caught:
            asked_neon.project_ids(asked_neon.client(SECRET), "relay", None)
    assert SECRET not in str(caught.value)


def test_a_request_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200, '{"projects": []}', name="User-Agent") as (address, arrived):
        monkeypatch.setenv("NEON_API_URL", address)
        assert asked_neon.project_ids(asked_neon.client(SECRET), "relay", None) == []
    assert arrived == ["relay-infrastructure"]


def test_a_redirect_takes_no_credential_along(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200, "{}") as (elsewhere, arrived), answering(302, "", {"Location": elsewhere}) as (address, first):
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", address)
        with pytest.raises(CloudError, match=r"^Cloudflare answered 302$"):
            asked_cloudflare.check_access(asked_cloudflare.client(SECRET), ACCOUNT, "storage")
    assert (first, arrived) == ([f"Bearer {SECRET}"], [])


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        monkeypatch.setenv("NEON_API_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(CloudError, match=r"^Neon did not answer \(.*refused"):
            asked_neon.project_ids(asked_neon.client(SECRET), "relay", None)


@pytest.mark.parametrize(
    ("status", "message"), [(200, r"^Neon did not answer \(IncompleteRead"), (500, r"^Neon answered 500$")]
)
def test_an_answer_that_breaks_off(monkeypatch: pytest.MonkeyPatch, status: int, message: str) -> None:
    with answering(status, "{}", {"Content-Length": "9"}) as (address, _):
        monkeypatch.setenv("NEON_API_URL", address)
        with pytest.raises(CloudError, match=message):
            asked_neon.project_ids(asked_neon.client(SECRET), "relay", None)


def test_an_answer_that_is_no_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as asked:
                asked.recv(65536)
                asked.sendall(f"SSH-2.0 {SECRET} {'x' * 300}\r\n".encode())

        thread = Thread(target=answer)
        thread.start()
        monkeypatch.setenv("NEON_API_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(CloudError, match=r"^Neon did not answer \(SSH-2.0 … x{190}\)$"):
            asked_neon.project_ids(asked_neon.client(SECRET), "relay", None)
        thread.join()


def test_an_answer_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_look, "TIMEOUT", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("NEON_API_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(CloudError, match=r"^Neon did not answer \(timed out\)$"):
            asked_neon.project_ids(asked_neon.client(SECRET), "relay", None)


@pytest.mark.parametrize(
    ("address", "credential"),
    [
        ("console.neon.tech", SECRET),
        ("file:///etc", SECRET),
        ("ftp://host", SECRET),
        (f"http://name:{SECRET}@127.0.0.1", "key"),
        ("http://127.0.0.1:1", f"{SECRET}\n"),
    ],
)
def test_what_cannot_be_sent(monkeypatch: pytest.MonkeyPatch, address: str, credential: str) -> None:
    monkeypatch.setenv("NEON_API_URL", address)
    with pytest.raises(CloudError, match=r"^NEON_API_URL, or the credential, is not in a form") as caught:
        asked_neon.project_ids(asked_neon.client(credential), "relay", None)
    assert SECRET not in str(caught.value)
