"""Walk docs/operating.md where something moves: an app, a database, a bucket, the state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.world import fly, neon
from tests.engine.clouds import objects, project_id, put, secrets
from tests.engine.operating import APPLICATION, CLOUD, LOGIN, forget, unchanged, walk
from tests.engine.test_rotation import first_deploy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.sandboxes import Sandbox


def test_the_app_gets_another_name(standing: Sandbox) -> None:
    before = objects(standing)
    with walk(standing, "An app needs another name") as steps:
        key = secrets(standing, "tune-api-staging")["OAUTH_ENCRYPTION_KEY"]
        steps.run("pulumi config set flyApp tune-api-next -s staging")
        steps.run("pulumi up -s staging")
        steps.run(f"{LOGIN}flyctl tokens create deploy -a tune-api-next -n github-staging")
        steps.run("pulumi up -s staging")
        steps.run("pulumi up -s production")
        after = objects(standing)
        assert after["fly app"].keys() == {"tune-api", "tune-api-staging", "tune-api-next"}
        assert after["neon project"] == before["neon project"]
        assert secrets(standing, "tune-api-next")["OAUTH_ENCRYPTION_KEY"] == key
        (pages,) = after["cloudflare pages"].values()
        previews = pages["deployment_configs"]["preview"]["env_vars"]["PUBLIC_API_URL"]
        assert previews["value"] == "https://tune-api-next.fly.dev"
        writes = "writes into this repository; tests/unit/delivery/test_handoff.py::test_a_team_writes_its_own_names"
        steps.elsewhere(writes, "bin/handoff")
        steps.run("flyctl apps destroy tune-api-staging --yes")
        assert objects(standing)["fly app"].keys() == {"tune-api", "tune-api-next"}

        # The page has one name for both; here staging has it, and production gets another.
        other = {"tune-api-next": "tune-api-other"}
        with standing.settings("production") as settings:
            settings["relay:flyApp"] = settings["relay:adopt"]["flyApp"] = "tune-api-other"
        assert "marked for protection" in standing.refused("preview", "production")
        kept = secrets(standing, "tune-api")
        steps.run("flyctl apps create tune-api-next", names={"personal": "tune-works", **other})
        steps.elsewhere(APPLICATION, "flyctl ssh console")
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "LOGFIRE_WRITE_TOKEN")
        copied = {name: kept[name] for name in (*names, "OAUTH_ENCRYPTION_KEY")}
        lines = "".join(f"{name}={value}\n" for name, value in copied.items())
        steps.run("flyctl secrets import --stage -a tune-api-next", given=lines, names=other)
        steps.run("pulumi state delete --force")
        steps.run("pulumi config set flyApp tune-api-next -s production", names=other)
        steps.run("pulumi config set --path adopt.flyApp tune-api-next -s production", names=other)
        planned = steps.run("pulumi preview -s production")
        assert "3 to create" in planned  # with the guard
        assert "to replace" not in planned
        steps.run("pulumi up -s production")
        assert copied.items() <= secrets(standing, "tune-api-other").items()
        assert secrets(standing, "tune-api") == kept
        steps.run("pulumi preview -s production --expect-no-changes")


def test_an_app_moves_to_another_organization(standing: Sandbox) -> None:
    before = objects(standing)
    with walk(standing, "An app moves to another Fly organization") as steps:
        with standing.world.transaction() as tx:
            fly.put_organization(tx, "tune-other", "Other")
        steps.run("pulumi config set flyOrganization", names={"ORGANIZATION": "tune-other"})
        refused = standing.refused("preview", "staging")
        assert "is in organization tune-works, not in the configured tune-other" in refused
        steps.elsewhere(CLOUD, "flyctl apps move")
        put(standing, "fly", "app", "tune-api-staging", organization="tune-other")
        steps.run("pulumi refresh -s staging")
        steps.run("pulumi preview -s staging --expect-no-changes")
    assert objects(standing)["fly secret"] == before["fly secret"]


def test_a_database_moves_to_another_project(standing: Sandbox) -> None:
    first_deploy(standing, "tune-api-staging")
    old = project_id(standing, "tune-staging")
    with walk(standing, "A database moves to another Neon project") as steps:
        steps.run("pulumi config set --path adopt.neonProject OLD", names={"OLD": old})
        assert unchanged(steps.run("pulumi up -s staging"))
        put(standing, "neon", "project", old, name="tune-staging-old")
        with standing.world.transaction() as tx:
            new = neon.create_project(tx, {"name": "tune-staging", "region_id": "aws-eu-central-1"})["id"]
        steps.elsewhere("the stand-ins hold no data", "pg_dump")
        steps.run("pulumi config set --path adopt.neonProject NEW", names={"NEW": new})
        assert f"this stack's database is {old!r}" in standing.refused("preview", "staging")
        steps.run("pulumi config set unprotect true")
        planned = steps.run("pulumi preview -s staging")
        assert re.search(r"-- .*neon-project delete original\[retain\]", planned)
        steps.run("pulumi up -s staging")
        steps.run("flyctl secrets deploy -a tune-api-staging")
        steps.run("pulumi config set unprotect false")
        steps.run("pulumi up -s staging")
        host = objects(standing)["neon project"][new]["endpoint"]["host"]
        assert steps.run("pulumi stack output databaseHost -s staging").strip() == host
        assert f"@{host}/" in secrets(standing, "tune-api-staging")["DATABASE_URL"]
        steps.run("pulumi preview -s staging --expect-no-changes")
    assert objects(standing)["neon project"].keys() >= {old, new}


def test_a_stack_moves_to_another_backend(standing: Sandbox, tmp_path: Path) -> None:
    file = {"state.json": str(tmp_path / "state.json")}
    with walk(standing, "A team needs one place for the state") as steps:
        steps.run("pulumi stack export", names=file)
        steps.elsewhere("a bucket: test_team_backend.py", "export AWS_ACCESS_KEY_ID", "pulumi login 's3://")
        forget(standing)
        steps.run("pulumi stack init staging")
        steps.run("pulumi stack import", names=file)
        steps.run("pulumi preview -s staging --expect-no-changes")
    assert not (tmp_path / "state.json").exists()
