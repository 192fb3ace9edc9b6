"""What this project is tested with: every pin, read where it stands, and the table of them in docs/upgrades.md."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = "docs/upgrades.md"
REQUIREMENTS = ("requirements.txt", "ops/tools/requirements.txt")
"""Where Python packages are pinned; beside each stands its lock."""

BEGIN, END = "<!-- versions: written by bin/upgrade -->", "<!-- end of versions -->"

# A requirement: name, extras, version, and its reason.
_PINNED = re.compile(r"^(?P<name>[\w.-]+)(?P<extras>\[[^\]]*\])?==(?P<version>[^\s;#]+)(?P<rest>.*)$", re.MULTILINE)
_FLYCTL = "infra/providers/fly/flyctl.py"
_ENGINE = re.compile(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)")
_ACTION = re.compile(r"uses: ([\w-]+/[\w./-]+)@[0-9a-f]{40} # v([\d.]+)")


class Pin(NamedTuple):
    """One pinned version: of what, which, and the file it stands in."""

    what: str
    version: str
    place: str


def pinned(text: str) -> dict[str, str]:
    """Return the versions that a requirements file or a lock pins, by normalized name."""
    return {normalized(found["name"]): found["version"] for found in _PINNED.finditer(text)}


def normalized(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def repinned(text: str, versions: dict[str, str]) -> str:
    """Return a requirements file's text with other versions, by normalized name; reasons stay in their column."""

    def line(found: re.Match[str]) -> str:
        version = versions.get(normalized(found["name"]), found["version"])
        head = f"{found['name']}{found['extras'] or ''}=={version}"
        blank, mark, reason = found["rest"].partition("#")
        if not mark:
            return head + found["rest"]
        column = found.start("rest") - found.start() + len(blank)
        return f"{head.ljust(column - 1)} {mark}{reason}"

    return _PINNED.sub(line, text)


def pins(root: Path) -> Iterator[Pin]:
    """Yield every pinned version of a checkout, what the program runs on first.

    Args:
        root: The project's folder.
    """
    (low,) = re.findall(r"\(3, (\d+)\)", _read(root, "bin/setup"))
    yield Pin("Python", f"≥ 3.{low}", "bin/setup")
    yield Pin("Pulumi CLI and engine", engine(root), "setup/engine/go.mod")
    (go,) = re.findall(r"^go (\S+)$", _read(root, "setup/engine/go.mod"), re.MULTILINE)
    yield Pin("Go, where the engine is built", f"≥ {go}", "setup/engine/go.mod")
    yield Pin("flyctl", f"≥ {flyctl(root)}", _FLYCTL)
    neon = "sdks/neon/pulumi_neon/pulumi-plugin.json"
    bridge = json.loads(_read(root, neon))
    yield Pin("Neon's provider", f"{bridge['parameterization']['version']} (bridge {bridge['version']})", neon)
    for place in REQUIREMENTS:
        for name, version in pinned(_read(root, place)).items():
            yield Pin(name, version, place)
    (actionlint,) = re.findall(r"rhysd/actionlint v(\S+)", _read(root, "ops/tools/go.mod"))
    yield Pin("actionlint", actionlint, "ops/tools/go.mod")
    actions = {
        match for path in sorted((root / ".github").rglob("*.yml")) for match in _ACTION.findall(path.read_text())
    }
    for action, version in sorted(actions):
        yield Pin(action, version, ".github")


def engine(root: Path) -> str:
    """Return the pinned version of the Pulumi engine."""
    (found,) = _ENGINE.findall(_read(root, "setup/engine/go.mod"))
    return str(found)


def flyctl(root: Path) -> str:
    """Return the version of flyctl that is tested, which is the oldest that is taken."""
    (found,) = re.findall(r"^TESTED_VERSION = \((.*)\)$", _read(root, _FLYCTL), re.MULTILINE)
    return str(found).replace(", ", ".")


def with_table(text: str, root: Path) -> str:
    """Return the text of docs/upgrades.md with the table of what is pinned in a checkout."""
    rows = [f"| {pin.what} | {pin.version} | `{pin.place}` |" for pin in pins(root)]
    table = "\n".join(["| What | Tested version | Where it is pinned |", "| --- | --- | --- |", *rows])
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def _read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")
