"""The project's and the stacks' files, for tools: Pulumi tells its program the project's name, and them nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.config.stack_files import StackFileError, StackFiles, load, read_stack_files

if TYPE_CHECKING:
    from pathlib import Path


def project_name(root: Path) -> str:
    """Return the project's name.

    Raises:
        StackFileError: `Pulumi.yaml` is missing, or has none.
    """
    name = load(root / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise StackFileError(f"There is no Pulumi.yaml with a `name` in {root}")
    return name


def stack_files(root: Path) -> StackFiles:
    """Return what the files in a folder say.

    Raises:
        StackFileError: One of them is missing, not readable, or not of keys and values.
    """
    return read_stack_files(project_name(root), root)
