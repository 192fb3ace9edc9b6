"""docs/incidents.md: every incident says which test shows it, or that it is not prevented, and every test exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")
INCIDENTS = re.findall(r"^(\d+)\. \*\*(.+?)\*\*(.*?)(?=^\d+\. |^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)


@cache
def named_in(path: str) -> set[str]:
    """Return the names of the test functions at the top of a module."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_there_are_many_and_they_are_counted() -> None:
    assert len(INCIDENTS) >= 20
    assert [int(number) for number, _, _ in INCIDENTS] == list(range(1, len(INCIDENTS) + 1))


@pytest.mark.parametrize(("what", "text"), [(what, text) for _, what, text in INCIDENTS])
def test_each_is_shown_or_said_not_to_be_prevented(what: str, text: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert bool(named) != ("Not prevented: " in text), what
    assert text.count("`tests/") == len(named), what
    for path, name in named:
        assert name in named_in(path), f"{what}: there is no {path}::{name}"
