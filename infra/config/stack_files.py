"""Read Pulumi.yaml and the stack files, without decrypting them.

Stacks do not read each other's state, yet some facts must agree between them, such as the API that previews use. The
files show those facts. Tools read the project's name here, which Pulumi passes only to its program.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from infra.config.validators import STACK_NAME, STACK_NAME_RULE
from infra.errors import UserError

_ROOT = Path(__file__).resolve().parents[2]
_STRING, _DATE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"
OWNERS = {"bucketPublicHost": "bucket", "pagesHost": "pagesProject"}
"""Keys of hosts, each with the key of the bucket or project that has the host."""


class StackFileError(UserError):
    """Report a file that Pulumi could not use. The message names the file, and the line."""


TEMPLATE = "pr"
"""The name in `Pulumi.pr.yaml`, the template of each pull request's stack."""

PULL_REQUEST = rf"{TEMPLATE}-([1-9]\d*)"
"""The names of pull requests' stacks: `pr-7`. None has a file of its own."""


class StackFiles(NamedTuple):
    """Configuration by stack, without the project's namespace; an encrypted value stays a `secure:` mapping.

    Attributes:
        name: The project's name, the namespace of its keys.
        project: The values that Pulumi.yaml gives every stack.
        stacks: The values that each stack's own file sets.
        foreign: The keys of another namespace, by file.
        template: The values of `Pulumi.pr.yaml`.
    """

    name: str
    project: dict[str, Any]
    stacks: dict[str, dict[str, Any]]
    foreign: dict[str, list[str]]
    template: dict[str, Any]

    def effective(self, stack: str) -> dict[str, Any]:
        """Return the project's values overlaid with the stack's own.

        A stack with a bucket or Pages project of its own does not inherit the shared host.
        """
        own = self.stacks.get(stack, {})
        others = {host for host, owner in OWNERS.items() if own.get(owner) not in (None, self.project.get(owner))}
        return {key: value for key, value in self.project.items() if key not in others} | own

    def file_of(self, stack: str, key: str) -> str:
        """Return the file that sets the key for the stack, or the file where it belongs."""
        own = key in self.stacks.get(stack, {})
        file = TEMPLATE if re.fullmatch(PULL_REQUEST, stack) else stack
        return "Pulumi.yaml" if key in self.project and not own else f"Pulumi.{file}.yaml"


def read_stack_files(root: Path | None = None) -> StackFiles:
    """Read `Pulumi.yaml` and every `Pulumi.<stack>.yaml` as the engine does.

    A key without a namespace has the project's (Pulumi's sdk/go/common/workspace, loaders.go and project.go). Values
    of a Pulumi ESC environment are in no file.

    Args:
        root: The folder of the files. Default: the working directory, in which Pulumi runs the program. If it has no
            `Pulumi.yaml`: the program's own folder.

    Raises:
        StackFileError: A file is not readable, `Pulumi.yaml` is missing or has no name, or a file's name holds an
            invalid stack name.
    """
    root = root or (Path.cwd() if (Path.cwd() / "Pulumi.yaml").exists() else _ROOT)
    project = load(root / "Pulumi.yaml")
    name = project.get("name")
    if not isinstance(name, str):
        raise StackFileError(f"There is no Pulumi.yaml with a `name` in {root}")
    foreign: dict[str, list[str]] = {}
    declared = _config(root / "Pulumi.yaml", project, name, foreign)
    values = {key: _project_value(value) for key, value in declared.items()}
    stacks: dict[str, dict[str, Any]] = {}
    for path in sorted(root.glob("Pulumi.*.yaml")):
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if not re.fullmatch(STACK_NAME, stack):
            raise StackFileError(f"{path.name}: {STACK_NAME_RULE}")
        stacks[stack] = _config(path, load(path), name, foreign)
    template = stacks.pop(TEMPLATE, {})
    ours = {stack: config for stack, config in stacks.items() if not re.fullmatch(PULL_REQUEST, stack)}
    project_values = {key: value for key, value in values.items() if value is not None}
    return StackFiles(name, project_values, ours, foreign, template)


def _config(path: Path, document: dict[str, Any], name: str, foreign: dict[str, list[str]]) -> dict[str, Any]:
    """Return a file's values by their keys in the project's namespace; add the other keys to `foreign`."""
    own = {}
    for key, value in (document.get("config") or {}).items():
        namespace, _, short = key.rpartition(":")
        if namespace in {"", name, f"{name}:config"}:
            own[short] = value
        else:
            foreign.setdefault(path.name, []).append(key)
    return own


def _project_value(declared: Any) -> Any:
    """Return the value that Pulumi.yaml gives a key: a bare one, its `value`, or its `default`."""
    return declared.get("value", declared.get("default")) if isinstance(declared, dict) else declared


def load(path: Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file; none for a file that is missing or empty.

    Raises:
        StackFileError: The file is not readable, or does not hold keys and values. A key is there twice or is not text,
            or a value is an alias or a bare date.
    """
    # PyYAML's C loader is faster, where it exists; every preview runs these lines.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise StackFileError(f"{path.name}, line {_line(node)}: expected keys and values")
        _check_nodes(path, node)
        for key, value in node.value:
            if key.value == "config" and value.value and not isinstance(value, yaml.MappingNode):
                raise StackFileError(f"{path.name}, line {_line(value)}: expected keys and values under `config`")
        document: dict[str, Any] = yaml.constructor.SafeConstructor().construct_document(node)
    except FileNotFoundError:
        return {}
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise StackFileError(f"{path.name}{line}: not valid YAML: {error.problem}") from None
    except (UnicodeDecodeError, yaml.reader.ReaderError) as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else int(error.position)
        number = path.read_bytes()[:at].count(b"\n") + 1
        problem = f"{path.name}, line {number}: a character that YAML does not allow; type the line again"
        raise StackFileError(problem) from None
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as error:
        raise StackFileError(f"{path.name} cannot be read: {error}") from None
    return document


def _check_nodes(path: Path, root: yaml.MappingNode) -> None:
    """Check that every key is a text, unique in its mapping, and that no value is an alias or a bare date.

    A few aliases of aliases make a file of a few lines billions of values long.
    """
    seen: set[int] = set()
    rest: list[yaml.Node] = [root]
    while rest:
        node = rest.pop()
        if id(node) in seen:
            raise StackFileError(
                f"{path.name}, line {_line(node)}: write the value out where an alias (`*…`) repeats it"
            )
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if key.tag != _STRING:
                    raise StackFileError(f"{path.name}, line {_line(key)}: the key is not text; put it in quotes")
                if key.value in keys:
                    raise StackFileError(f"{path.name}, line {_line(key)}: the key {key.value} is there twice")
                keys.add(key.value)
                rest.append(value)
        elif isinstance(node, yaml.SequenceNode):
            rest += node.value
        elif node.tag == _DATE:  # Pulumi reads it as `2026-01-01 00:00:00 +0000 UTC`
            raise StackFileError(f"{path.name}, line {_line(node)}: put the date in quotes")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
