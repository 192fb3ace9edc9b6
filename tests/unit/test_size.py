"""Hold modules to 250 lines and functions to 40, so that a reader can take in each at once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.unit.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE, FUNCTION = 250, 40
FOLDERS = ("infra", "ops", "sandbox", "setup")


def too_long(path: Path) -> Iterator[str]:
    """Yield the module and each of its functions that is longer than its bound."""
    text = path.read_text(encoding="utf-8")
    if (lines := len(text.splitlines())) > MODULE:
        yield f"{path}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines"


def test_no_module_and_no_function_is_longer_than_its_bound() -> None:
    modules = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert [text for path in modules for text in too_long(path)] == []
