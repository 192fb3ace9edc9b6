"""Sandboxes for tests through the real engine. Without an engine these tests fail; they never skip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.engine.locate import locate
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
# Generous: a whole `up` takes seconds, but two of them share two cores with whatever else runs.
TIMEOUT = 300


@dataclass(frozen=True)
class Sandbox:
    """A world of its own for one project.

    Attributes:
        project: The project's folder: this repository, or a copy whose files a test may change.
        folder: The world's folder.
        environment: Variables of the caller, beside those of the test run.
    """

    project: Path
    folder: Path
    environment: Mapping[str, str]

    @property
    def world(self) -> World:
        """The clouds as they stand."""
        return World(self.folder / "clouds.sqlite")

    def command(self, *command: str) -> dict[str, Any]:
        """Return the arguments with which `subprocess` runs a command in this sandbox."""
        return {
            "args": [self.project / "bin" / "sandbox", *command],
            "cwd": self.project,
            "env": os.environ | self.environment | {"RELAY_SANDBOX": str(self.folder)},
            "stdin": subprocess.DEVNULL,
        }

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in this sandbox; with `check`, fail the test on another exit code than 0."""
        done = subprocess.run(**self.command(*command), capture_output=True, text=True, check=False, timeout=TIMEOUT)
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pulumi`, without colours and questions."""
        return self.run("pulumi", *arguments, "--color", "never", "--non-interactive", check=check)

    def config_set(self, stack: str, key: str, value: str, *, secret: bool = False, path: bool = False) -> None:
        """Set a stack's setting for the life of this sandbox."""
        flags = ["--secret" if secret else "--plaintext", *(["--path"] if path else [])]
        self.pulumi("config", "set", "--stack", stack, *flags, key, value)

    def state(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's state as `pulumi stack export` prints it."""
        flags = ["--show-secrets"] if show_secrets else []
        exported: dict[str, Any] = json.loads(self.pulumi("stack", "export", "--stack", stack, *flags).stdout)
        return exported


def _project(folder: Path, files: Path) -> Path:
    """Make a copy of this repository whose Pulumi files, taken from a folder, may be changed."""
    folder.mkdir()
    for name in ("bin", "sandbox", "infra", "ops", "sdks", ".venv", "__main__.py"):
        (folder / name).symlink_to(ROOT / name)
    for path in files.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Sandbox]:
    """Worlds of the example project, made once for all tests, by whether they are empty: a copy takes no time."""
    assert locate() is not None, "There is no engine: `make engine-tests` sets one up."
    project = _project(tmp_path_factory.mktemp("prepared") / "project", ROOT / "tests" / "example")
    worlds = {}
    for empty in (False, True):
        worlds[empty] = Sandbox(project, tmp_path_factory.mktemp("prepared") / "world", {})
        worlds[empty].run("--reset", *(["--empty"] if empty else []))
    return worlds


def _copy(prepared: Sandbox, folder: Path) -> Sandbox:
    shutil.copytree(prepared.folder, folder, symlinks=True)
    return Sandbox(prepared.project, folder, {})


@pytest.fixture
def sandbox(prepared: dict[bool, Sandbox], tmp_path: Path) -> Sandbox:
    """A sandbox of the example project, with the world that its stack files describe."""
    return _copy(prepared[False], tmp_path / "world")


@pytest.fixture
def empty_sandbox(prepared: dict[bool, Sandbox], tmp_path: Path) -> Sandbox:
    """A sandbox of the example project in which nothing exists yet."""
    return _copy(prepared[True], tmp_path / "empty-world")


@pytest.fixture
def checkout(tmp_path: Path) -> Sandbox:
    """A sandbox for a copy of this repository, in a folder with a space, whose Pulumi files may be changed."""
    project = _project(tmp_path / "a checkout", ROOT)
    return Sandbox(project, project / ".sandbox", {})
