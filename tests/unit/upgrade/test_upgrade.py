"""`bin/upgrade`: what moves with a pin, and what bad input leaves as it was. uv and Go are told to be others here."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from ops.upgrade import __main__ as upgrade
from ops.upgrade import versions
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Brought along by something pinned, and pinned by nothing.
TRANSITIVE = "urllib3"


class Tools:
    """Stands in for uv and Go: locks what is pinned as it is, and what is not as it was, unless told otherwise."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails = ""

    def run(self, what: str, command: Sequence[str | Path], folder: Path, *_: Any) -> None:
        """Do in the folder what the command would."""
        line = " ".join(map(str, command))
        self.calls.append(line)
        if self.fails and self.fails in line:
            raise upgrade.UpgradeError(f"{what} failed: no such version")
        if " compile " in line:
            pins = versions.pinned((folder / "requirements.txt").read_text())
            pins |= dict(re.findall(r"--upgrade-package=([\w.-]+)==(\S+)", line))
            lock = folder / "requirements.lock"
            text = re.sub(r"\A(# .*\n)+", "", lock.read_text())
            lock.write_text(versions.repinned(text, pins))
        elif (found := re.search(r"pkg/v3/cmd/pulumi@v(\S+)", line)) is not None:
            gomod = folder / "go.mod"
            gomod.write_text(re.sub(r"(?<=pulumi/pkg/v3 v)\S+", found[1], gomod.read_text()))


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    found = Tools()
    monkeypatch.setattr(upgrade, "_run", found.run)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the command reads and writes; but for the SDK's modules, which are for uv alone."""
    left_out = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "*.py")
    for name in upgrade.FILES:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=left_out)
        else:
            shutil.copy(ROOT / name, target)
    return tmp_path


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def changed(root: Path, act: Callable[[], object]) -> set[str]:
    before = contents(root)
    act()
    after = contents(root)
    assert before.keys() == after.keys()
    return {name for name, text in after.items() if text != before[name]}


def test_nothing_to_do_changes_nothing(project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    assert changed(project, lambda: upgrade.main([], project)) == set()
    assert capsys.readouterr().out == "Everything is as the pins say.\n"
    assert not [call for call in tools.calls if "go" in call.split()]


def test_a_pin_moves_with_its_lock_the_table_and_its_stand_in(
    project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    old = versions.pinned((project / "requirements.txt").read_text())["pulumi-random"]
    assert changed(project, lambda: upgrade.main(["pulumi_random=5.0.1"], project)) == {
        "requirements.txt",
        "requirements.lock",
        "docs/upgrades.md",
        "sandbox/providers/random.py",
    }
    line = next(part for part in (project / "requirements.txt").read_text().splitlines() if "pulumi-random" in part)
    was = next(part for part in (ROOT / "requirements.txt").read_text().splitlines() if "pulumi-random" in part)
    assert line.startswith("pulumi-random==5.0.1 ")
    assert (line.index("#"), line.partition("#")[2]) == (was.index("#"), was.partition("#")[2])
    assert 'PACKAGE_VERSION = "5.0.1"' in (project / "sandbox/providers/random.py").read_text()
    assert "| pulumi-random | 5.0.1 |" in (project / "docs/upgrades.md").read_text()
    said = capsys.readouterr().out
    assert f"pulumi-random: {old} → 5.0.1\n" in said
    assert "Next: " in said
    assert changed(project, lambda: upgrade.main(["pulumi_random=5.0.1"], project)) == set()


def test_the_engine_moves_with_the_sdk(project: Path, tools: Tools) -> None:
    assert changed(project, lambda: upgrade.main(["pulumi=3.400.0"], project)) == {
        "requirements.txt",
        "requirements.lock",
        "docs/upgrades.md",
        "setup/engine/go.mod",
        "README.md",
    }
    assert versions.engine(project) == "3.400.0"
    assert "≥ 3.400.0, [flyctl]" in (project / "README.md").read_text()
    assert [call.split()[:3] for call in tools.calls[:2]] == [["go", "get", "-tool"], ["go", "mod", "tidy"]]


def test_flyctl_that_was_moved_by_hand_is_told(project: Path, tools: Tools) -> None:
    path = project / "infra/providers/fly/flyctl.py"
    path.write_text(re.sub(r"(?<=^TESTED_VERSION = ).*", "(0, 5, 1)", path.read_text(), flags=re.MULTILINE))
    assert changed(project, lambda: upgrade.main([], project)) == {"README.md", "docs/upgrades.md"}
    assert "/flyctl/install/) ≥ 0.5.1," in (project / "README.md").read_text()
    assert "| flyctl | ≥ 0.5.1 |" in (project / "docs/upgrades.md").read_text()


def test_readme_asks_for_the_tested_versions() -> None:
    (go,) = [pin.version for pin in versions.pins(ROOT) if pin.what.startswith("Go,")]
    asked = re.findall(r"≥ \d[\d.]*\d", (ROOT / "README.md").read_text())
    assert asked == [f"≥ {versions.engine(ROOT)}", f"≥ {versions.flyctl(ROOT)}", go]


def by_hand(what: str) -> set[str]:
    """Return the files that docs/upgrades.md names for what moves by hand."""
    section = (ROOT / versions.TABLE).read_text().partition("## What moves by hand")[2]
    (paragraph,) = re.findall(rf"^- \*\*{re.escape(what)}\*\*((?:.*\n)(?:  .*\n)*)", section, re.MULTILINE)
    return {name for name in re.findall(r"`([\w./-]+)`", paragraph) if (ROOT / name).is_file()} - {"bin/upgrade"}


def test_the_places_of_neons_version_are_all_named() -> None:
    (version,) = [pin.version.split()[0] for pin in versions.pins(ROOT) if pin.what == "Neon's provider"]
    written = re.compile(rf"kislerdm/neon\W+{re.escape(version)}\b")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    names = [name for name in listed.stdout.split("\0") if name.endswith((".md", ".py", ".txt", ".yaml"))]
    places = {name for name in names if not name.startswith("sdks/") and written.search((ROOT / name).read_text())}
    assert places == by_hand("Neon's provider.")


def test_the_places_of_flyctls_version_are_named() -> None:
    version = versions.flyctl(ROOT)
    places = by_hand("flyctl.") - {"bin/handoff"}
    assert len(places) == 4
    for name in places:
        assert re.search(re.escape(version).replace(r"\.", r"(\.|, )"), (ROOT / name).read_text()), name


def test_what_only_the_locks_name_moves_in_them_alone(project: Path, tools: Tools) -> None:
    assert TRANSITIVE not in versions.pinned((ROOT / "requirements.txt").read_text())
    assert changed(project, lambda: upgrade.main([f"{TRANSITIVE}=9.8.7"], project)) == {
        "requirements.lock",
        "ops/tools/requirements.lock",
    }
    assert versions.pinned((project / "requirements.lock").read_text())[TRANSITIVE] == "9.8.7"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ruff"], "ruff: expected NAME=VERSION"),
        (["ruff=newest"], "ruff=newest: expected NAME=VERSION"),
        (["ruff=1.0; import os"], "expected NAME=VERSION"),
        (["rufff=1.0"], "nothing of that name is pinned or locked; did you mean ruff?"),
        (["pulumi-aws=7.0.0"], "nothing of that name is pinned or locked"),
        (["flyctl=0.5.0"], "flyctl is moved by hand, as docs/upgrades.md tells"),
        (["neon=0.16.0"], "neon is moved by hand"),
        (["ruff=0.1.0", "rufff=1.0"], "rufff=1.0"),
    ],
)
def test_bad_input_changes_nothing(
    arguments: list[str], said: str, project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert changed(project, lambda: upgrade.main(arguments, project)) == set()
    error = capsys.readouterr().err
    assert said in error
    assert error.endswith("Nothing was changed.\n")
    assert tools.calls == []


@pytest.mark.parametrize("fails", ["go get", "go mod", "--upgrade-package=pulumi==3.400.0", "pip compile"])
def test_a_version_that_is_not_to_be_had_changes_nothing(
    fails: str, project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.fails = fails
    assert changed(project, lambda: upgrade.main(["pulumi=3.400.0"], project)) == set()
    assert "no such version\nNothing was changed." in capsys.readouterr().err


def test_a_version_that_the_pins_do_not_take_is_said_to_stay(
    project: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "_run", lambda *_: None)
    with pytest.raises(upgrade.UpgradeError, match=rf"{TRANSITIVE}=9\.8\.7: .* it would stay \d"):
        upgrade.upgrade({TRANSITIVE: "9.8.7"}, project)


def test_a_missing_tool_is_said_with_where_it_comes_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(upgrade.UpgradeError, match=r"Moving the engine: there is no go\. Install it\."):
        upgrade._run("Moving the engine", [tmp_path / "go"], tmp_path, {}, "Install it.")
    with pytest.raises(upgrade.UpgradeError, match=r"Locking failed:\nno such version"):
        upgrade._run("Locking", ["/bin/sh", "-c", "echo no such version >&2; exit 2"], tmp_path, {}, "")
