"""Run commands in a sandbox of a test's own, whose world and files may be changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sandbox.world.store import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
# Generous: a whole `up` takes seconds, but two of them share two cores with whatever else runs.
TIMEOUT = 300
STACKS = ("production", "staging", "dev")
STORAGE_KEYS = ("storageAccessKeyId", "storageSecretAccessKey")


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

    def state_file(self, stack: str) -> Path:
        """Return the file in which the sandbox's backend keeps a stack."""
        return self.folder / "state" / ".pulumi" / "stacks" / "relay" / f"{stack}.json"

    @contextmanager
    def edited_state(self, stack: str) -> Iterator[dict[str, Any]]:
        """Let a stack's stored deployment be changed; `stack import` would drop pending operations."""
        path = self.state_file(stack)
        state = json.loads(path.read_text())
        yield state["checkpoint"]["latest"]
        path.write_text(json.dumps(state))

    def state(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's state as it is stored; with secrets shown, as `pulumi stack export` prints it."""
        if not show_secrets:
            return {"deployment": json.loads(self.state_file(stack).read_text())["checkpoint"]["latest"]}
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


# Pulumi's own language host interrupts the program of an update that ends early: `__main__.py` has this line too.
INTERRUPTIBLE = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n"


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
    """Copy a world to a new folder, and write that place into it: the sandbox takes a second to prepare a moved one."""
    shutil.copytree(original.folder, folder, symlinks=True)
    for path in (folder / "prepared.json", *(folder / "bin").iterdir()):
        path.write_text(path.read_text().replace(str(original.folder), str(folder)))
    return Sandbox(original.project, folder)
