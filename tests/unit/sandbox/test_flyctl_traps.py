"""Test the stand-in flyctl's surroundings: tokens, configuration directory, log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.credentials import FLY_TOKEN
from tests.unit.sandbox.flyctl_world import failed

if TYPE_CHECKING:
    from tests.unit.sandbox.flyctl_world import FlyctlWorld

NO_TOKEN = "no access token available. Please login with 'flyctl auth login'"


def _mint(flyctl: FlyctlWorld, app: str = "fresh", name: str = "ci") -> str:
    return str(flyctl.json("tokens", "create", "deploy", "-a", app, "-n", name, "-x", "720h")["token"])


def _rows(flyctl: FlyctlWorld, app: str = "fresh") -> list[list[str]]:
    done = flyctl.run("tokens", "list", "-a", app)
    assert done.returncode == 0
    title, header, *rows = [line for line in done.stdout.decode().splitlines() if line]
    assert re.sub(r"\x1b\[\d*m", "", title) == f'Tokens for app "{app}":'
    assert [cell.strip() for cell in header.split("│")] == ["ID", "NAME", "CREATED BY", "EXPIRES AT", "REVOKED AT"]
    return [[cell.strip() for cell in row.split("│")] for row in rows]


@pytest.mark.parametrize(
    ("access", "api", "works"),
    [
        (None, FLY_TOKEN, True),
        (None, f" Bearer {FLY_TOKEN}\n", True),
        (FLY_TOKEN, "wrong", True),
        ("wrong", FLY_TOKEN, False),
        (None, "wrong", False),
    ],
)
def test_which_token_counts(flyctl: FlyctlWorld, access: str | None, api: str, works: bool) -> None:
    done = flyctl.run("orgs", "list", "--json", FLY_ACCESS_TOKEN=access, FLY_API_TOKEN=api)
    assert (done.returncode == 0) == works
    assert works or b"}: server returned a non-200 status code: 401" in done.stderr


@pytest.mark.parametrize(("access", "api"), [("", FLY_TOKEN), (None, None), (None, " ")])
def test_no_token(flyctl: FlyctlWorld, access: str | None, api: str | None) -> None:
    failed(flyctl.run("orgs", "list", "--json", FLY_ACCESS_TOKEN=access, FLY_API_TOKEN=api), NO_TOKEN)


def test_a_login_counts_where_there_is_no_variable(flyctl: FlyctlWorld) -> None:
    login = str(flyctl.executable.parents[1] / "fly")
    wrote = flyctl.run(
        "secrets", "import", "--stage", "-a", "fresh", stdin=b"A=1", FLY_CONFIG_DIR=login, FLY_API_TOKEN=None
    )
    assert wrote.returncode == 0
    # The write leaves the login where it is.
    assert flyctl.run("orgs", "list", "--json", FLY_CONFIG_DIR=login, FLY_API_TOKEN=None).returncode == 0
    failed(flyctl.run("orgs", "list", "--json", FLY_CONFIG_DIR=login, FLY_API_TOKEN=" "), NO_TOKEN)


def test_deploy_token_is_listed_and_revoked(flyctl: FlyctlWorld) -> None:
    assert re.fullmatch(r"FlyV1 fm2_\S{300,},fm2_\S{300,}", _mint(flyctl))
    ((identity, name, creator, expires, revoked),) = _rows(flyctl)
    assert (name, creator, revoked) == ("ci", "sandbox@example.com", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", expires)
    done = flyctl.run("tokens", "revoke", "absent", identity)
    assert (done.returncode, done.stdout.decode()) == (0, f"Revoked {identity}\n1 tokens revoked\n")
    assert done.stderr.startswith(b"failed to revoke token absent: ")
    assert _rows(flyctl)[0][4].endswith("+0000 UTC")


def test_deploy_token_works_for_its_app_and_does_not_mint(flyctl: FlyctlWorld) -> None:
    token = _mint(flyctl)
    assert flyctl.json("status", "-a", "fresh", FLY_API_TOKEN=token)["Name"] == "fresh"
    done = flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=1", FLY_API_TOKEN=token)
    assert done.returncode == 0
    foreign = flyctl.run("status", "--json", "-a", "relay-api", FLY_API_TOKEN=token)
    failed(foreign, 'Could not find App "relay-api"')
    minting = flyctl.run("tokens", "create", "deploy", "-a", "fresh", FLY_API_TOKEN=token)
    failed(minting, "failed creating token: input: Not authorized")
    for argv in (["orgs", "list", "--json"], ["apps", "create", "new", "-o", "acme"]):
        failed(flyctl.run(*argv, FLY_API_TOKEN=token), "Not authorized")


def test_a_dead_deploy_token(flyctl: FlyctlWorld) -> None:
    revoked, expired = _mint(flyctl), _mint(flyctl)
    (first, *_), (second, *_) = _rows(flyctl)
    flyctl.run("tokens", "revoke", first)
    with flyctl.world.transaction() as transaction:
        document = transaction.get("fly", "token", second)
        transaction.put("fly", "token", second, {**(document or {}), "expires": 1})
    argv = ("status", "--json", "-a", "fresh")
    failed(flyctl.run(*argv, FLY_API_TOKEN=revoked), "status code: 401")
    failed(flyctl.run(*argv, FLY_API_TOKEN=expired), "You must be authenticated to view this.")
    failed(flyctl.run(*argv, FLY_API_TOKEN="fm2_unheard"), "You must be authenticated to view this.")
    failed(flyctl.run(*argv, FLY_API_TOKEN=_mint(flyctl)[:-9]), "status code: 401")


def test_a_token_does_not_open_the_next_app_of_that_name(flyctl: FlyctlWorld) -> None:
    token = _mint(flyctl)
    flyctl.run("apps", "destroy", "fresh", "--yes")
    flyctl.run("apps", "create", "fresh", "-o", "acme")
    failed(flyctl.run("status", "--json", "-a", "fresh", FLY_API_TOKEN=token), "Could not find App")
    assert _rows(flyctl) == []


def test_minting_for_a_missing_app_and_for_nothing(flyctl: FlyctlWorld) -> None:
    failed(flyctl.run("tokens", "create", "deploy", "-a", "x"), "failed retrieving app x: failed to run query (")
    failed(flyctl.run("tokens", "create", "deploy"), 'Could not find App ""')
    flyctl.world.inject("fly", "tokens create deploy", "empty")
    assert flyctl.json("tokens", "create", "deploy", "-a", "fresh") == {"token": ""}
    assert _rows(flyctl) == []


def test_a_line_break_in_a_tokens_name_splits_its_row(flyctl: FlyctlWorld) -> None:
    _mint(flyctl, name="two\nlines")
    assert [row[1] for row in _rows(flyctl)] == ["two", "lines"]


def test_the_log_holds_secrets_and_tokens_in_clear(flyctl: FlyctlWorld) -> None:
    flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=hunter2")
    token = _mint(flyctl)
    logs = flyctl.configuration / "logs"
    assert logs.stat().st_mode & 0o777 == 0o700
    text = "".join(path.read_text() for path in logs.glob("flyctl-*.log"))
    assert '"A": "hunter2"' in text
    assert token in text
    assert FLY_TOKEN not in text


@pytest.mark.parametrize("kind", ["file", "link"])
def test_no_log_where_logs_is_no_directory(flyctl: FlyctlWorld, kind: str) -> None:
    flyctl.configuration.mkdir()
    logs = flyctl.configuration / "logs"
    if kind == "file":
        logs.touch()
    else:
        logs.symlink_to("/dev/null")
    assert flyctl.run("secrets", "import", "--stage", "-a", "fresh", stdin=b"A=hunter2").returncode == 0
    assert {path.name for path in flyctl.configuration.iterdir()} == {"logs", "config.yml"}
    assert "hunter2" not in (flyctl.configuration / "config.yml").read_text()
    assert logs.stat().st_size == 0


def test_versions_are_kept_by_app(flyctl: FlyctlWorld) -> None:
    for app in ("relay-api", "fresh", "fresh"):
        flyctl.run("secrets", "import", "--stage", "-a", app, stdin=b"A=1")
    text = (flyctl.configuration / "config.yml").read_text()
    assert text == "app_secrets_minvers:\n    fresh: 2\n    relay-api: 2\n"
