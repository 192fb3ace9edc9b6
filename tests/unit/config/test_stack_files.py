"""A broken stack file is refused by name, because every stack reads all files."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from infra.config.load import ConfigurationError, load_settings
from infra.config.stack_files import StackFileError, read_stack_files
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = [
    (b"config:\n\trelay:tier: x\n", "Pulumi.staging.yaml, line 2: not valid YAML: "),
    (b"- a\n- b\n", "Pulumi.staging.yaml, line 1: expected keys and values"),
    (b"config: [a]\n", "Pulumi.staging.yaml, line 1: expected keys and values under `config`"),
    (b"config:\n  1: x\n", "Pulumi.staging.yaml, line 2: the key is not text; put it in quotes"),
    (b"a: b\n\xff\xfe", "Pulumi.staging.yaml, line 2: a character that YAML does not allow"),
    (b"a: b\nc: \x07\n", "Pulumi.staging.yaml, line 2: a character that YAML does not allow"),
    (b"config:\n  relay:x: 2026-01-01\n", "Pulumi.staging.yaml, line 2: put the date in quotes"),
    (b"config:\n  relay:tier: x\n  relay:tier: y\n", "Pulumi.staging.yaml, line 3: the key relay:tier is there twice"),
    (b"config:\n  relay:adopt:\n    ? [a]\n    : b\n", "Pulumi.staging.yaml, line 3: the key is not text"),
    (b"config:\n  relay:tier: !secret x\n", "Pulumi.staging.yaml, line 2: not valid YAML: could not determine a "),
    (b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "Pulumi.staging.yaml, line 1: write the value out where an alias"),
    (b"a: &a\n  b: *a\n", "Pulumi.staging.yaml, line 1: write the value out where an alias"),
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


def test_keys_are_read_as_the_engine_reads_them(project: Path) -> None:
    (project / "Pulumi.yaml").write_text(
        "name: relay\nconfig:\n  githubOwner: acme\n  relay:bucket: {value: a}\n"
        "  flyRegion: {type: string, default: ams}\n  neonPlan: {type: string}\n  aws:region: eu\n"
    )
    (project / "Pulumi.staging.yaml").write_text(
        "config:\n  tier: staging\n  relay:flyApp: x\n  relay:config:neonProject: y\n  neon:apiKey: z\n"
    )
    found = read_stack_files(project)
    assert found.project == {"githubOwner": "acme", "bucket": "a", "flyRegion": "ams"}
    assert found.stacks["staging"] == {"tier": "staging", "flyApp": "x", "neonProject": "y"}
    assert found.foreign == {"Pulumi.yaml": ["aws:region"], "Pulumi.staging.yaml": ["neon:apiKey"]}


@pytest.mark.parametrize("name", ["Pulumi.q a.yaml", "Pulumi.QA.yaml", "Pulumi.qa_1.yaml"])
def test_a_file_whose_name_is_no_stacks(project: Path, name: str) -> None:
    (project / name).write_text("config: {}\n")
    with pytest.raises(StackFileError, match=f"{name}: a stack's name has"):
        read_stack_files(project)
