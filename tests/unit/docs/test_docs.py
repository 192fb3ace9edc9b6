"""The documents that follow from the code are in step with it, and what they say of it holds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from infra.checks.credentials import CREDENTIALS
from infra.config.keys import Keys
from infra.config.reading import SECRET_KEYS
from ops.docs import __main__ as docs
from ops.docs import configuration as settings_reference
from ops.docs import credentials
from ops.environments import table as environments
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {setting.key: setting for setting in settings_reference.settings()}


@pytest.mark.parametrize("name", docs.WRITTEN)
def test_a_committed_document_is_what_the_code_says(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == docs.WRITTEN[name](), f"{name} is stale: run `bin/docs`"


def test_what_is_stale_is_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "credentials.md").write_text(credentials.render())
    assert docs.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "docs/configuration.md differs from the code. To write it:\n  bin/docs\n"
    assert docs.main([], tmp_path) == 0
    assert docs.main(["--check"], tmp_path) == 0


def test_every_setting_is_there_with_its_group() -> None:
    fields = {str(field.alias) for field in Keys.model_fields.values()}
    assert {key for key in SETTINGS if "." not in key} == fields
    assert {"adopt.keep", "pagesBuild.rootDir", "rotate.oauthKey", "retire.confirmed"} <= SETTINGS.keys()
    assert settings_reference.SECTIONS.keys() <= SETTINGS.keys()


def test_what_is_told_as_secret_is_what_is_typed_as_one() -> None:
    typed = {key for key, setting in SETTINGS.items() if '"format": "password"' in json.dumps(setting.schema)}
    assert typed == SECRET_KEYS | {"apps.NAME.extraSecrets"}


def test_the_costs_are_those_of_the_report() -> None:
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    outputs = {"environment": "x", "apiUrl": "x", "frontendUrl": "x"}
    told = [
        environments.row("x", outputs | more)["Cost a month"].removeprefix("$")
        for more in ({"flyApp": "a", "bucketPublicHost": "b"}, {"flyApp": "a"}, {})
    ]
    assert f"| **in all** | **{told[0]}** | **{told[1]}** | **{told[2]}** | **$10–11**" in text


def test_a_deploy_token_is_minted_with_a_persons_login() -> None:
    """An organization's token would win over the login, may be refused, and leaves the pipe an empty secret."""
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").glob("*.md"), ROOT / "README.md"]
    minting = [
        line
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if "tokens create deploy" in line
    ]
    assert len(minting) == 2
    for line in minting:
        assert line.startswith("env -u FLY_API_TOKEN -u FLY_ACCESS_TOKEN flyctl tokens create deploy ")


def test_what_is_published_of_faults_is_whole() -> None:
    """`make faults` writes the page, where all of it was run: a class that is gone, or a case that failed, shows."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    *rows, total = re.findall(r"^\| (?:\*\*)?([a-z ]+?)(?:\*\*)? \| (\d.*) \|$", text, re.MULTILINE)
    counts = [[int(cell) for cell in cells.split(" | ")] for _, cells in rows]
    assert [int(cell) for cell in total[1].split(" | ")] == [sum(column) for column in zip(*counts, strict=True)]
    assert all([converged, *bad] == [cases, 0, 0, 0] for cases, converged, *bad in counts)
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "faults").glob("test_*.py"))
    assert not [name for name, _ in rows if f"def test_{name.replace(' ', '_')}(" not in source]


@pytest.mark.parametrize("service", CREDENTIALS)
def test_readme_has_each_credential_with_its_least_permissions(service: str) -> None:
    credential, readme = CREDENTIALS[service], (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `{credential.variables[-1]}` \|.*$", readme, re.MULTILINE)
    assert credential.make.removeprefix("at ").removeprefix("with ").strip("`") in row
    for permission in re.findall(r"[A-Z][\w ]+ Write|Read and write", ", ".join(credential.permissions.values())):
        assert permission in row
