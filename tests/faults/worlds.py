"""Make scenes: a world before a command, and as an undisturbed run of the command leaves it."""

from __future__ import annotations

import json
import pickle
import re
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.engine.clouds import objects
from tests.engine.sandboxes import INTERRUPTIBLE, ROOT, Sandbox, copied, held
from tests.faults.strays import listed

if TYPE_CHECKING:
    from tests.engine.conftest import Once

Prepare = Callable[[Sandbox], object]

# Members that differ between two runs that end alike: ids, dates, counters, random values.
_VOLATILE = {
    *("id", "number", "salt", "digest", "updated", "version", "secrets_version", "releases", "parts", "expires"),
    *("created_at", "updated_at", "creation_date", "created_on", "issued_on", "modified_on", "password", "host"),
}
_RANDOM_PART = re.compile(r"-[0-9a-f]{16}$")
_BY_ID = {"neon project", "cloudflare token", "github deployment-policy", "fly token"}


class Outcome(NamedTuple):
    """How a world differs from the one that an undisturbed run leaves.

    Attributes:
        lost: What is not there, or is not as it should be.
        duplicated: What is there and should not be.
    """

    lost: list[str]
    duplicated: list[str]


@dataclass(frozen=True)
class Scene:
    """A command about to be run.

    Attributes:
        stack: The stack it is run on.
        command: `up` or `destroy`.
        before: The world before it.
        kept: The ids of the things in the clouds that it leaves alone, by kind and key.
        after: The shapes of all things after an undisturbed run.
        resources: The URNs in the state after it.
        calls: The calls it made, as (cloud, operation).
        strays: What `bin/strays` lists after it, by kind and name.
    """

    stack: str
    command: str
    before: Sandbox
    kept: dict[tuple[str, str], Any]
    after: Counter[str]
    resources: list[str]
    calls: list[tuple[str, str]]
    strays: frozenset[tuple[str, str]] = frozenset()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments."""
        flags = ("--yes", "--skip-preview", "--non-interactive", "--color", "never")
        return ("pulumi", self.command, "--stack", self.stack, *flags)

    def outcome(self, sandbox: Sandbox) -> Outcome:
        """Compare a world with the one that an undisturbed run leaves."""
        found = objects(sandbox)
        after = _shapes(found)
        ids = _ids(found)
        lost = [f"{kind} {key} is another one" for (kind, key), id_ in self.kept.items() if ids.get((kind, key)) != id_]
        strays = [f"stray: {kind} {name}" for kind, name in sorted(listed(sandbox) - self.strays)]
        more = sorted((after - self.after).elements())
        return Outcome(lost + sorted((self.after - after).elements()), more + strays)


def scene(once: Once, name: str, *, world: Sandbox, stack: str, command: str, prepare: Prepare) -> Scene:
    """Return a scene, which is made once for all workers.

    Args:
        once: The fixture.
        name: The scene's name.
        world: The world to begin with.
        stack: The stack that the command is run on.
        command: `up` or `destroy`.
        prepare: Brings the world, and its configuration, to where the command is run.
    """

    def fill(folder: Path) -> None:
        before = copy(world, folder / "before")
        with held(before) as opened:
            prepare(opened)
        before.world.forget_calls()
        undisturbed = copy(before, folder / "undisturbed")
        made = Scene(stack, command, before, {}, Counter(), [], [])
        undisturbed.run(*made.arguments)
        found = objects(undisturbed)
        ids = _ids(found)
        kept = {place: id_ for place, id_ in _ids(objects(before)).items() if ids.get(place) == id_}
        calls = [(cloud, operation) for cloud, operation, _ in undisturbed.world.calls()]
        made = Scene(
            stack,
            command,
            before,
            kept,
            _shapes(found),
            resources(undisturbed, stack),
            calls,
            frozenset(listed(undisturbed)),
        )
        (folder / "scene").write_bytes(pickle.dumps(made))

    found: Scene = pickle.loads((once(f"scene-{name}", fill) / "scene").read_bytes())  # noqa: S301  (made above)
    return found


def copy(world: Sandbox, folder: Path) -> Sandbox:
    """Copy a world, and let its flyctl fail in more ways."""
    made = copied(world, folder)
    fail_in_more_ways(made)
    return made


def fail_in_more_ways(world: Sandbox) -> None:
    """Let a world's flyctl fail in more ways than the sandbox's own does."""
    flyctl = [sys.executable, "-I", "-S", "-X", "utf8", str(Path(__file__).with_name("flyctl.py"))]
    (world.folder / "bin" / "flyctl").write_text(f'#!/bin/sh\nexec {shlex.join(flyctl)} "$0" "$@"\n')


def checkpoint(sandbox: Sandbox, stack: str) -> dict[str, Any]:
    """Return a stack's deployment as the file backend keeps it."""
    (path,) = (sandbox.folder / "state" / ".pulumi" / "stacks").glob(f"*/{stack}.json")
    latest: dict[str, Any] = json.loads(path.read_text())["checkpoint"].get("latest") or {}
    return latest


def resources(sandbox: Sandbox, stack: str) -> list[str]:
    """Return the URNs in a stack's state, each as often as it is there; without the note of what was adopted."""
    found = checkpoint(sandbox, stack).get("resources", [])
    return sorted(resource["urn"] for resource in found if resource["type"] != "relay:infra:Adopted")


def project(folder: Path, program: str, stack: str, config: str) -> Path:
    """Make a project with a program of its own, and with this repository's code, its waits scaled down."""
    folder.mkdir()
    for name in ("bin", "sandbox", "setup", "ops", "sdks", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for name, long, short in (
        ("runner", "RETRY_PAUSES = (1.0, 4.0)", "RETRY_PAUSES = (0.01, 0.02)"),
        ("command", "READ_TIMEOUT = 60.0", "READ_TIMEOUT = 10.0"),
        ("command", "SLOW_TIMEOUT = 120.0", "SLOW_TIMEOUT = 10.0"),
        ("props", "APPEARANCE_PAUSES = 10 * (3.0,)", "APPEARANCE_PAUSES = 2 * (0.1,)"),
    ):
        path = folder / "infra" / "providers" / "fly" / f"{name}.py"
        text = path.read_text()
        assert text.count(long) == 1, f"{path.name} has another {long}"
        path.write_text(text.replace(long, short))
    shutil.copy(ROOT / "tests" / "example" / "Pulumi.yaml", folder)
    (folder / "__main__.py").write_text(INTERRUPTIBLE + program)
    (folder / f"Pulumi.{stack}.yaml").write_text(config)
    return folder


def _shapes(found: dict[str, dict[str, Any]]) -> Counter[str]:
    """Return each thing in the clouds without what differs from run to run; revoked tokens are none."""
    return Counter(
        f"{kind} {'' if kind in _BY_ID else key} {json.dumps(_shape(document, kind), sort_keys=True)}"
        for kind, things in found.items()
        for key, document in things.items()
        if not document.get("revoked")
    )


def _shape(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        dropped = _VOLATILE | ({"value"} if kind == "cloudflare token" else set())
        return {key: _shape(inner, kind) for key, inner in value.items() if key not in dropped}
    if isinstance(value, list):
        return [_shape(inner, kind) for inner in value]
    return _RANDOM_PART.sub("", value) if isinstance(value, str) and kind == "fly token" else value


def _ids(found: dict[str, dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """Return what tells one thing from another of the same name: its id, or when it was made."""
    names = ("id", "number", "creation_date", "created_at")
    return {
        (kind, key): [document.get(name) for name in names]
        for kind, things in found.items()
        for key, document in things.items()
        if not document.get("revoked")
    }
