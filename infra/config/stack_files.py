"""The project's and the stacks' files as they stand beside the program, read without decrypting anything.

Stacks do not read each other's state, yet some facts must agree between them: the API that previews
use, and that no two stacks manage one project or app. The files are the place where that can be seen.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

_ROOT = Path(__file__).resolve().parents[2]


class StackFileError(Exception):
    """A file is not one that Pulumi could use. The message names it, and the line."""


class StackFiles(NamedTuple):
    """Plain configuration by stack, without the project's namespace; a `secure:` value stays a mapping."""

    project: dict[str, Any]
    stacks: dict[str, dict[str, Any]]

    def effective(self, stack: str) -> dict[str, Any]:
        """Return the project's defaults overlaid with the stack's own values."""
        return {**self.project, **self.stacks.get(stack, {})}

    def file_of(self, stack: str, key: str) -> str:
        """Return the file that sets the key for the stack, or the one where it belongs."""
        own = key in self.stacks.get(stack, {})
        return "Pulumi.yaml" if key in self.project and not own else f"Pulumi.{stack}.yaml"


def read_stack_files(project: str, root: Path | None = None) -> StackFiles:
    """Read `Pulumi.yaml` and every `Pulumi.<stack>.yaml`.

    Args:
        project: The project's name, the namespace of its keys.
        root: The folder they stand in. Default: the working directory Pulumi runs the program in,
            or, when that has none, the program's own.

    Returns:
        What the files say. A missing or empty file counts as empty.

    Raises:
        StackFileError: One of them is not readable, or not of keys and values.
    """
    root = root or (Path.cwd() if (Path.cwd() / "Pulumi.yaml").exists() else _ROOT)
    declared = _config(root / "Pulumi.yaml")
    defaults = {key: one["default"] for key, one in declared.items() if isinstance(one, dict) and "default" in one}
    stacks, prefix = {}, f"{project}:"
    for path in sorted(root.glob("Pulumi.*.yaml")):
        own = {key.removeprefix(prefix): value for key, value in _config(path).items() if key.startswith(prefix)}
        stacks[path.name.removeprefix("Pulumi.").removesuffix(".yaml")] = own
    return StackFiles(defaults, stacks)


def _config(path: Path) -> dict[str, Any]:
    config = load(path).get("config") or {}
    if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
        raise StackFileError(f"{path.name}: expected keys and values under `config`")
    return config


def load(path: Path) -> dict[str, Any]:
    """Return what a file says; nothing for one that is missing or empty.

    Raises:
        StackFileError: It is not readable, or not of keys and values.
    """
    # The C loader where PyYAML has it: these few lines run in every preview.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  (a safe loader)
    except FileNotFoundError:
        return {}
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise StackFileError(f"{path.name}{line}: not valid YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StackFileError(f"{path.name} cannot be read: {error}") from None
    if not isinstance(document or {}, dict):
        raise StackFileError(f"{path.name}: expected keys and values at the top")
    return document or {}
