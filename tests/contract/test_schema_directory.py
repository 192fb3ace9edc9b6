"""A directory of schemas that was named is whole, or the tests that read it fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import schemas

if TYPE_CHECKING:
    from pathlib import Path


def test_a_named_directory_is_taken_whatever_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVIDER_SCHEMAS", str(tmp_path / "absent"))
    assert schemas.directory() == tmp_path / "absent"
    monkeypatch.delenv("PROVIDER_SCHEMAS")
    assert schemas.directory() != tmp_path / "absent"


@pytest.mark.parametrize("left_out", ["everything", *schemas.PACKAGES])
def test_a_directory_that_is_not_whole_is_refused(left_out: str, tmp_path: Path) -> None:
    for package in schemas.PACKAGES:
        if left_out != "everything":
            resources = [] if package == left_out else ["x"]
            (tmp_path / f"{package}.json").write_text(json.dumps({"resources": dict.fromkeys(resources)}))
    missing = schemas.PACKAGES[0] if left_out == "everything" else left_out
    with pytest.raises(schemas.SchemasError, match=rf"no {missing}\.json that declares resources"):
        schemas.load(tmp_path)


def test_a_type_that_a_schema_lacks_is_an_error() -> None:
    found: dict[str, dict[str, Any]] = {"neon": {"name": "neon", "version": "0.15.0", "resources": {}, "types": {}}}
    assert schemas.resource(found, "random:index/randomPassword:RandomPassword") is None
    with pytest.raises(schemas.SchemasError, match=r"neon 0\.15\.0 has no resource neon:index/project:Project"):
        schemas.resource(found, "neon:index/project:Project")
