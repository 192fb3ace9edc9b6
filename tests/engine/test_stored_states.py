"""Preview states that an earlier release wrote, as every team's next preview does. See docs/upgrades.md."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.states.record import HERE, STACKS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.sandboxes import Sandbox


def changes(sandbox: Sandbox, stack: str, state: Path) -> list[str]:
    """Import a state, and return what a preview would change: names, operations, properties.

    A provider's own version is left out: it follows the SDK's, and so says nothing about what the provider manages.
    """
    sandbox.pulumi("stack", "import", "--stack", stack, "--file", str(state))
    preview: dict[str, Any] = json.loads(sandbox.pulumi("preview", "--stack", stack, "--json").stdout)
    assert preview["changeSummary"]["same"] > 10
    return [
        f"{step['urn'].rpartition('::')[2]} {step['op']} {' '.join(step.get('diffReasons') or [])}".strip()
        for step in preview["steps"]
        if step["op"] != "same" and not ("pulumi:providers:" in step["urn"] and _differ(step) == {"version"})
    ]


def _differ(step: dict[str, Any]) -> set[str]:
    old, new = (step.get(side, {}).get("inputs", {}) for side in ("oldState", "newState"))
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


# The first letters of a provider's pickle: Python up to 3.13 writes protocol 4, later ones 5.
_PROTOCOLS = {"production": "gASV", "staging": "gAWV"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stored_state_previews_unchanged_whichever_python_wrote_it(
    stack: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    state, count = re.subn(r'(?<=")gA[SW]V', _PROTOCOLS[stack], (HERE / f"{stack}.json").read_text())
    assert count
    (tmp_path / "state.json").write_text(state)
    assert changes(sandbox, stack, tmp_path / "state.json") == []


def test_a_state_of_older_sdks_previews_the_programs_changes_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    state = json.loads((HERE / "staging.json").read_text())
    older: dict[str, tuple[str, Any]] = {"pulumi:providers:github": ("version", "6.0.0")}
    older["neon:index/project:Project"] = ("historyRetentionSeconds", 3600)
    for resource in state["deployment"]["resources"]:
        if resource["type"] in older:
            name, value = older[resource["type"]]
            resource["inputs"][name] = resource["outputs"][name] = value
    (tmp_path / "state.json").write_text(json.dumps(state))
    found = changes(sandbox, "staging", tmp_path / "state.json")
    assert found == ["neon-project update historyRetentionSeconds"]
