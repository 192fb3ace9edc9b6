"""Claim the sandbox's folder, and delete the world in it and nothing else."""

import shutil
from pathlib import Path

from setup.errors import SandboxError
from setup.files import write

# The sandbox deletes files only in a folder that has this one.
MARK = ".relay-sandbox"
# A world's files. The sandbox deletes nothing else in its folder: the engine, a lock or another world may lie there.
_MADE = [
    "prepared.json",
    "bin",
    "clouds.sqlite",
    "clouds.sqlite-journal",
    "fly",
    "home",
    "logs",
    "mirror",
    "state",
]
# Set-up, the engine's build, `make bench` and `make mutants` put these into a folder before it has a world.
_BEFORE = {"bench", "engine", "lock", "setup.lock", "setup.log", "tools"}


def clear(folder: Path) -> None:
    """Delete the world alone: the engine, held locks and other worlds stay."""
    for name in _MADE:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def claim(folder: Path) -> None:
    """Mark the folder as the sandbox's own, or refuse it.

    Raises:
        SandboxError: The folder holds files and no mark, or cannot be made.
    """
    mark = folder / MARK
    if mark.is_file():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted({path.name for path in folder.iterdir()} - _BEFORE)
    except OSError as error:
        raise SandboxError(
            f"The sandbox cannot use {folder}: {error.strerror}. Set RELAY_SANDBOX to a writable folder."
        ) from None
    if foreign:
        raise SandboxError(
            f"{folder} is not a sandbox, and it is not empty: it holds {foreign[0]}. Nothing was changed. "
            "Set RELAY_SANDBOX to a new or an empty folder."
        )
    write(mark, "bin/sandbox keeps a world here, and deletes it with --reset.\n")
