"""Each bad configuration in `refusals.yaml` gets its own message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.config.load import examine
from infra.config.stack_files import load, read_stack_files
from tests.unit.program import EXAMPLE, configuration

SUBJECTS: dict[str, dict[str, dict[str, Any]]] = load(Path(__file__).with_name("refusals.yaml"))


def problems(case: dict[str, Any]) -> list[str]:
    """Return the problems of a case's configuration."""
    stack, files = case.get("stack", "staging"), read_stack_files(EXAMPLE)
    files.stacks[stack] |= {key: case["set"][key] for key in case.get("own", ())}
    # Pulumi gives the program texts.
    values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in configuration(stack, case["set"]).items()}
    return examine(stack, values, set(), files)[1]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_bad_configuration_is_refused(subject: str) -> None:
    for name, case in SUBJECTS[subject].items():
        file = case.get("file", f"Pulumi.{case.get('stack', 'staging')}.yaml")
        assert f"{file}: {case['says']}" in problems(case), name
