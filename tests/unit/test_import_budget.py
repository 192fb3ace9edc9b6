"""What each process may not load: every module here costs a preview time, and was once loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.unit.program import EXAMPLE, ROOT

# A provider's SDK costs 0.2 s (GitHub) to 2 s and 160 MB (Cloudflare).
BUDGET = {
    "dev": {"pulumi_cloudflare", "pulumi_github", "infra.providers.fly.resources", "infra.cloud_look"},
    "staging": {"pulumi_cloudflare", "infra.cloud_look", "infra.frontend", "infra.storage"},
    "production": {"infra.cloud_look"},
}
_PROGRAM = """\
import json, sys
from tests.unit.program import run_program
run_program(sys.argv[1], preview=True)
print(json.dumps(sorted(sys.modules)))
"""
_PROVIDER = "import json, sys, infra.providers.fly.resources; print(json.dumps(sorted(sys.modules)))"


def loaded(*command: str) -> set[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", *command],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("stack", BUDGET)
def test_a_preview_loads_what_its_stack_needs(stack: str) -> None:
    assert not BUDGET[stack] & loaded(_PROGRAM, stack)


def test_the_provider_process_loads_no_sdk_of_a_cloud() -> None:
    modules = loaded(_PROVIDER)
    assert not {"pulumi_cloudflare", "pulumi_github", "pulumi_neon", "pulumi_random", "pydantic"} & modules
    assert {name for name in modules if name.startswith("infra.")} <= {
        "infra.providers",
        *(name for name in modules if name.startswith("infra.providers.fly")),
    }
