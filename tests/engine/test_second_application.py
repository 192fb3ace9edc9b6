"""Bring up a second application, a Node backend, through the real engine: one file of the program differs."""

from __future__ import annotations

import re
import shutil
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine.clouds import objects, up
from tests.engine.sandboxes import ROOT, STACKS, Sandbox, held, project_copy

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDOFF = """
import pathlib, sys
from ops.handoff.facts import facts
from ops.handoff.files import files
print(files(facts(pathlib.Path(sys.argv[1])))["fly.toml"])
"""
DIFF = Path(__file__).with_name("second_application.diff").read_text(encoding="utf-8")


def hunks() -> Iterator[tuple[str, str]]:
    """Yield the old and the new lines of each change."""
    for line_of_a_change, lines in groupby(DIFF.splitlines(), key=lambda line: not line.startswith("@@")):
        if line_of_a_change:
            every = list(lines)
            yield tuple("".join(f"{line[1:]}\n" for line in every if line[0] == sign) for sign in "-+")  # type: ignore[misc]


def test_a_node_backend_is_one_other_file(tmp_path: Path) -> None:
    project = project_copy(tmp_path / "project", ROOT / "tests" / "example")
    (project / "infra").unlink()
    shutil.copytree(ROOT / "infra", project / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    path = project / "infra" / "application.py"
    text = path.read_text(encoding="utf-8")
    for old, new in hunks():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    sandbox = Sandbox(project, project / ".sandbox")
    sandbox.run("--reset", "--empty")
    with held(sandbox) as opened:
        for stack in STACKS:
            assert up(opened, stack).keys() == {"created"}
        opened.assert_unchanged("staging")
        fly = opened.run(".venv/bin/python", "-c", HANDOFF, str(project)).stdout
        dotenv = opened.pulumi("stack", "output", "dotenv", "--show-secrets", "--stack", "dev").stdout
    secrets = objects(sandbox)["fly secret"]
    names = {
        "CORS_ORIGINS",
        "DATABASE_URL",
        "FRONTEND_URL",
        "S3_ACCESS_KEY_ID",
        "S3_SECRET_ACCESS_KEY",
        "SESSION_SECRET",
    }
    for app in ("tune-api", "tune-api-staging"):
        assert {key.partition("/")[2] for key in secrets if key.startswith(f"{app}/")} == names
        assert secrets[f"{app}/DATABASE_URL"]["value"].startswith("postgresql://")
    assert {"NODE_ENV=development"} < set(dotenv.splitlines())
    for expected in ("internal_port = 3000", "npx prisma migrate deploy", "/healthz", "S3_BUCKET", "S3_PUBLIC_URL"):
        assert expected in fly
    assert not re.search("alembic|ATPROTO|R2_|AWS_", fly)
