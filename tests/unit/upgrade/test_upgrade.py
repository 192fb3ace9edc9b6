"""`bin/upgrade`: what moves with a pin, and that a failure changes nothing. uv and Go are doubles."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from ops.upgrade import __main__ as upgrade
from ops.upgrade import pins
from setup.errors import SandboxError
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# A package that only the locks name.
TRANSITIVE = "urllib3"


class Tools:
    """Stands in for uv, which locks what is pinned, and for Go, which writes the engine's version."""

    def __init__(self) -> None:
        self.fails = ""

    def run(self, what: str, command: Sequence[str], folder: Path, *_: Any) -> None:
        """Do in the folder what the command would; refuse a command it was not told about."""
        line = " ".join(command)
        if self.fails and self.fails in line:
            raise SandboxError(f"{what} failed: no such version")
        if " compile " in line:
            wanted = pins.pinned((folder / "requirements.txt").read_text())
            wanted |= dict(re.findall(r"--upgrade-package=([\w.-]+)==(\S+)", line))
            lock = folder / "requirements.lock"
            text = re.sub(r"\A(# .*\n)+", "", lock.read_text())
            lock.write_text(pins.repinned(text, wanted))
        elif (found := re.search(r"pkg/v3/cmd/pulumi@v(\S+)", line)) is not None:
            gomod = folder / "go.mod"
            gomod.write_text(re.sub(r"(?<=pulumi/pkg/v3 v)\S+", found[1], gomod.read_text()))
        else:
            assert line.startswith(("go get ", "go mod tidy"))


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    found = Tools()
    monkeypatch.setattr(upgrade, "_run", found.run)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (*upgrade.FILES, "infra/providers/fly/runner.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def changed(root: Path, act: Callable[[], object]) -> set[str]:
    before = {name: (root / name).read_bytes() for name in upgrade.FILES}
    act()
    return {name for name, content in before.items() if (root / name).read_bytes() != content}


def test_nothing_to_do_changes_nothing(project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    assert changed(project, lambda: upgrade.main([], project)) == set()
    assert capsys.readouterr().out == "Nothing to write: every file matches the pins.\n"


def test_a_pin_moves_with_its_lock_and_its_stand_in(project: Path, tools: Tools) -> None:
    assert changed(project, lambda: upgrade.main(["pulumi_random=5.0.1"], project)) == {
        "requirements.txt",
        "requirements.lock",
        "sandbox/providers/random.py",
    }
    assert "\npulumi-random==5.0.1 " in (project / "requirements.txt").read_text()
    assert 'PACKAGE_VERSION = "5.0.1"' in (project / "sandbox/providers/random.py").read_text()


def test_the_engine_moves_and_readme_asks_for_it(project: Path, tools: Tools) -> None:
    assert changed(project, lambda: upgrade.main(["engine=3.400.0"], project)) == {"setup/engine/go.mod", "README.md"}
    assert pins.engine(project) == "3.400.0"
    assert "/docs/install/) ≥ 3.400.0" in (project / "README.md").read_text()


def test_readme_asks_for_the_tested_versions() -> None:
    text = (ROOT / "README.md").read_text()
    assert f"/docs/install/) ≥ {pins.engine(ROOT)}" in text
    assert f"/flyctl/install/) ≥ {pins.flyctl(ROOT)}" in text


def test_what_only_the_locks_name_moves_in_them_alone(project: Path, tools: Tools) -> None:
    assert changed(project, lambda: upgrade.main([f"{TRANSITIVE}=9.8.7"], project)) == {
        "requirements.lock",
        "ops/tools/requirements.lock",
    }
    assert pins.pinned((project / "requirements.lock").read_text())[TRANSITIVE] == "9.8.7"


@pytest.mark.parametrize(
    "arguments",
    [["ruff"], ["ruff=newest"], ["ruff=1.0; import os"], ["rufff=1.0"], ["ruff=0.1.0", "pulumi-aws=7.0.0"]],
)
def test_bad_input_changes_nothing(
    arguments: list[str], project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> None:
        with pytest.raises(SystemExit):
            upgrade.main(arguments, project)

    assert changed(project, refused) == set()
    assert "name a package that is pinned or locked" in capsys.readouterr().err


@pytest.mark.parametrize("fails", ["go get", "go mod", "--upgrade-package=ruff==9.9.9", "pip compile"])
def test_a_version_that_cannot_be_had_changes_nothing(fails: str, project: Path, tools: Tools) -> None:
    def failing() -> None:
        with pytest.raises(SandboxError, match="no such version"):
            upgrade.main(["engine=3.400.0", "ruff=9.9.9"], project)

    tools.fails = fails
    assert changed(project, failing) == set()


def test_a_version_that_the_pins_do_not_take_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "_run", lambda *_: None)
    with pytest.raises(SandboxError, match=rf"{TRANSITIVE}=9\.8\.7 .* it would stay \d"):
        upgrade.upgrade({TRANSITIVE: "9.8.7"}, project)


def test_a_missing_or_failing_tool_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"Moving needs .*nowhere, which is not installed"):
        upgrade._run("Moving", [str(tmp_path / "nowhere")], tmp_path, {})
    with pytest.raises(SandboxError, match=r"Locking failed:\nno such version"):
        upgrade._run("Locking", ["/bin/sh", "-c", "echo no such version >&2; exit 2"], tmp_path, {})
