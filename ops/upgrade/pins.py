"""Read and write the pins in requirements files, locks and go.mod."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REQUIREMENTS = ("requirements.txt", "ops/tools/requirements.txt")
"""Files that pin Python packages."""

LOCKS = ("requirements.lock", "ops/tools/requirements.lock")
"""Files that lock those packages and their dependencies, with hashes."""

_PINNED = re.compile(r"^([\w.-]+)((?:\[[^\]]*\])?==)([^\s;#]+)", re.MULTILINE)


def engine(root: Path) -> str:
    """Return the pinned version of the Pulumi engine, from setup/engine/go.mod."""
    text = (root / "setup/engine/go.mod").read_text(encoding="utf-8")
    (found,) = re.findall(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", text)
    return str(found)


def flyctl(root: Path) -> str:
    """Return the tested version of flyctl, the oldest that the provider accepts."""
    text = (root / "infra/providers/fly/runner.py").read_text(encoding="utf-8")
    (found,) = re.findall(r"^TESTED_VERSION = \((.*)\)$", text, re.MULTILINE)
    return str(found).replace(", ", ".")


def normalized(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> dict[str, str]:
    """Return the versions that a requirements file or a lock pins, by normalized name."""
    return {normalized(name): version for name, _, version in _PINNED.findall(text)}


def repinned(text: str, versions: Mapping[str, str]) -> str:
    """Return a requirements file's text with other versions, by normalized name."""
    return _PINNED.sub(lambda found: f"{found[1]}{found[2]}{versions.get(normalized(found[1]), found[3])}", text)
