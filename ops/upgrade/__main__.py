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
from setup.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADER = """\
# Written by bin/upgrade from {source}: its pins and all that they bring along, with hashes.
# Not edited by hand. pip installs it with `--require-hashes --only-binary :all:`, so that nothing unpinned runs.
"""
_GO = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_STAND_INS = {f"pulumi-{name}": f"sandbox/providers/{name}.py" for name in ("cloudflare", "github", "random")}
FILES = (
    *pins.REQUIREMENTS,
    *pins.LOCKS,
    "setup/engine/go.mod",
    "setup/engine/go.sum",
    *_STAND_INS.values(),
    "README.md",
)
"""Files that the command writes, by their path in the project."""


def upgrade(moves: Mapping[str, str], root: Path, *, transitive: bool = False) -> None:
    """Move pins, and rewrite the files that follow from them.

    Args:
        moves: The new versions by normalized name; `engine` is Pulumi's.
        root: The project's folder.
        transitive: Whether to also move locked packages that nothing pins, to their newest fitting versions.

    Raises:
        SandboxError: A version does not exist or does not fit the others, or a tool is missing.
    """
    if version := moves.get("engine"):
        tool, sdk = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "github.com/pulumi/pulumi/sdk/v3"
        for words in (f"get -tool {tool}@v{version}", f"get {sdk}@v{version}", "mod tidy"):
            _run("Moving the engine", ["go", *words.split()], root / "setup/engine", os.environ | _GO)
    for name in _STAND_INS.keys() & moves.keys():
        _edit(root / _STAND_INS[name], r'(?<=^PACKAGE_VERSION = ")[^"]+', moves[name])
    for place in pins.REQUIREMENTS:
        _lock(root / place, moves, transitive=transitive)
    _edit(root / "README.md", r"(?<=/docs/install/\) ≥ )[\d.]*\d", pins.engine(root))
    _edit(root / "README.md", r"(?<=/flyctl/install/\) ≥ )[\d.]*\d", pins.flyctl(root))


def _lock(source: Path, moves: Mapping[str, str], *, transitive: bool) -> None:
    """Repin a requirements file, and lock it with its dependencies. Other versions in the lock stay."""
    source.write_text(pins.repinned(source.read_text(encoding="utf-8"), moves), encoding="utf-8")
    lock = source.with_suffix(".lock")
    moved = moves.keys() & pins.pinned(lock.read_text(encoding="utf-8")).keys()
    options = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-build", "--no-header", "--quiet"]
    options += ["--no-emit-package=pulumi-neon", *(["--upgrade"] if transitive else [])]
    options += [f"--upgrade-package={name}=={moves[name]}" for name in moved]
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *options, source.name]
    _run(f"Locking {source.name}", [*command, f"--output-file={lock.name}"], source.parent, os.environ)
    text = _HEADER.format(source=source.name) + lock.read_text(encoding="utf-8")
    lock.write_text(text, encoding="utf-8")
    found = pins.pinned(text)
    for name in moved:
        if found.get(name) != moves[name]:
            raise SandboxError(f"{name}={moves[name]} does not fit the other pins; it would stay {found.get(name)}")


def _edit(path: Path, pattern: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, text, source, flags=re.MULTILINE), encoding="utf-8")


def _run(what: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    print(f"{what} …", file=sys.stderr)
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SandboxError(f"{what} needs {command[0]}, which is not installed") from None
    if done.returncode:
        raise SandboxError(f"{what} failed:\n{(done.stderr or done.stdout).strip()}")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Move the versions, and print the written files. After a failure, restore all files."""
    parser = argparse.ArgumentParser(
        prog="bin/upgrade",
        description="Move pinned versions, and rewrite the locks and files that follow from them.",
        epilog="Exit code 0: written; 1: a version does not exist or does not fit, and nothing was changed.",
    )
    parser.add_argument("moves", nargs="*", metavar="NAME=VERSION", help="a pinned or locked package, or `engine`")
    parser.add_argument("--transitive", action="store_true", help="also move packages that only the locks name")
    options = parser.parse_args(arguments)
    before = {name: (root / name).read_bytes() for name in FILES}
    places = (*pins.REQUIREMENTS, *pins.LOCKS)
    known = {name for place in places for name in pins.pinned(before[place].decode())} | {"engine"}
    moves = {pins.normalized(text.partition("=")[0]): text.partition("=")[2].lstrip("=") for text in options.moves}
    if wrong := [
        name for name, version in moves.items() if name not in known or not re.fullmatch(r"\d[\w.]*", version)
    ]:
        parser.error(f"{', '.join(wrong)}: name a package that is pinned or locked, such as pulumi-random=4.21.4")
    try:
        upgrade(moves, root, transitive=options.transitive)
    except BaseException:
        for name, content in before.items():
            (root / name).write_bytes(content)
        print("Nothing was changed.", file=sys.stderr)
        raise
    changed = [name for name in FILES if (root / name).read_bytes() != before[name]]
    print("\n".join(f"wrote {name}" for name in changed) or "Nothing to write: every file matches the pins.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
