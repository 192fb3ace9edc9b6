"""Change settings of a stack, and compare the registered resources: the cases of registered.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.program import Run, ran

CASES: dict[str, dict[str, Any]] = yaml.load(
    Path(__file__).with_name("registered.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)


def run_of(case: str) -> Run:
    """Return what the program does in a case."""
    return ran(CASES[case]["stack"], CASES[case].get("settings"))


def at(run: Run, path: str) -> Any:
    """Return an input by its resource and path; None where there is none."""
    name, *steps = path.split(" ")
    found: Any = run.one(name).inputs
    for step in steps:
        found = found[int(step)] if step.isdigit() else found.get(step)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_setting_changes_these_inputs(case: str) -> None:
    run, wanted = run_of(case), CASES[case]
    inputs, outputs = wanted.get("inputs", {}), wanted.get("outputs", {})
    assert {path: at(run, path) for path in inputs} == inputs
    assert {name: run.outputs[name] for name in outputs} == outputs
    assert not run.names() & {*wanted.get("absent", ())}
    if "imports" in wanted:
        assert {r.name: r.options.importId for r in run.resources if r.options.importId} == wanted["imports"]


def test_every_value_of_a_secret_is_encrypted() -> None:
    runs = [run_of(case) for case in CASES]
    for found in (one for run in runs for one in run.resources if one.name.startswith("fly-secrets")):
        # A dict with an unknown in it becomes one secret; else each entry is one. Either way nothing is plain.
        assert "values" in found.secrets or {f"values.{name}" for name in found.inputs["values"]} <= found.secrets
        assert {"digestKey", "digest_key"} & found.secrets
    for run in runs:
        assert {"databaseUrl", "storageSecretAccessKey"} & run.outputs.keys() <= run.secret_outputs


def test_the_user_of_the_new_token_depends_on_the_old_one() -> None:
    """The engine deletes nothing that a protected or failed resource depends on, whatever flags it is given."""
    user = run_of("rotation makes a new key, a new token beside the old one, and uses it").one("fly-secrets").options
    assert user.protect
    assert {"storage-token", "storage-token-1"} <= {urn.rsplit("::", 1)[1] for urn in user.dependencies}
