"""Sandboxes for tests through the real engine. Without an engine these tests fail; they never skip.

What takes long is made once for all workers of a test run, and copied by each test that changes it:

- `sandbox`, `empty_sandbox`: nothing is up yet;
- `standing`, `empty_standing`: the three stacks are up.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.world.store import World
from setup.engine.locate import locate, official

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
# Generous: a whole `up` takes seconds, but two of them share two cores with whatever else runs.
TIMEOUT = 300
STACKS = ("production", "staging", "dev")
STORAGE_KEYS = ("storageAccessKeyId", "storageSecretAccessKey")
Once = Callable[[str, Callable[[Path], None]], Path]
Opened = Callable[["Sandbox"], AbstractContextManager["Sandbox"]]


def pytest_report_header() -> str:
    """Name the engine and its language host: the official host and the sandbox's own behave differently."""
    return (
        f"engine: {locate()}, with {'the official' if official() else 'setup/engine/language_host.py as'} language host"
    )


@dataclass(frozen=True)
class Sandbox:
    """A world of its own for one project.

    Attributes:
        project: The project's folder: this repository, or a copy whose files a test may change.
        folder: The world's folder.
        environment: What a command is run with while the sandbox is held open, see `held`. Without it, each
            command is run by `bin/sandbox` and has stand-ins of its own.
    """

    project: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The clouds as they stand."""
        return World(self.folder / "clouds.sqlite")

    def command(self, *command: str) -> dict[str, Any]:
        """Return the arguments with which `subprocess` runs a command in this sandbox."""
        runner = [] if self.environment else [self.project / "bin" / "sandbox"]
        return {
            "args": [*runner, *command],
            "cwd": self.project,
            "env": self.environment or os.environ | {"RELAY_SANDBOX": str(self.folder)},
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

    def up(self, stack: str, *flags: str) -> str:
        """Bring a stack up and return what `up` printed."""
        return self.pulumi("up", "--stack", stack, "--yes", "--skip-preview", *flags).stdout

    def destroy(self, stack: str) -> None:
        """Destroy a stack."""
        self.pulumi("destroy", "--stack", stack, "--yes", "--skip-preview")

    def refused(self, verb: str, stack: str, *flags: str) -> str:
        """Run a preview, an `up` or a `destroy` that must fail, and return what it printed."""
        confirmed = () if verb == "preview" else ("--yes", "--skip-preview")
        done = self.pulumi(verb, "--stack", stack, *confirmed, *flags, check=False)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def assert_unchanged(self, stack: str) -> None:
        """See that a preview has nothing to do."""
        self.pulumi("preview", "--stack", stack, "--expect-no-changes")

    def config_set(self, stack: str, key: str, value: str, *, secret: bool = False, path: bool = False) -> None:
        """Set a stack's setting for the life of this sandbox."""
        flags = ["--secret" if secret else "--plaintext", *(["--path"] if path else [])]
        self.pulumi("config", "set", "--stack", stack, *flags, key, value)

    @contextmanager
    def settings(self, stack: str) -> Iterator[dict[str, Any]]:
        """Let a stack's plain settings be changed, by their full names, for the life of this sandbox.

        In the sandbox's own file, which `pulumi config set` would write: that takes a command for each of them.
        """
        path = self.folder / "mirror" / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield content["config"]
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def state(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's state as it is stored; with secrets shown, as `pulumi stack export` prints it."""
        if not show_secrets:
            stored = self.folder / "state" / ".pulumi" / "stacks" / "relay" / f"{stack}.json"
            return {"deployment": json.loads(stored.read_text())["checkpoint"]["latest"]}
        exported: dict[str, Any] = json.loads(self.pulumi("stack", "export", "--stack", stack, "--show-secrets").stdout)
        return exported


def project_copy(folder: Path, files: Path) -> Path:
    """Make a copy of this repository whose Pulumi files, taken from a folder, may be changed."""
    folder.mkdir()
    for name in ("bin", "sandbox", "setup", "infra", "ops", "sdks", ".venv", "__main__.py"):
        (folder / name).symlink_to(ROOT / name)
    for path in files.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    return folder


def own_program(sandbox: Sandbox, text: str) -> None:
    """Give a copied world a program of its own, in place of this repository's."""
    path = sandbox.folder / "mirror" / "__main__.py"
    path.unlink()  # a link
    path.write_text(text)


@contextmanager
def held(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Keep one command running in a sandbox: what others need to join it, and to start no stand-ins of their own."""
    command = sandbox.command("sh", "-c", "env -0; echo; cat") | {"stdin": subprocess.PIPE}
    with subprocess.Popen(**command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("\0\n"):
            line = process.stdout.readline()
            assert line, "the sandbox did not open"
            text += line
        environment = dict(pair.split("=", 1) for pair in text[:-2].split("\0"))
        # An engine lives for a second, and has the memory: collecting garbage was a twentieth of what it took.
        yield replace(sandbox, environment=environment | {"GOGC": "off"})


def copied(original: Sandbox, folder: Path) -> Sandbox:
    """Copy a world. The copy is told its place: the sandbox prepares a world that it finds moved, which takes a second.

    Args:
        original: The world's sandbox.
        folder: Where the copy goes; must not exist yet.
    """
    shutil.copytree(original.folder, folder, symlinks=True)
    for path in (folder / "prepared.json", *(folder / "bin").iterdir()):
        path.write_text(path.read_text().replace(str(original.folder), str(folder)))
    return Sandbox(original.project, folder)


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Return what opens a copy of a world, for one test after the other.

    A project's sandbox is opened once, and its folder filled anew for each test: stand-ins keep nothing but in there,
    and starting them would take a fifth of a second each time.
    """
    seats: dict[Path, Sandbox] = {}
    taken: set[Path] = set()
    with ExitStack() as until_the_end:

        @contextmanager
        def open_copy(original: Sandbox) -> Iterator[Sandbox]:
            project = original.project
            assert project not in taken, "one world of a project at a time: open another with `held`"
            if project in seats:
                shutil.rmtree(seats[project].folder)
                copied(original, seats[project].folder)
            else:
                folder = tmp_path_factory.mktemp("opened") / "world"
                seats[project] = until_the_end.enter_context(held(copied(original, folder)))
            taken.add(project)
            try:
                yield seats[project]
            finally:
                taken.remove(project)

        yield open_copy


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Return a function that makes a named folder once, whichever worker asks first, and returns it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, made = shared / f"{name}.once", shared / f"{name}.made"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                made.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def prepared(once: Once) -> dict[bool, Sandbox]:
    """Worlds of the example project, by whether they are empty."""
    assert locate() is not None, "There is no engine: `make engine-tests` sets one up."

    def fill(folder: Path) -> None:
        project = project_copy(folder / "project", ROOT / "tests" / "example")
        with (project / "Pulumi.staging.yaml").open("a") as file:  # so that staging needs no production
            file.writelines(f'  relay:{key}: {{secure: "v1:made:up"}}\n' for key in STORAGE_KEYS)
        Sandbox(project, folder / "False").run("--reset")
        Sandbox(project, folder / "True").run("--reset", "--empty")

    folder = once("prepared", fill)
    return {empty: Sandbox(folder / "project", folder / str(empty)) for empty in (False, True)}


@pytest.fixture(scope="session")
def stood(once: Once, prepared: dict[bool, Sandbox]) -> Callable[[bool], Sandbox]:
    """Return a function that gives the world, empty before or not, in which the three stacks were brought up.

    Beside the world's folder, `<stack>.txt` holds what each `up` said, and `after-<stack>` the clouds as it left them:
    production was the first, staging the last.
    """

    def make(empty: bool) -> Sandbox:
        def fill(folder: Path) -> None:
            with held(copied(prepared[empty], folder / "world")) as sandbox:
                for stack in ("production", "dev", "staging"):
                    (folder / f"{stack}.txt").write_text(sandbox.up(stack))
                    (folder / f"after-{stack}").mkdir()
                    shutil.copy(sandbox.folder / "clouds.sqlite", folder / f"after-{stack}")
            sandbox.world.forget_calls()

        folder = once("standing-empty" if empty else "standing", fill)
        return Sandbox(prepared[empty].project, folder / "world")

    return make


@pytest.fixture
def sandbox(prepared: dict[bool, Sandbox], opened: Opened) -> Iterator[Sandbox]:
    """A sandbox of the example project, with the world that its stack files describe; nothing is up."""
    with opened(prepared[False]) as world:
        yield world


@pytest.fixture
def empty_sandbox(prepared: dict[bool, Sandbox], opened: Opened) -> Iterator[Sandbox]:
    """A sandbox of the example project in which nothing exists yet, and nothing is up."""
    with opened(prepared[True]) as world:
        yield world


@pytest.fixture
def standing(stood: Callable[[bool], Sandbox], opened: Opened) -> Iterator[Sandbox]:
    """A sandbox of the example project in which production, staging and dev are up.

    Production adopted its app, bucket, Pages project and database, dev its database; staging's things were made. No
    stack was changed since, so that an `up` finds nothing to do, and no call to a cloud is on record.
    """
    with opened(stood(False)) as world:
        yield world


@pytest.fixture
def empty_standing(stood: Callable[[bool], Sandbox], opened: Opened) -> Iterator[Sandbox]:
    """As `standing`, with everything made by the stacks: there was nothing to adopt."""
    with opened(stood(True)) as world:
        yield world


@pytest.fixture
def checkout(tmp_path: Path) -> Sandbox:
    """A sandbox for a copy of this repository, in a folder with a space, whose Pulumi files may be changed."""
    project = project_copy(tmp_path / "a checkout", ROOT)
    return Sandbox(project, project / ".sandbox")
