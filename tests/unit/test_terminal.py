"""Each tool's text fits a terminal of 80 columns, names of 63 letters included."""

from __future__ import annotations

from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from infra import kinds
from infra.checks.findings import Finding
from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from ops.adopt.rows import Row
from ops.adopt.table import render
from ops.doctor import __main__ as bin_doctor
from ops.doctor import machine
from ops.environments.table import row, text
from ops.inventory import Inventory
from ops.strays import report
from ops.strays.lists import Found
from sandbox import show
from sandbox.world import cloudflare, fly, github, neon
from sandbox.world.store import World
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "n" * 63
ACCOUNT = "f" * 32


def adopt() -> str:
    keep = [f"A_RATHER_LONG_SECRET_{number}" for number in range(9)]
    rows = [
        Row(f"Pages project {NAME}", (f"{NAME}, made 2026-01-01 00:00; stack {NAME} has it",)),
        Row(
            f"Fly app {NAME}", (NAME,), {"flyApp": NAME, "keep": keep}, {"pagesVariables.GONE": None}, (NAME, "advice")
        ),
        Row("GitHub variable API_URL", ("x",), {}, {"githubVariables.API_URL": f"https://{NAME}.fly.dev"}),
    ]
    return render(rows, examine_files("dev", read_stack_files(EXAMPLE))[0])


def strays() -> str:
    found = [Found(kinds.BUCKET, f"{ACCOUNT}/{NAME}/default", NAME), Found(kinds.FLY_APP, NAME, NAME, "", 5.0)]
    listed = report.strays(found, Inventory({}, frozenset(), {}), [NAME], datetime.now(UTC))
    return report.render(listed, {f"Pages projects of {ACCOUNT}": f"Cloudflare answered 503 for {NAME}"}, "text")


def doctor() -> str:
    fix = "pulumi config set --path adopt.neonProject YOURS -s production"
    findings = [Finding("wrong", f"Fly app {NAME} is not {'as wanted ' * 9}", f"Do this, or `{fix}`")]
    with redirect_stdout(StringIO()) as printed, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELAY_SANDBOX", "/world")
        patch.setattr(machine, "sandbox", lambda: [*findings, Finding("missing", "a value", fix)])
        bin_doctor.report("sandbox")
    assert printed.getvalue().count(f"bin/sandbox {fix}") == 2
    return printed.getvalue()


def environments() -> str:
    outputs = {"environment": "staging", "flyApp": NAME, "apiUrl": f"https://{NAME}.fly.dev", "neonProject": NAME}
    return text([row("staging", {**outputs, "frontendUrl": f"https://{NAME[:58]}.pages.dev"}), row("dev", None)])


def clouds() -> str:
    with TemporaryDirectory() as folder:
        world = World(Path(folder) / "clouds.sqlite")
        with world.transaction() as tx:
            tx.put("cloudflare", "account", ACCOUNT, {"id": ACCOUNT})
            fly.put_organization(tx, "o", "O")
            fly.put_app(tx, NAME, "o", {NAME: "x"})
            neon.create_project(tx, {"name": NAME})
            cloudflare.create_pages(tx, ACCOUNT, {"name": NAME[:58], "production_branch": "main"})
            cloudflare.create_bucket(tx, ACCOUNT, {"name": NAME})
            tx.put("github", "repository", "o/r", {"id": 1, "name": "r", "owner": "o"})
            github.put_environment(tx, "o", "r", NAME)
            github.put_item(tx, "variable", "o", "r", NAME, NAME, value=f"https://{NAME}.fly.dev")
        with redirect_stdout(StringIO()) as printed:
            show.main(world)
    return printed.getvalue()


@pytest.mark.parametrize("printed", [adopt, strays, doctor, environments, clouds])
def test_it_fits_80_columns_and_loses_nothing_of_a_name_of_63_letters(printed: Callable[[], str]) -> None:
    lines = printed().splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert NAME[:58] in "".join(lines)
