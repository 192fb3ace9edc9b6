"""Find or build the engine: a CLI that is new enough, or one build."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from setup.engine.locate import dotted, pinned

PINNED = dotted(pinned())
ROOT = Path(__file__).resolve().parents[2]

# Stands in for Go: notes that it was called, and makes the file that is asked for.
_GO = """\
#!/bin/sh
[ "$1" = version ] && {{ echo "go version {version} linux/amd64"; exit; }}
echo "$GOFLAGS $*" >>"{calls}"
while [ "$1" != -o ]; do shift; done
echo half >"$2"
{work}
printf '#!/bin/sh\\n' >"$2"
"""


@dataclass(frozen=True)
class Tree:
    """A copy of the sandbox's code, which has no engine yet, and a PATH with nothing on it."""

    folder: Path

    @property
    def calls(self) -> Path:
        """The file in which the stand-in notes its arguments."""
        return self.folder / "calls"

    @property
    def engine(self) -> Path:
        """The engine's folder."""
        return self.folder / ".sandbox" / "engine"

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def go(self, version: str = "go1.26.6", work: str = "") -> None:
        """Put a Go on PATH."""
        self.program("go", _GO.format(version=version, calls=self.calls, work=work))

    def start(self) -> subprocess.Popen[str]:
        """Start looking for an engine."""
        code = "from setup.engine import build; print(build.ensure())"
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.folder,
            env={"PATH": str(self.folder / "bin")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ensure(self) -> tuple[str, str]:
        """Look for an engine; return its path and the last line of what was said."""
        out, said = self.start().communicate(timeout=60)
        return out.strip(), said.strip().rpartition("\n")[2]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "bin").mkdir()
    shutil.copytree(ROOT / "setup", tmp_path / "setup", ignore=shutil.ignore_patterns("__pycache__"))
    return Tree(tmp_path)


def test_a_new_cli_is_used_and_nothing_is_built(tree: Tree) -> None:
    tree.go()
    tree.program("pulumi", "#!/bin/sh\necho v3.300.1\n")
    assert tree.ensure()[0] == str(tree.folder / "bin" / "pulumi")
    assert not tree.calls.exists()


def test_an_old_cli_is_refused_even_where_go_could_build_one(tree: Tree) -> None:
    tree.go()
    tree.program("pulumi", "#!/bin/sh\necho v3.99.0\n")
    path, said = tree.ensure()
    assert path == ""
    assert "is Pulumi 3.99.0" in said
    assert f"{PINNED} or later" in said
    assert not tree.calls.exists()
    tree.program("pulumi", f"#!/bin/sh\necho v{PINNED} upgraded\n")
    assert tree.ensure()[0] == str(tree.folder / "bin" / "pulumi")


@pytest.mark.parametrize("program", ["#!/bin/sh\necho hello\n", "#!/nowhere\n"])
def test_a_program_that_is_no_cli_is_named(tree: Tree, program: str) -> None:
    tree.program("pulumi", f"#!/bin/sh\necho v{PINNED}\n")
    assert tree.ensure()[0] != ""
    tree.program("pulumi", program)
    path, said = tree.ensure()
    assert path == ""
    assert f"bin/pulumi does not tell its version, but this project needs {PINNED} or later" in said


def test_in_a_checkout_that_cannot_be_written_the_cli_is_used(tree: Tree) -> None:
    """Its version is kept there otherwise."""
    tree.program("pulumi", f"#!/bin/sh\necho v{PINNED}\n")
    (tree.folder / ".sandbox").touch()  # a folder's place that is taken: for root, no folder is read-only
    assert tree.ensure()[0] == str(tree.folder / "bin" / "pulumi")


@pytest.mark.parametrize("go", [None, "go1.22.1"])
def test_without_a_new_go_the_message_names_the_installation(tree: Tree, go: str | None) -> None:
    if go:
        tree.go(version=go)
    path, said = tree.ensure()
    assert path == ""
    assert f"Install the Pulumi CLI {PINNED} or later" in said
    assert "Go 1.26.6 or later" in said


def test_the_engine_is_built_once_from_the_pins_of_go_sum(tree: Tree) -> None:
    tree.go()
    built = str(tree.engine / "pulumi")
    assert [tree.ensure()[0], tree.ensure()[0]] == [built, built]
    (call,) = tree.calls.read_text().splitlines()
    assert call.startswith("-mod=readonly build ")
    assert f"version.Version=v{PINNED}" in call
    for name in ("pulumi-language-python", "pulumi-resource-pulumi-python"):
        assert os.access(tree.engine / name, os.X_OK)


def test_a_failed_build_shows_the_end_of_gos_output(tree: Tree) -> None:
    tree.go(work="echo no space left >&2; exit 1")
    path, said = tree.ensure()
    assert (path, said) == ("", "no space left")
    assert not (tree.engine / "pulumi").exists()


def test_an_interrupted_build_starts_again(tree: Tree) -> None:
    tree.go(work="/bin/sleep 30")
    process = tree.start()
    end = time.monotonic() + 20
    while not tree.calls.exists() and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    assert not (tree.engine / "pulumi").exists()
    tree.go()
    assert tree.ensure()[0] == str(tree.engine / "pulumi")
    assert (tree.engine / "pulumi").read_text() == "#!/bin/sh\n"
    assert not list(tree.engine.glob("build.*/"))
