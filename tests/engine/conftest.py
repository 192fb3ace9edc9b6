"""Make sandboxes for tests through the real engine. Without an engine these tests fail; they never skip.

Each world is made once for all workers of a test run, and each test that changes it copies it:

- `sandbox`, `empty_sandbox`: nothing is up yet;
- `standing`, `empty_standing`: the three stacks are up;
- `requested`: a pull request has its environment, too.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from setup.engine.locate import locate, official
from tests.engine.sandboxes import ROOT, STORAGE_KEYS, Sandbox, copied, held, project_copy

if TYPE_CHECKING:
    from collections.abc import Iterator

Once = Callable[[str, Callable[[Path], None]], Path]
Opened = Callable[["Sandbox"], AbstractContextManager["Sandbox"]]
READS_ALONE = {"storageAccessKeyId": "reads-alone-" * 2, "storageSecretAccessKey": "reads-alone-" * 5}
"""Keys of pull requests for the bucket."""


def pytest_report_header() -> str:
    """Name the engine and its language host: the official host and the sandbox's own behave differently."""
    return (
        f"engine: {locate()}, with {'the official' if official() else 'setup/engine/language_host.py as'} language host"
    )


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


@pytest.fixture(scope="session")
def requested_world(once: Once, stood: Callable[[bool], Sandbox]) -> Sandbox:
    """The standing world with an environment of pull request 7; the calls that made it are on record."""

    def fill(folder: Path) -> None:
        with held(copied(stood(False), folder / "world")) as sandbox:
            sandbox.config_set("staging", "extraSecrets.STRIPE_KEY", "sk_test_1", secret=True, path=True)
            pairs = [part for key, value in READS_ALONE.items() for part in ("--secret", f"{key}={value}")]
            sandbox.pulumi("config", "set-all", "--stack", "staging", "--config-file", "Pulumi.pr.yaml", *pairs)
            sandbox.run("bin/pull-request", "up", "7", "--branch", "feature/x")

    return Sandbox(stood(False).project, once("requested", fill) / "world")


@pytest.fixture
def requested(requested_world: Sandbox, opened: Opened) -> Iterator[Sandbox]:
    """A copy of that world."""
    with opened(requested_world) as world:
        yield world


@pytest.fixture
def checkout(tmp_path: Path) -> Sandbox:
    """A sandbox for a copy of this repository, in a folder with a space, whose Pulumi files may be changed."""
    project = project_copy(tmp_path / "a checkout", ROOT)
    return Sandbox(project, project / ".sandbox")
