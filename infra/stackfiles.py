"""The project's and the stacks' files as they stand beside the program, read without decrypting anything.

Stacks do not read each other's state, yet some facts must agree between them: the API that previews
use, and that no two stacks manage one project or app. The files are the place where that can be seen.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

_ROOT = Path(__file__).resolve().parent.parent


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
    """
    root = root or (Path.cwd() if (Path.cwd() / "Pulumi.yaml").exists() else _ROOT)
    declared = _load(root / "Pulumi.yaml").get("config") or {}
    defaults = {
        key: value["default"] for key, value in declared.items() if isinstance(value, dict) and "default" in value
    }
    stacks = {}
    for path in sorted(root.glob("Pulumi.*.yaml")):
        config = _load(path).get("config") or {}
        prefix = f"{project}:"
        stacks[path.name.removeprefix("Pulumi.").removesuffix(".yaml")] = {
            key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)
        }
    return StackFiles(defaults, stacks)


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    # The C loader where PyYAML has it: these few lines run in every preview.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {}  # noqa: S506  (a safe loader)
