"""Make the folders of the measured programs, and restore the world between rounds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sandbox.world.store import World

FLOOR = """\
name: floor
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
"""
# The same program, written without regard to start-up time.
PLAIN = """\
import pulumi
import pulumi_cloudflare
import pulumi_github
from infra.program import main

pulumi.run(main)
"""


class Places:
    """The folders of the bench in a prepared sandbox.

    Attributes:
        floor: Folder of an empty program.
        plain: Folder of the program, written the plain way.
    """

    def __init__(self, sandbox: Path) -> None:
        """Make the folders in a sandbox in which no stack is up yet."""
        self._sandbox, self._mirror, self._bench = sandbox, sandbox / "mirror", sandbox / "bench"
        shutil.rmtree(self._bench, ignore_errors=True)
        self.floor, self.plain = self._bench / "floor", self._bench / "plain"
        for folder, program in ((self.floor, '"""Nothing."""\n'), (self.plain, PLAIN)):
            folder.mkdir(parents=True)
            (folder / "__main__.py").write_text(program, encoding="utf-8")
            for name in ("infra", "sdks", ".venv"):
                (folder / name).symlink_to(self._mirror / name)
        (self.floor / "Pulumi.yaml").write_text(FLOOR, encoding="utf-8")
        for path in self._mirror.glob("Pulumi*.yaml"):
            (self.plain / path.name).symlink_to(path)
        _pulumi("-C", str(self.floor), "stack", "init", "main", "--no-select")
        for name in ("state", "clouds.sqlite"):
            _copy(sandbox / name, self._bench / "before" / name)

    def start_over(self) -> None:
        """Put the clouds and the stacks back to their state before the first `up`."""
        for name in ("state", "clouds.sqlite"):
            _copy(self._bench / "before" / name, self._sandbox / name)

    def with_secrets(self, stack: str, count: int) -> Path:
        """Return a copy of a stack's file with this number of extra secrets."""
        path = self._bench / f"secrets-{count}.yaml"
        shutil.copy(self._mirror / f"Pulumi.{stack}.yaml", path)
        pairs = [part for i in range(count) for part in ("--secret", f"extraSecrets.BENCH_{i}=made-up value {i}")]
        options = ["--path", "--stack", stack, "--config-file", str(path)]
        _pulumi("-C", str(self._mirror), "config", "set-all", *options, *pairs)
        return path

    def flyctl_runs(self) -> list[str]:
        """Return the flyctl commands that ran since the last call of this method."""
        world = World(self._sandbox / "clouds.sqlite")
        runs = [operation for _, operation, _ in world.calls("fly")]
        world.forget_calls()
        return runs


def sandbox_folder() -> Path | None:
    """Return the folder of the sandbox that this process runs in; None outside of one."""
    folder = os.environ.get("RELAY_SANDBOX")
    return Path(folder) if folder and shutil.which("pulumi") == str(Path(folder, "bin", "pulumi")) else None


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _pulumi(*arguments: str) -> None:
    subprocess.run(["pulumi", *arguments, "--non-interactive"], check=True, capture_output=True)  # noqa: S607
