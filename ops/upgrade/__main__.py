"""`bin/upgrade`: moves pinned versions, and writes anew what follows from them.

What follows: the locks with their hashes, the engine's go.mod and go.sum, the versions that the stand-ins answer to,
README's oldest CLIs, and the table in docs/upgrades.md. All of it is made in a scratch copy first: what fails changes
nothing here.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ops.stacks import ROOT
from ops.upgrade import versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOCK_HEADER = """\
# Written by bin/upgrade from {source}: it and all that it brings along, with hashes.
# Not edited by hand. pip installs it with `--require-hashes --only-binary :all:`, so that nothing unpinned runs.
"""
_ENGINE = "setup/engine"
_STAND_INS = {f"pulumi-{name}": f"sandbox/providers/{name}.py" for name in ("cloudflare", "github", "random")}
# What may be written.
_WRITTEN = (
    *versions.REQUIREMENTS,
    *(name.replace(".txt", ".lock") for name in versions.REQUIREMENTS),
    *(f"{_ENGINE}/{name}" for name in ("go.mod", "go.sum")),
    *_STAND_INS.values(),
    "README.md",
    versions.TABLE,
)
# What else is read.
_READ = ("bin/setup", "infra/providers/fly/flyctl.py", "sdks/neon", ".github", "ops/tools/go.mod")
FILES = (*_WRITTEN, *_READ)
"""Files and folders that the command works on, by their path in the project."""
_BY_HAND = {"neon", "flyctl", "python", "go"}
_VERSION = re.compile(r"\d[\w.]*")


class UpgradeError(Exception):
    """Nothing was changed. The message says what was wrong with which name, and what to do."""


def wanted(arguments: Sequence[str], root: Path) -> dict[str, str]:
    """Return the versions to move to, by normalized name.

    Args:
        arguments: Each `NAME=VERSION`.
        root: The project's folder.

    Raises:
        UpgradeError: An argument is not of that form, or nothing of that name is pinned or locked.
    """
    known = {name for place in _WRITTEN[:4] for name in versions.pinned((root / place).read_text(encoding="utf-8"))}
    found: dict[str, str] = {}
    for argument in arguments:
        name, _, version = argument.replace("==", "=").partition("=")
        key = versions.normalized(name)
        if key in _BY_HAND:
            raise UpgradeError(f"{argument}: {name} is moved by hand, as {versions.TABLE} tells.")
        if not _VERSION.fullmatch(version):
            raise UpgradeError(f"{argument}: expected NAME=VERSION, such as pulumi-random=4.21.4.")
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "a new package goes into requirements.txt first."
            raise UpgradeError(f"{argument}: nothing of that name is pinned or locked; {hint}")
        found[key] = version
    return found


def upgrade(moves: Mapping[str, str], root: Path = ROOT, *, transitive: bool = False) -> list[str]:
    """Move pins and write what follows from them.

    Args:
        moves: The versions to move to, by normalized name: of a pin, or of a package that only the locks name.
        root: The project's folder.
        transitive: Move everything that is locked and not pinned to the newest version that fits.

    Returns:
        The files that were written, by their path in the project.

    Raises:
        UpgradeError: There is no such version, it does not fit the others, or a tool is missing.
    """
    with tempfile.TemporaryDirectory(prefix="upgrade.") as folder:
        scratch = Path(folder)
        for name in FILES:
            source, target = root / name, scratch / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        if "pulumi" in moves and moves["pulumi"] != versions.engine(scratch):
            _move_engine(scratch, moves["pulumi"])
        for name, path in _STAND_INS.items():
            if name in moves:
                _edit(scratch / path, r'(?<=^PACKAGE_VERSION = ")[^"]+', moves[name])
        for place in versions.REQUIREMENTS:
            _lock(scratch, place, moves, transitive=transitive)
        _edit(scratch / "README.md", r"(?<=/flyctl/install/\) ≥ )[\d.]*\d", versions.flyctl(scratch))
        table = scratch / versions.TABLE
        table.write_text(versions.with_table(table.read_text(encoding="utf-8"), scratch), encoding="utf-8")
        changed = [name for name in _WRITTEN if (scratch / name).read_bytes() != (root / name).read_bytes()]
        for name in changed:
            # Beside its place first: what is there is the old file or the new one.
            fresh = root / f"{name}.new"
            shutil.copyfile(scratch / name, fresh)
            fresh.replace(root / name)
    return changed


def _lock(scratch: Path, place: str, moves: Mapping[str, str], *, transitive: bool) -> None:
    """Repin a requirements file, and lock all that it brings along; what need not move stays as it was."""
    source = scratch / place
    text = source.read_text(encoding="utf-8")
    source.write_text(versions.repinned(text, dict(moves)), encoding="utf-8")
    lock = source.with_suffix(".lock")
    locked = versions.pinned(lock.read_text(encoding="utf-8"))
    forced = [f"--upgrade-package={name}=={version}" for name, version in moves.items() if name in locked]
    options = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-build", "--no-header"]
    options += ["--no-emit-package=pulumi-neon", "--quiet", *forced, *(["--upgrade"] if transitive else [])]
    uv = Path(sys.executable).with_name("uv")
    command: list[str | Path] = [uv, "pip", "compile", *options, source.name, f"--output-file={lock.name}"]
    _run(f"Locking {place}", command, source.parent, os.environ, "bin/setup installs uv.")
    lock.write_text(_LOCK_HEADER.format(source=source.name) + lock.read_text(encoding="utf-8"), encoding="utf-8")
    found = versions.pinned(lock.read_text(encoding="utf-8"))
    for name in moves.keys() & locked.keys():
        if found.get(name) != moves[name]:
            raise UpgradeError(
                f"{name}={moves[name]}: what is pinned does not take it; it would stay {found.get(name)}."
            )


def _move_engine(scratch: Path, version: str) -> None:
    """Have Go write the engine's go.mod and go.sum for another version, and README name it."""
    modules = [f"github.com/pulumi/pulumi/{path}@v{version}" for path in ("pkg/v3/cmd/pulumi", "sdk/v3")]
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    old = versions.engine(scratch)
    hint = "The engine moves with the SDK, and Go writes its go.mod: https://go.dev/dl/."
    for command in (["go", "get", "-tool", *modules], ["go", "mod", "tidy"]):
        _run("Moving the engine", command, scratch / _ENGINE, environment, hint)
    _edit(scratch / "README.md", rf"(?<=≥ ){re.escape(old)}\b", version)


def _edit(path: Path, pattern: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, text, source, flags=re.MULTILINE), encoding="utf-8")


def _run(what: str, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], hint: str) -> None:
    print(f"{what} …", file=sys.stderr)
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UpgradeError(f"{what}: there is no {Path(command[0]).name}. {hint}") from None
    if done.returncode:
        raise UpgradeError(f"{what} failed:\n{(done.stderr or done.stdout).strip()}")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Move what is asked for, tell what moved and what to do next; return 1 where nothing could be done."""
    parser = argparse.ArgumentParser(
        prog="bin/upgrade", description="Move pinned versions; write locks, go.mod and the table of versions anew."
    )
    parser.add_argument("moves", nargs="*", metavar="NAME=VERSION", help="a package, such as pulumi=3.260.0")
    parser.add_argument(
        "--transitive", action="store_true", help="move what is locked and not pinned to its newest version, too"
    )
    options = parser.parse_args(arguments)
    before = _locked(root)
    try:
        changed = upgrade(wanted(options.moves, root), root, transitive=options.transitive)
    except UpgradeError as error:
        print(f"bin/upgrade: {error}\nNothing was changed.", file=sys.stderr)
        return 1
    after = _locked(root)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            print(f"{key}: {before.get(key, 'new')} → {after.get(key, 'gone')}")
    for name in changed:
        print(f"wrote {name}")
    if not changed:
        print("Everything is as the pins say.")
        return 0
    print(
        "Next: read the release notes of what moved; `bin/setup` installs it; `make test` tells whether a stored\n"
        f"state previews unchanged and the contracts hold; then `git diff`, and commit. {versions.TABLE} tells more."
    )
    return 0


def _locked(root: Path) -> dict[str, str]:
    """Return every version in the locks, by name; the checks' own tools after a slash."""
    first, second = (
        versions.pinned((root / name).with_suffix(".lock").read_text(encoding="utf-8"))
        for name in versions.REQUIREMENTS
    )
    return first | {f"tools/{name}": version for name, version in second.items()}


if __name__ == "__main__":
    sys.exit(main())
