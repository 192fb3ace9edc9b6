"""YAML as PyYAML's C code reads and writes it, where that is there: ten times as fast."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load(text: str) -> Any:
    """Return what a text says."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506  (a safe loader)


def dump(document: Any) -> str:
    """Return a document as text."""
    return str(yaml.dump(document, Dumper=_DUMPER))
