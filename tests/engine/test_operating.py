"""Walk docs/operating.md, section by section: every command runs in the sandbox, or the test says why it does not."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import pages
from tests.engine.clouds import objects, project_id, put, secrets
from tests.engine.operating import APPLICATION, LOGIN, SECTIONS, forget, unchanged, walk
from tests.engine.test_rotation import first_deploy

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox


def test_every_section_has_a_walk() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_operating*.py"))
    walked = re.findall(r"^    with walk\(\w+, (['\"])(.+)\1\)", text, re.MULTILINE)
    assert {title for _, title in walked} == {title for title, text in SECTIONS.items() if pages.commands(text)}


def test_a_migration_is_rolled_back(standing: Sandbox) -> None:
    with walk(standing, "A release broke the database") as steps:
        steps.elsewhere(APPLICATION, 'flyctl ssh console -a tune-api -C "uv run alembic downgrade -1"')
        steps.elsewhere(APPLICATION, *["gh workflow run deploy-production.yml --ref v1.2.2"] * 2)
        said = steps.run("export NEON_PROJECT_ID=", then='echo "id: $NEON_PROJECT_ID"')
        assert "id: tall-oak-33334444" in said
        shown = "tests/unit/delivery/test_release.py::test_the_database_is_restored_from_a_point"
        steps.elsewhere(f"the stand-ins restore no branch; {shown}", "NEON_API_KEY=… python3 deploy/release restore")
        steps.elsewhere(APPLICATION, 'flyctl ssh console -a tune-api -C "uv run alembic current"')
        assert "no changes" in steps.run("bin/drift production")


def test_a_new_database_is_empty(empty_sandbox: Sandbox) -> None:
    assert "Database tune-staging is new and empty" in empty_sandbox.up("staging")
    with walk(empty_sandbox, "A new database is empty") as steps:
        steps.elsewhere("the stand-ins hold no data", "pg_dump")
        steps.elsewhere(APPLICATION, "uv run python", "uv run alembic", "gh workflow run", "flyctl ssh console")


def test_a_lock_that_was_left_behind(standing: Sandbox) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock = standing.folder / "state" / ".pulumi" / "locks" / "organization" / "relay" / "staging" / "left.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    held_by = {"pid": ended.pid, "username": "somebody", "hostname": socket.gethostname()}
    lock.write_text(json.dumps(held_by | {"timestamp": "2026-11-24T12:00:00Z"}))
    assert "the stack is currently locked by 1 lock(s)" in standing.refused("up", "staging")
    standing.pulumi("preview", "--stack", "staging")
    with walk(standing, "The stack is locked") as steps:
        assert "Released the lock of an update that has ended" in steps.run("bin/recover staging")
        assert unchanged(steps.run("pulumi up -s staging"))


def test_an_update_that_was_killed(standing: Sandbox) -> None:
    """A kill after the cloud's answer leaves a variable that the state has only as being created."""
    with standing.edited_state("staging") as latest:
        (made,) = [each for each in latest["resources"] if each["urn"].endswith("::variable-FLY_APP")]
        # The guard depends on every resource, so the engine had not made it yet.
        others = [each for each in latest["resources"] if each is not made and each["type"] != "relay:infra:Guard"]
        made = {key: value for key, value in made.items() if key not in ("id", "outputs")}
        latest |= {"resources": others, "pending_operations": [{"resource": made, "type": "creating"}]}
    before = objects(standing)
    with walk(standing, "An update was killed") as steps:
        assert "imported" in steps.run("bin/recover staging")
        steps.run("pulumi up -s staging")
        steps.run("pulumi preview -s staging --expect-no-changes")
    assert objects(standing) == before


def test_an_update_that_failed_and_had_done_its_work(empty_sandbox: Sandbox) -> None:
    empty_sandbox.world.inject("neon", "project.create", "502-after")
    assert "[HTTP Code: 502]" in empty_sandbox.refused("up", "staging")
    made = project_id(empty_sandbox, "tune-staging")
    assert "Another Neon project is called 'tune-staging' already" in empty_sandbox.refused("up", "staging")
    with walk(empty_sandbox, 'An update fails with "already exists"') as steps:
        assert made in steps.run("bin/adopt staging --write")
        steps.run("pulumi up -s staging")
        steps.run("pulumi preview -s staging --expect-no-changes")
    assert project_id(empty_sandbox, "tune-staging") == made


def test_the_state_is_lost(standing: Sandbox, tmp_path: Path) -> None:
    before = objects(standing)
    with walk(standing, "The state is lost") as steps:
        path = standing.state_file("staging")
        path.write_text(path.read_text()[:1000])
        assert "failed to load checkpoint" in standing.refused("preview", "staging")
        within = {"staging.json": str(path)}
        steps.run("mv staging.json", names=within)
        steps.run("cp staging.json.bak", names=within)
        steps.run("bin/recover staging")
        steps.run("pulumi refresh -s staging")
        steps.run("bin/adopt staging --write")
        steps.run("pulumi up -s staging")
        assert objects(standing) == before

        forget(standing)
        steps.run("pulumi stack init staging")
        assert "Another Neon project is called" in standing.refused("up", "staging")
        copies = (standing.folder / "state" / ".pulumi" / "backups" / "relay" / "staging").glob("*.json")
        copy = max(path for path in copies if "fly-secrets" in path.read_text())
        steps.run("python3 -c", names={"COPY": str(copy), "state.json": str(tmp_path / "state.json")})
        steps.run("pulumi stack import -s staging", names={"state.json": str(tmp_path / "state.json")})
        steps.run("pulumi refresh -s staging")
        standing.assert_unchanged("staging")
        assert objects(standing) == before

        forget(standing)
        steps.run("pulumi stack init staging")
        contradicts = "Correct this before `up`: Pulumi.staging.yaml: storageAccessKeyId is set, but adopt.keep keeps"
        assert contradicts in standing.run("bin/adopt", "staging").stdout
        keys = {"storageAccessKeyId": "5a4d5b0c" * 4, "storageSecretAccessKey": "5a4d5b0c" * 8}
        with standing.settings("staging") as settings:
            for key in keys:
                del settings[f"relay:{key}"]
        steps.run("bin/adopt staging --write")
        assert "6 to import" in steps.run("pulumi preview -s staging")
        steps.run("pulumi up -s staging")
        assert objects(standing) == before
        for key, value in keys.items():
            standing.config_set("staging", key, value, secret=True)
        with standing.settings("staging") as settings:
            settings["relay:adopt"]["keep"] = ["OAUTH_ENCRYPTION_KEY"]
        held_before = secrets(standing, "tune-api-staging")
        steps.run("pulumi up -s staging")
        assert secrets(standing, "tune-api-staging") == held_before
        steps.run("pulumi preview -s staging --expect-no-changes")


def test_a_leaked_credential(standing: Sandbox) -> None:
    first_deploy(standing, "tune-api-staging")
    standing.run("flyctl", "secrets", "deploy", "-a", "tune-api-staging")
    with walk(standing, "A credential has leaked") as steps:
        put(standing, "neon", "project", project_id(standing, "tune-staging"), password="npg_Another")
        steps.run("pulumi up --refresh -s staging")
        steps.run("flyctl secrets deploy -a tune-api-staging")
        assert ":npg_Another@" in secrets(standing, "tune-api-staging")["DATABASE_URL"]

        standing.run("flyctl", "tokens", "create", "deploy", "-a", "tune-api-staging", "-n", "leaked")
        assert "leaked" in steps.run("flyctl tokens list -a tune-api-staging")
        (old,) = objects(standing)["fly token"].values()
        steps.run("flyctl tokens revoke ID", names={"ID": old["id"]})
        steps.run(f"{LOGIN}flyctl tokens create deploy -a tune-api-staging")
        steps.run("pulumi up -s staging")
        clouds = objects(standing)
        assert [bool(token["revoked"]) for token in clouds["fly token"].values()] == [True, False]
        (given,) = clouds["github secret"].values()
        assert given["value"].startswith("FlyV1 fm2_")

        steps.run("pulumi config set --secret storageAccessKeyId", given="a" * 32)
        steps.run("pulumi config set --secret storageSecretAccessKey", given="b" * 64)
        steps.run("pulumi up -s staging")
        steps.run("flyctl secrets deploy -a tune-api-staging")
        assert secrets(standing, "tune-api-staging")["AWS_ACCESS_KEY_ID"] == "a" * 32
        assert "* " not in steps.run("flyctl secrets list -a tune-api-staging")

        steps.elsewhere("GitHub's own client, and an environment that no stack provisions", "gh secret set")
        steps.run("pulumi preview -s staging --expect-no-changes")
        # With two lines of input, as the command asks twice.
        change = steps.left.pop(steps.left.index("pulumi stack change-secrets-provider passphrase -s staging"))
        standing.run("sh", "-c", f"printf 'another\\nanother\\n' | {change}")
        preview = "pulumi preview -s staging --expect-no-changes --non-interactive"
        assert standing.run("sh", "-c", preview, check=False).returncode != 0
        standing.run("sh", "-c", f"PULUMI_CONFIG_PASSPHRASE=another {preview}")


def test_pages_variables_are_gone(standing: Sandbox) -> None:
    ((key, pages),) = objects(standing)["cloudflare pages"].items()
    bare = {kind: {**each, "env_vars": {}} for kind, each in pages["deployment_configs"].items()}
    put(standing, "cloudflare", "pages", key, deployment_configs=bare)
    one = {"env_vars": {"ANY": {"type": "plain_text", "value": "x"}}}
    by_hand = {kind: {**each, **one} for kind, each in bare.items()}
    put(standing, "cloudflare", "pages", key, deployment_configs=by_hand)
    with walk(standing, "Pages variables are gone") as steps:
        said = steps.run("bin/drift production", check=False)
        for kind in ("preview", "production"):
            assert f"deploymentConfigs.{kind}.envVars.PUBLIC_API_URL" in said
        steps.run("pulumi up --refresh -s production")
        assert objects(standing)["cloudflare pages"][key] == pages
        assert "no changes" in steps.run("bin/drift production")


def test_a_failed_update_is_run_again(standing: Sandbox) -> None:
    standing.config_set("staging", "logfireToken", "pylf_v1_us_another", secret=True)
    standing.world.inject("fly", "secrets import", "exit1", times=2)
    assert "errored" in standing.refused("up", "staging")
    with walk(standing, "A deployment failed") as steps:
        steps.elsewhere(APPLICATION, "gh workflow run deploy-production.yml")
        steps.run("pulumi up -s staging")
        steps.elsewhere("a run on GitHub", "gh workflow run deploy-infrastructure.yml")
        steps.run("pulumi preview -s staging --expect-no-changes")
    assert secrets(standing, "tune-api-staging")["LOGFIRE_WRITE_TOKEN"] == "pylf_v1_us_another"


def test_a_change_by_hand_is_put_back_or_kept(standing: Sandbox) -> None:
    with walk(standing, "Something was changed by hand") as steps:
        put(standing, "neon", "project", project_id(standing, "tune"), name="by hand")
        assert "by hand" in steps.run("bin/drift production", check=False)
        steps.run("pulumi up --refresh -s production")
        steps.run("pulumi refresh -s production")
        assert "no changes" in steps.run("bin/drift production")
        ((key, bucket),) = objects(standing)["cloudflare bucket"].items()
        put(standing, "cloudflare", "bucket", key, managed_domain={**bucket["managed_domain"], "enabled": False})
        listed = steps.run("pulumi stack -s production --show-urns")
        (urn,) = re.findall(r"urn:\S+::bucket-public-domain", listed)
        steps.run("pulumi state delete --force", names={"URN": urn})
        steps.run("pulumi up -s production")
        assert objects(standing)["cloudflare bucket"][key] == bucket


def test_the_oauth_key_is_rotated(empty_standing: Sandbox) -> None:
    first_deploy(empty_standing)
    old = secrets(empty_standing, "tune-api")["OAUTH_ENCRYPTION_KEY"]
    with walk(empty_standing, "The OAuth key") as steps:
        for command in list(steps.left):
            said = steps.run(command)
        assert "* " not in said
    assert secrets(empty_standing, "tune-api")["OAUTH_ENCRYPTION_KEY"] != old


def test_the_buckets_token_is_rotated(empty_standing: Sandbox) -> None:
    for app in ("tune-api", "tune-api-staging"):
        first_deploy(empty_standing, app)
    with walk(empty_standing, "The bucket's token") as steps:
        (old,) = objects(empty_standing)["cloudflare token"]
        for command in list(steps.left):
            steps.run(command)
        (new,) = objects(empty_standing)["cloudflare token"]
    assert new != old
    for app in ("tune-api", "tune-api-staging"):
        assert secrets(empty_standing, app)["AWS_ACCESS_KEY_ID"] in new


def test_the_deploy_token_is_rotated(empty_standing: Sandbox) -> None:
    with empty_standing.settings("production") as settings:
        settings["relay:mintDeployToken"] = True
    empty_standing.up("production")
    with walk(empty_standing, "The deploy token") as steps:
        for command in list(steps.left):
            steps.run(command)
    assert [bool(token["revoked"]) for token in objects(empty_standing)["fly token"].values()] == [True, False]
