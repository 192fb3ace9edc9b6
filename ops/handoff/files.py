"""Render the templates in deploy/ into the files of the application's repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.handoff.facts import PULL_REQUEST, Facts, HandoffError
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPLATES = ROOT / "deploy"
_WORKFLOWS = ".github/workflows"


def files(stacks: Iterable[Facts]) -> dict[str, str]:
    """Return the text of each file, by its path in the application's repository.

    Args:
        stacks: The facts of each stack that deploys the application.

    Raises:
        HandoffError: A value cannot stand in a workflow.
    """
    steps = sorted((TEMPLATES / "release").glob("*.py"))
    written = {f"deploy/release/{path.name}": path.read_text(encoding="utf-8") for path in steps}
    for facts in stacks:
        workflow = render((TEMPLATES / f"deploy-{facts['tier']}.yml").read_text(encoding="utf-8"), facts)
        written[f"{_WORKFLOWS}/deploy-{facts['stack']}.yml"] = workflow
        written[facts["fly_file"]] = render((TEMPLATES / "fly.toml").read_text(encoding="utf-8"), facts)
        if facts["stack"] == PULL_REQUEST:
            script = (TEMPLATES / "preview-api.sh").read_text(encoding="utf-8")
            written["deploy/preview-api.sh"] = render(script, facts)
    return written


def render(template: str, facts: Facts) -> str:
    """Fill in a template of YAML or TOML.

    `{{name}}` becomes a quoted string, and `{{name:bare}}` the bare text; a mapping becomes a line of TOML for each
    key. A line `#if name` and the lines up to `#end` stay only if the fact is not empty.

    Raises:
        KeyError: The template names an unknown fact.
        HandoffError: A value cannot stand in a workflow.
    """
    lines, shown = [], True
    for line in template.splitlines():
        if line.startswith("#if "):
            shown = bool(facts[line.removeprefix("#if ")])
        elif line == "#end":
            shown = True
        elif shown:
            lines.append(
                re.sub(r"\{\{(\w+)(:bare)?\}\}", lambda found: _encoded(facts[found[1]], bool(found[2])), line)
            )
    return "\n".join(lines) + "\n"


def _encoded(value: str | dict[str, str], bare: bool) -> str:
    if isinstance(value, dict):
        return "\n".join(f"  {key} = {quoted(text)}" for key, text in value.items())
    if not bare:
        return quoted(value)
    if not re.fullmatch(r"[\w.-]+( # v[\d.]+)?", value, re.ASCII):
        raise HandoffError(f"{value!r} cannot stand in a workflow: only letters, digits, `.`, `_` and `-` can.")
    return value


def quoted(text: str) -> str:
    """Return a text as a quoted string that YAML and TOML read alike.

    Raises:
        HandoffError: The text holds `${{`, which GitHub would evaluate in a workflow.
    """
    if "${{" in text:
        raise HandoffError(f"{text!r} cannot stand in a workflow: GitHub evaluates `${{{{`.")
    return '"' + re.sub(r"[^ !#-\[\]-~]", lambda found: f"\\U{ord(found[0]):08x}", text) + '"'
