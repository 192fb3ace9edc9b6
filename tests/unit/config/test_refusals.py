"""Each bad configuration in `refusals.yaml` gets its own message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.config.load import examine
from infra.config.stack_files import load, read_stack_files
from tests.unit.program import EXAMPLE, configuration

CASES: dict[str, dict[str, Any]] = {
    f"{subject}: {name}": case
    for subject, cases in load(Path(__file__).with_name("refusals.yaml")).items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_configuration_is_refused(case: dict[str, Any]) -> None:
    stack, files = case.get("stack", "staging"), read_stack_files(EXAMPLE)
    files.stacks[stack] |= {key: case["set"][key] for key in case.get("own", ())}
    # Pulumi gives the program texts.
    values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in configuration(stack, case["set"]).items()}
    _, problems = examine(stack, values, set(), files)
    assert f"{case.get('file', f'Pulumi.{stack}.yaml')}: {case['says']}" in problems
