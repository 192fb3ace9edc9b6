"""Stack files that are broken: every stack reads all of them, so each is named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from infra.config.load import ConfigurationError, load_settings
from infra.config.stack_files import StackFileError, read_stack_files
from ops.handoff import __main__ as handoff
from tests.unit.program import EXAMPLE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = [
    (b"config:\n\trelay:tier: x\n", "Pulumi.staging.yaml, line 2: not valid YAML: "),
    (b"- a\n- b\n", "Pulumi.staging.yaml: expected keys and values at the top"),
    (b"config: [a]\n", "Pulumi.staging.yaml: expected keys and values under `config`"),
    (b"config:\n  1: x\n", "Pulumi.staging.yaml: expected keys and values under `config`"),
    (b"\xff\xfe", "Pulumi.staging.yaml cannot be read: "),
    (b"a: \x00", "Pulumi.staging.yaml cannot be read: "),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example project's files."""
    for path in EXAMPLE.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("content", "said"), BROKEN)
def test_a_broken_file_is_named(project: Path, content: bytes, said: str) -> None:
    (project / "Pulumi.staging.yaml").write_bytes(content)
    with pytest.raises(StackFileError) as error:
        read_stack_files(project)
    assert str(error.value).startswith(said)


def test_an_empty_file_sets_nothing(project: Path) -> None:
    (project / "Pulumi.staging.yaml").write_text("")
    (project / "Pulumi.yaml").write_text("name: relay\n")
    assert read_stack_files(project).effective("staging") == {}


def test_the_program_tells_of_another_stacks_file_without_a_traceback(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "Pulumi.staging.yaml").write_text("config: [a]\n")
    monkeypatch.chdir(project)
    with pytest.raises(ConfigurationError, match="Every stack reads all files; nothing was touched"):
        load_settings()


def test_a_project_without_a_name(project: Path) -> None:
    assert read_stack_files(project).name == "relay"
    (project / "Pulumi.yaml").write_text("runtime: python\n")
    with pytest.raises(StackFileError, match=r"There is no Pulumi\.yaml with a `name` in"):
        read_stack_files(project)


def test_the_handoff_names_it_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ops", ".github"):
        (project / name).symlink_to(ROOT / name)
    (project / "Pulumi.staging.yaml").write_text("- a\n")
    assert handoff.main(["--check"], project) == 1
    assert "bin/handoff: Pulumi.staging.yaml: expected keys" in capsys.readouterr().err
    (project / "Pulumi.yaml").unlink()
    assert handoff.main(["--check"], project) == 1
    assert "bin/handoff: There is no Pulumi.yaml" in capsys.readouterr().err
