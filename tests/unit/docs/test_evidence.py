"""What the documents refer to exists: pages, headings and tests."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
EVIDENCE = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
STAND_INS = [path for folder in ("world", "flyctl") for path in sorted((ROOT / "sandbox" / folder).glob("*.py"))]
INCIDENTS = re.findall(r"^\| (\d+) \| ([^|]+) \| (.+) \| ([^|]+) \|$", EVIDENCE, re.MULTILINE)


@cache
def _tests_in(path: Path) -> set[str]:
    """Return the names of the test functions at the top of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@cache
def _anchors(page: Path) -> set[str]:
    """Return the headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_to_a_file_and_a_heading_in_it() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https:)([^)]+)\)", page.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            assert found.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in _anchors(found), f"{page.name}: {target}"


def test_every_test_that_a_page_names_exists() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
        assert (ROOT / path).is_file(), path
        assert not name or name in _tests_in(ROOT / path), f"{path}::{name}"


def test_each_incident_names_its_test_or_says_that_it_is_not_prevented() -> None:
    assert [int(number) for number, *_ in INCIDENTS] == list(range(1, len(INCIDENTS) + 1))
    assert INCIDENTS
    for number, _, text, named in INCIDENTS:
        assert ("`tests/" in named) != ("**Not prevented.**" in text), number


def test_the_page_lists_what_the_stand_ins_only_believe() -> None:
    believed = r"^\s*(?:# )?Believed: (.+)$"
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "sandbox").rglob("*.py")]
    listed = EVIDENCE.partition("## What is not verified")[2].partition("\n## ")[0]
    found = {text for source in texts for text in re.findall(believed, source, re.MULTILINE)}
    assert set(re.findall(r"^- (.+)$", listed, re.MULTILINE)) == found, "docs/evidence.md, What is not verified"


def test_each_stand_in_that_refuses_names_its_sources() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in STAND_INS}
    refusing = {name: text for name, text in texts.items() if re.search(r"raise (CloudError|FailureError)\(", text)}
    sourced = [name for name, text in refusing.items() if re.search(r"\b(Seen|Documented|Reported|Believed): ", text)]
    assert sourced == [*refusing]
