"""Test Fly.io's rules without a command line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sandbox.credentials import FLY_TOKEN
from sandbox.world import fly
from sandbox.world.fly import Fly
from sandbox.world.store import Document, Transaction, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as transaction:
        fly.put_organization(transaction, "acme", "Acme")
    return world


def _login(transaction: Transaction) -> Fly:
    return Fly(transaction, FLY_TOKEN, time.time())


def _status(cloud: Fly, app: str) -> dict[str, str | None]:
    return {name: fly.secret_status(cloud.app(app), secret) for name, secret in cloud.secrets(app).items()}


@pytest.mark.parametrize(
    ("releases", "machines", "expected"),
    [
        ({}, [], "Staged"),
        ({"1": 9}, [None], "Staged"),
        ({"1": 9}, ["1", None], "Deployed"),
        ({"1": 1, "2": 9}, ["1", "2"], "Partial"),
        ({"2": 9}, ["1", "2"], "Partial"),
        ({"1": 1}, ["1"], "Staged"),
        ({"1": 9}, ["1"] * 101, None),
    ],
)
def test_status(releases: dict[str, int], machines: list[str | None], expected: str | None) -> None:
    app: Document = {"releases": releases, "machines": [{"release": release} for release in machines]}
    assert fly.secret_status(app, {"updated": 5}) == expected


def test_digests_tell_values_apart_and_nothing_else(world: World) -> None:
    with world.transaction() as transaction:
        cloud = _login(transaction)
        digests = []
        for app in ("one", "two"):
            cloud.create_app(app, "acme")
            cloud.write_secrets(app, {"A": "same", "B": "same"})
            digests += [secret["digest"] for secret in cloud.secrets(app).values()]
        assert len(set(digests)) == 4
        cloud.write_secrets("one", {"A": "other", "B": "same"})
        changed = [secret["digest"] for secret in cloud.secrets("one").values()]
        assert (changed[0] != digests[0], changed[1] == digests[1]) == (True, True)


def test_secrets_go_with_their_app_and_with_no_other(world: World) -> None:
    with world.transaction() as transaction:
        cloud = _login(transaction)
        for app in ("api", "api-2"):
            cloud.create_app(app, "acme")
            cloud.write_secrets(app, {"A": "1"})
        cloud.destroy_app("api")
        cloud.create_app("api", "acme")
        assert (list(cloud.secrets("api")), list(cloud.secrets("api-2"))) == ([], ["A"])
