"""The folders that programs are measured in, and the world as it was before the first `up`."""

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
# The peer: the program as it would be written without a thought for the time it takes.
PLAIN = """\
import pulumi
import pulumi_cloudflare
import pulumi_github
from infra.program import main

pulumi.run(main)
"""
_LINKS = ("infra", "sdks", ".venv")


class Places:
    """What the bench makes in a prepared sandbox.

    Attributes:
        floor: Folder of an empty program.
        plain: Folder of the program, written the plain way.
        probe: Folder of the program that tells what it does.
    """

    def __init__(self, sandbox: Path) -> None:
        """Make the folders in a sandbox that no stack is up in yet.

        Args:
            sandbox: The sandbox's folder, in which this process runs.
        """
        self._sandbox = sandbox
        self._mirror = sandbox / "mirror"
        self._bench = sandbox / "bench"
        shutil.rmtree(self._bench, ignore_errors=True)
        self.floor, self.plain, self.probe = (self._bench / name for name in ("floor", "plain", "probe"))
        for folder in (self.floor, self.plain, self.probe):
            folder.mkdir(parents=True)
            for name in _LINKS:
                (folder / name).symlink_to(self._mirror / name)
        for folder in (self.plain, self.probe):
            for path in self._mirror.glob("Pulumi*.yaml"):
                (folder / path.name).symlink_to(path)
        (self.floor / "Pulumi.yaml").write_text(FLOOR, encoding="utf-8")
        (self.floor / "__main__.py").write_text('"""Nothing."""\n', encoding="utf-8")
        (self.plain / "__main__.py").write_text(PLAIN, encoding="utf-8")
        shutil.copy(Path(__file__).with_name("probe.py"), self.probe / "__main__.py")
        _pulumi("-C", str(self.floor), "stack", "init", "main", "--no-select")
        for name in ("state", "clouds.sqlite"):
            _copy(sandbox / name, self._bench / "before" / name)

    def start_over(self) -> None:
        """Put the clouds and the stacks back to what they were before the first `up`."""
        for name in ("state", "clouds.sqlite"):
            _copy(self._bench / "before" / name, self._sandbox / name)

    def with_secrets(self, stack: str, count: int) -> Path:
        """Return a copy of a stack's file that has so many secrets of the team's own."""
        path = self._bench / f"secrets-{count}.yaml"
        shutil.copy(self._mirror / f"Pulumi.{stack}.yaml", path)
        pairs = [part for i in range(count) for part in ("--secret", f"extraSecrets.BENCH_{i}=made-up value {i}")]
        options = ["--path", "--stack", stack, "--config-file", str(path)]
        _pulumi("-C", str(self._mirror), "config", "set-all", *options, *pairs)
        return path

    def flyctl_runs(self) -> list[str]:
        """Return the flyctl commands that were run since the last call of this."""
        world = World(self._sandbox / "clouds.sqlite")
        runs = [operation for _, operation, _ in world.calls("fly")]
        world.forget_calls()
        return runs


def sandbox_folder() -> Path | None:
    """Return the folder of the sandbox this process runs in; None outside of one."""
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
