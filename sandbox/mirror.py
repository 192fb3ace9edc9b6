"""Make the folder that `pulumi` runs in: copies of Pulumi.yaml and the stack files, and links to the rest.

Pulumi writes into stack files, a salt even at a preview; the copies protect the committed files. A copy has

- no salt and no secrets provider: the sandbox has its own passphrase;
- a made-up value, encrypted for the sandbox, for each `secure:` value;
- no `adopt` in an empty world, which has nothing to adopt.

What `config set` writes into a copy lasts until the committed file changes.

This module edits files as YAML nodes, not as Python values: PyYAML and the engine disagree on `yes` and `017`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from infra.config.stack_files import StackFileError, read_stack_files
from sandbox.sample_secrets import made_up
from setup.errors import SandboxError
from setup.files import write
from setup.progress import answer

# The program's own files.
LINKS = ("__main__.py", "infra", "sdks", ".venv")
# The keys that tie a stack file to its secrets provider.
_ENCRYPTION = ("encryptionsalt", "secretsprovider", "encryptedkey")
_STRING = "tag:yaml.org,2002:str"

Config = dict[str, Any]


def stack_files(folder: Path) -> dict[str, Path]:
    """Return a project's stack files by the stack's name."""
    return {path.name[len("Pulumi.") : -len(".yaml")]: path for path in sorted(folder.glob("Pulumi.*.yaml"))}


class Mirror:
    """A mirror of a project's folder.

    Attributes:
        source: The project's folder, with `Pulumi.yaml`.
        folder: The mirror.
        state: The file backend's folder.
    """

    def __init__(self, source: Path, world: Path, pulumi: Path, environment: Mapping[str, str], *, empty: bool) -> None:
        """Name the folders of a mirror.

        Args:
            source: The project's folder.
            world: The world's folder, which holds the mirror.
            pulumi: The engine.
            environment: The engine's environment: backend, passphrase, home.
            empty: Whether the world has nothing to adopt.
        """
        self.source = source
        self.folder, self.state = world / "mirror", world / "state"
        self._engine = pulumi
        self._environment = environment
        self._empty = empty

    def refresh(self, changed: Collection[str]) -> tuple[Config, dict[str, Config]]:
        """Bring the mirror up to date with the committed files, and make the stacks that are missing.

        Args:
            changed: The names of the files that changed or went since the last refresh.

        Returns:
            The project file's content, and the configuration of each stack whose file this wrote: its keys without
            the project's namespace, a made-up value where the committed file has an encrypted one.

        Raises:
            SandboxError: A file is not one that Pulumi can use.
        """
        for folder in (self.folder, self.state):
            folder.mkdir(parents=True, exist_ok=True)
        for name in LINKS:
            link, target = self.folder / name, self.source / name
            if not link.is_symlink() or link.readlink() != target:
                link.unlink(missing_ok=True)
                link.symlink_to(target)
        try:
            name = read_stack_files(self.source).name
        except StackFileError as error:
            raise SandboxError(str(error)) from None
        text = _read(self.source / "Pulumi.yaml")
        if "Pulumi.yaml" in changed or not (self.folder / "Pulumi.yaml").is_file():
            write(self.folder / "Pulumi.yaml", text)  # otherwise it may have what `bin/adopt` wrote
        stacks = stack_files(self.source)
        for gone in set(changed) - {"Pulumi.yaml", *(path.name for path in stacks.values())}:
            (self.folder / gone).unlink(missing_ok=True)
        stale = [stack for stack, path in stacks.items() if path.name in changed or not self._is_made(name, stack)]
        with ThreadPoolExecutor() as pool:
            configs = pool.map(lambda stack: self._refresh_stack(name, stack), stale)
            return _value(_parse(text)), dict(zip(stale, configs, strict=True))

    def _is_made(self, project: str, stack: str) -> bool:
        made = self.folder / f"Pulumi.{stack}.yaml", self.state / ".pulumi" / "stacks" / project / f"{stack}.json"
        return all(path.is_file() for path in made)

    def _refresh_stack(self, project: str, stack: str) -> Config:
        """Make one stack and its file, and return its configuration: see `refresh`."""
        name = f"Pulumi.{stack}.yaml"
        copy, fresh = self.folder / name, self.folder / f"new.{name}"
        root = _parse(_read(self.source / name))
        root.value = [(key, value) for key, value in root.value if key.value not in _ENCRYPTION]
        config = _config(root)
        if self._empty:
            config.value = [(key, value) for key, value in config.value if key.value != f"{project}:adopt"]
        secrets = {_path(steps): node for steps, node in _secure(config)}
        # Made-up values have the program's keys, without its namespace.
        own = f"{project}:"
        keys = {path.removeprefix(own): node for path, node in secrets.items()}
        values = made_up(_short(_value(config), own), list(keys), empty=self._empty)
        for key, node in keys.items():
            node.value = values[key]
        plain = _short(_value(config), own) | {key: values[key] for key in values.keys() - keys.keys()}
        if not (self.state / ".pulumi" / "stacks" / project / f"{stack}.json").is_file():
            self._pulumi("stack", "init", stack, "--no-select")
        if copy.is_file():
            kept = _parse(_read(copy))
            root.value += [(key, value) for key, value in kept.value if key.value in _ENCRYPTION]
        write(fresh, yaml.serialize(root))
        if values:
            full = {key if ":" in key else own + key: value for key, value in values.items()}
            pairs = [part for key, value in full.items() for part in ("--secret", f"{key}={value}")]
            self._pulumi("config", "set-all", "--path", "--stack", stack, "--config-file", str(fresh), *pairs)
        fresh.replace(copy)
        return plain

    def _pulumi(self, *arguments: str) -> None:
        """Run the engine in the mirror.

        Raises:
            SandboxError: The engine failed.
        """
        command: list[str | Path] = [self._engine, *arguments, "--non-interactive"]
        done = answer(command, cwd=self.folder, env=self._environment)
        if done.returncode != 0:
            what = " ".join(arguments[:2])
            output = (done.stderr or done.stdout).strip().replace(f"{self.folder}/", "")
            raise SandboxError(f"Preparing the stacks: `pulumi {what}` failed: {output}")


def _parse(text: str) -> yaml.MappingNode:
    """Return a file's top node; `read_stack_files` has checked that it holds keys and values."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return node if isinstance(node, yaml.MappingNode) else yaml.MappingNode("tag:yaml.org,2002:map", [])


def _config(root: yaml.MappingNode) -> yaml.MappingNode:
    """Return the node of a stack file's `config`; add one where it is missing."""
    for key, value in root.value:
        if key.value == "config" and isinstance(value, yaml.MappingNode):
            return value
    node = yaml.MappingNode("tag:yaml.org,2002:map", [])
    others = [(key, value) for key, value in root.value if key.value != "config"]
    root.value = [*others, (yaml.ScalarNode(_STRING, "config"), node)]
    return node


def _secure(node: yaml.Node, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], yaml.Node]]:
    """Replace each `secure:` value by an empty string; yield its path and the string's node."""
    inner: list[tuple[str | int, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        inner = [(key.value, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = list(enumerate(node.value))
    for place, (step, value) in enumerate(inner):
        if isinstance(value, yaml.MappingNode) and [key.value for key, _ in value.value] == ["secure"]:
            blank = yaml.ScalarNode(_STRING, "", style='"')
            node.value[place] = blank if isinstance(step, int) else (node.value[place][0], blank)
            yield (*steps, step), blank
        else:
            yield from _secure(value, (*steps, step))


def _path(steps: tuple[str | int, ...]) -> str:
    """Return a value's path as `pulumi config --path` reads it: `relay:a["b"][0]`."""
    return str(steps[0]) + "".join(f"[{json.dumps(step)}]" for step in steps[1:])


def _value(node: yaml.Node) -> Any:
    """Return a node as Python data."""
    return yaml.constructor.SafeConstructor().construct_document(node)


def _short(config: Config, namespace: str) -> Config:
    """Return a configuration with its keys as the program sees them."""
    return {key.removeprefix(namespace): value for key, value in config.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"{path.name}: cannot be read: {error}.") from None
