"""Findings of Fly apps: their secrets, their organization, and an app that is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world import fly
from tests.unit.adopt.test_looks import only

if TYPE_CHECKING:
    from tests.unit.adopt.conftest import Asked


def test_an_app_and_all_its_secrets(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        fly.put_secrets(tx, tx.get("fly", "app", "tune-api") or {}, {"BY_HAND": "x"})
    keep = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BY_HAND"]
    keep += ["DATABASE_URL", "LOGFIRE_WRITE_TOKEN", "OAUTH_ENCRYPTION_KEY"]
    row = only(asked.look("production", "backend").rows)
    assert row.adopt == {"flyApp": "tune-api", "keep": keep}
    assert row.notes == ()
    configured = {"adopt": {"flyApp": "tune-api", "keep": ["GONE"]}, "extraSecrets": {"BY_HAND": {"secure": "v1:x"}}}
    row = only(asked.look("production", "backend", configured).rows)
    assert [note.partition(",")[0] for note in row.notes] == ["adopt.keep names GONE", "extraSecrets sets BY_HAND"]


def test_an_app_that_was_made_and_not_used_needs_no_adoption(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        fly.put_app(tx, "tune-api-staging", "tune-works", {}, machines=0)
    row = only(asked.look("staging", "backend").rows)
    assert row.adopt == {}
    assert "takes it over without a setting" in row.notes[0]


def test_an_app_of_another_organization(asked: Asked) -> None:
    with asked.world.transaction() as tx:
        fly.put_organization(tx, "other", "Other")
        fly.put_app(tx, "tune-api-staging", "other", {"A": "x"})
    row = only(asked.look("staging", "backend").rows)
    assert (row.adopt, row.settings) == ({}, {})
    assert "it is in organization other, not in tune-works" in row.notes[0]
    # Where the configured organization is none of the token's, the configuration is wrong.
    row = only(asked.look("staging", "backend", {"flyOrganization": "no-such"}).rows)
    assert row.adopt == {"flyApp": "tune-api-staging", "keep": ["A"]}
    assert row.settings == {"flyOrganization": "other"}
