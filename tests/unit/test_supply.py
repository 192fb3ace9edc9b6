"""Nothing unpinned is installed, here or by a workflow: see `bin/upgrade`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from ops.upgrade import pins
from setup import environment as bootstrap
from setup import progress
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Programs that fetch and run what they are asked for by name.
_NAMES = "pip3?|pipx|uvx?|npm|npx|go|curl|wget"
FETCHES = re.compile(rf"(?<![\w-])({_NAMES})(?: -m)? (install|run|get|tool|pip|ci|-\S+|http\S+)[^\n\"]*")
HASHED = "--require-hashes --only-binary :all: -r"


@pytest.mark.parametrize("place", pins.REQUIREMENTS)
def test_every_pin_is_exact_and_locked(place: str) -> None:
    text = (ROOT / place).read_text()
    wanted = pins.pinned(text)
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "sdks/"))]
    assert len(lines) == len(wanted) > 0, "a line that pins no version"
    locked = pins.pinned((ROOT / place).with_suffix(".lock").read_text())
    assert {name: locked.get(name) for name in wanted} == wanted, "run `bin/upgrade`"


def test_pulumi_install_generates_no_sdk() -> None:
    """`packages:` would have it generate sdks/neon again, which fails with the pinned SDK from CLI 3.269.0 on."""
    assert "packages" not in yaml.safe_load((ROOT / "Pulumi.yaml").read_text())


@pytest.mark.parametrize("place", pins.REQUIREMENTS)
def test_every_entry_of_a_lock_has_hashes_and_no_index(place: str) -> None:
    text = (ROOT / place).with_suffix(".lock").read_text()
    entries = re.split(r"^(?=[\w.-]+==)", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    assert entries[0] == ""
    assert len(entries) > 20
    for entry in entries[1:]:
        first, *hashes = entry.rstrip().split(" \\\n")
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; [\w <>=!'.*]+)?", first)
        assert hashes, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line) for line in hashes), first
    assert "//" not in text


def test_set_up_installs_by_hash_and_the_local_sdk_without_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    monkeypatch.setattr(bootstrap, "is_set_up", lambda: False)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "set-up")
    monkeypatch.setattr(progress, "run", lambda _, command, **rest: commands.append(" ".join(map(str, command))))
    bootstrap.environment()
    locked, local = [command for command in commands if " -m venv " not in command]
    assert locked.endswith(f" {HASHED} {ROOT}/requirements.lock")
    assert local.endswith(f" --no-deps --no-index --no-build-isolation {ROOT}/sdks/neon")
    assert "setuptools" in pins.pinned((ROOT / "requirements.lock").read_text())


def test_nothing_else_installs_anything() -> None:
    files = [
        *(ROOT / ".github").rglob("*.yml"),
        *(ROOT / "deploy").glob("*.yml"),
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
    ]
    files += [path for path in (ROOT / "bin").iterdir() if path.is_file()]
    found = {path.name: [match[0] for match in FETCHES.finditer(path.read_text())] for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {
        "audit.yml": [f"pip install {HASHED} ops/tools/requirements.lock"],
        # From go.mod and go.sum beside it.
        "Makefile": ["go tool actionlint ../../.github/workflows/*.yml ../../.handoff/.github/workflows/*.yml"],
    }
