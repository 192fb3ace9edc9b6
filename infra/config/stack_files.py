"""Read the project's and the stacks' files, undecrypted, as they stand beside the program.

Stacks do not read each other's state, yet some facts must agree between them, such as the API that previews use. The
files show those facts. Tools read them for the project's name as well, which Pulumi tells its program alone.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

_ROOT = Path(__file__).resolve().parents[2]


class StackFileError(Exception):
    """Pulumi could not use a file. The message names the file, and the line."""


class StackFiles(NamedTuple):
    """Configuration by stack, without the project's namespace; an encrypted value stays a `secure:` mapping.

    Attributes:
        name: The project's name, the namespace of its keys.
        project: The defaults that Pulumi.yaml gives every stack.
        stacks: The values that each stack's own file sets.
    """

    name: str
    project: dict[str, Any]
    stacks: dict[str, dict[str, Any]]

    def effective(self, stack: str) -> dict[str, Any]:
        """Return the project's defaults overlaid with the stack's own values."""
        return {**self.project, **self.stacks.get(stack, {})}

    def file_of(self, stack: str, key: str) -> str:
        """Return the file that sets the key for the stack, or the one where it belongs."""
        own = key in self.stacks.get(stack, {})
        return "Pulumi.yaml" if key in self.project and not own else f"Pulumi.{stack}.yaml"


def read_stack_files(root: Path | None = None) -> StackFiles:
    """Read `Pulumi.yaml` and every `Pulumi.<stack>.yaml`; an empty stack file sets nothing.

    Args:
        root: The folder of the files. Default: the working directory, in which Pulumi runs the program, or the
            program's own folder where that has no `Pulumi.yaml`.

    Raises:
        StackFileError: A file is not readable, or `Pulumi.yaml` is missing or has no name.
    """
    root = root or (Path.cwd() if (Path.cwd() / "Pulumi.yaml").exists() else _ROOT)
    name = load(root / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise StackFileError(f"There is no Pulumi.yaml with a `name` in {root}")
    declared = _config(root / "Pulumi.yaml")
    defaults = {key: one["default"] for key, one in declared.items() if isinstance(one, dict) and "default" in one}
    stacks, prefix = {}, f"{name}:"
    for path in sorted(root.glob("Pulumi.*.yaml")):
        own = {key.removeprefix(prefix): value for key, value in _config(path).items() if key.startswith(prefix)}
        stacks[path.name.removeprefix("Pulumi.").removesuffix(".yaml")] = own
    return StackFiles(name, defaults, stacks)


def _config(path: Path) -> dict[str, Any]:
    config = load(path).get("config") or {}
    if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
        raise StackFileError(f"{path.name}: expected keys and values under `config`")
    return config


def load(path: Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file; none for a file that is missing or empty.

    Raises:
        StackFileError: The file is not readable, or does not hold keys and values.
    """
    # The C loader where PyYAML has it: every preview runs these lines.
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
