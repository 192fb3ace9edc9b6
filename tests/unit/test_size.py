"""What a team of two inherits stays small: lines of code, without blank lines, comments and docstrings."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SANDBOX_LIMIT = 3000
INFRA_LIMIT = 2275

NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def code_lines(source: str) -> int:
    """Count the physical lines of *source* that carry code; a string over many lines carries it on each."""
    carrying: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            carrying.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        # A string that stands alone is documentation: of a module, a class, a function, or of the attribute before it.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            carrying.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(carrying)


def code_lines_under(folder: str) -> dict[str, int]:
    """Count each Python module under *folder* of the project, by its path there."""
    return {
        path.relative_to(ROOT).as_posix(): code_lines(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def largest(counts: dict[str, int]) -> str:
    return ", ".join(f"{path} {lines}" for path, lines in sorted(counts.items(), key=lambda item: -item[1])[:5])


def test_only_lines_that_carry_code_count() -> None:
    source = '''"""A module's docstring

over three lines."""

# a comment
import os  # one


class Place:
    """Two."""

    text = """three

    five"""
    """What an attribute is."""

    def name(
        self,
    ) -> str:
        """Of the place."""
        return (
            # not this one
            os.name
        )
'''
    assert code_lines(source) == 1 + 1 + 3 + 3 + 3


def test_the_sandbox_is_small() -> None:
    counts = code_lines_under("sandbox")
    assert counts["sandbox/world.py"] > 50
    assert sum(counts.values()) <= SANDBOX_LIMIT, f"most lines of code: {largest(counts)}"


def test_the_program_is_small() -> None:
    counts = code_lines_under("infra")
    assert counts["infra/program.py"] > 50
    assert sum(counts.values()) <= INFRA_LIMIT, f"most lines of code: {largest(counts)}"
