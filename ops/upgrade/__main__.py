"""`bin/upgrade`: move pinned versions, and rewrite the locks and files that follow from them."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.stacks import ROOT
from ops.upgrade import pins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADER = """\
# Written by bin/upgrade from {source}: its pins and all that they bring along, with hashes.
# Not edited by hand. pip installs it with `--require-hashes --only-binary :all:`, so that nothing unpinned runs.
"""
_GO = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_LOCKS = tuple(name.replace(".txt", ".lock") for name in pins.REQUIREMENTS)
_STAND_INS = {f"pulumi-{name}": f"sandbox/providers/{name}.py" for name in ("cloudflare", "github", "random")}
FILES = (*pins.REQUIREMENTS, *_LOCKS, "setup/engine/go.mod", "setup/engine/go.sum", *_STAND_INS.values(), "README.md")
"""Files that the command writes, by their path in the project."""


class UpgradeError(Exception):
    """A version cannot be moved. The message says which, why, and what to do."""


def upgrade(moves: Mapping[str, str], root: Path, *, transitive: bool = False) -> None:
    """Move pins and write what follows from them.

    Args:
        moves: The versions to move to, by normalized name; `engine` is Pulumi's.
        root: The project's folder.
        transitive: Move locked packages that nothing pins to their newest fitting versions.

    Raises:
        UpgradeError: A version does not exist or does not fit the others, or a tool is missing.
    """
    if "engine" in moves:
        _move_engine(root, moves["engine"])
    for name, path in _STAND_INS.items():
        if name in moves:
            _edit(root / path, r'(?<=^PACKAGE_VERSION = ")[^"]+', moves[name])
    for place in pins.REQUIREMENTS:
        _lock(root / place, moves, transitive=transitive)
    _edit(root / "README.md", r"(?<=/docs/install/\) ≥ )[\d.]*\d", pins.engine(root))
    _edit(root / "README.md", r"(?<=/flyctl/install/\) ≥ )[\d.]*\d", pins.flyctl(root))


def _lock(source: Path, moves: Mapping[str, str], *, transitive: bool) -> None:
    """Repin a requirements file and lock all that it brings along; the rest of the lock stays."""
    source.write_text(pins.repinned(source.read_text(encoding="utf-8"), dict(moves)), encoding="utf-8")
    lock = source.with_suffix(".lock")
    locked = pins.pinned(lock.read_text(encoding="utf-8"))
    forced = [f"--upgrade-package={name}=={version}" for name, version in moves.items() if name in locked]
    options = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-build", "--no-header", "--quiet"]
    options += ["--no-emit-package=pulumi-neon", *forced, *(["--upgrade"] if transitive else [])]
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *options, source.name]
    _run(f"Locking {source.name}", [*command, f"--output-file={lock.name}"], source.parent, os.environ)
    lock.write_text(_HEADER.format(source=source.name) + lock.read_text(encoding="utf-8"), encoding="utf-8")
    found = pins.pinned(lock.read_text(encoding="utf-8"))
    for name in moves.keys() & locked.keys():
        if found.get(name) != moves[name]:
            raise UpgradeError(f"{name}={moves[name]} does not fit the other pins; it would stay {found.get(name)}")


def _move_engine(root: Path, version: str) -> None:
    module = "github.com/pulumi/pulumi"
    commands = (
        ["go", "get", "-tool", f"{module}/pkg/v3/cmd/pulumi@v{version}"],
        ["go", "get", f"{module}/sdk/v3@v{version}"],
        ["go", "mod", "tidy"],
    )
    for command in commands:
        _run("Moving the engine", command, root / "setup/engine", os.environ | _GO)


def _edit(path: Path, pattern: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, text, source, flags=re.MULTILINE), encoding="utf-8")


def _run(what: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    print(f"{what} …", file=sys.stderr)
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UpgradeError(f"{what} needs {command[0]}, which is not installed") from None
    if done.returncode:
        raise UpgradeError(f"{what} failed:\n{(done.stderr or done.stdout).strip()}")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Move the versions, print the files written, and return 1 after undoing everything where that failed."""
    parser = argparse.ArgumentParser(
        prog="bin/upgrade",
        description="Move pinned versions, and rewrite the locks and files that follow from them.",
        epilog="Exit code 0: written; 1: a version does not exist or does not fit, and nothing was changed.",
    )
    parser.add_argument("moves", nargs="*", metavar="NAME=VERSION", help="a pinned or locked package, or `engine`")
    parser.add_argument("--transitive", action="store_true", help="move what only the locks name, too")
    options = parser.parse_args(arguments)
    before = {name: (root / name).read_bytes() for name in FILES}
    known = {name for place in FILES[:4] for name in pins.pinned(before[place].decode())} | {"engine"}
    found = [re.fullmatch(r"([\w.-]+?)={1,2}(\d[\w.]*)", text) for text in options.moves]
    moves = {pins.normalized(match[1]): match[2] for match in found if match}
    if len(moves) < len(options.moves) or not moves.keys() <= known:
        wrong = ", ".join(moves.keys() - known) or "an argument that is not NAME=VERSION"
        parser.error(f"{wrong}: name what requirements.txt or a lock pins, such as pulumi-random=4.21.4")
    try:
        upgrade(moves, root, transitive=options.transitive)
    except BaseException as error:
        for name, content in before.items():
            (root / name).write_bytes(content)
        if not isinstance(error, UpgradeError):
            raise
        print(f"bin/upgrade: {error}\nNothing was changed.", file=sys.stderr)
        return 1
    changed = [name for name in FILES if (root / name).read_bytes() != before[name]]
    print("\n".join(f"wrote {name}" for name in changed) or "Everything is as the pins say.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
