"""Keep heavy modules out of each process: every module here costs a preview time, and was once loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.unit.fly.test_resources import STORED
from tests.unit.program import EXAMPLE, ROOT

# A provider's SDK costs 0.2 s (GitHub) to 2 s and 160 MB (Cloudflare).
BUDGET = {
    "dev": {"pulumi_cloudflare", "pulumi_github", "infra.providers.fly.resources", "infra.clouds.http"},
    "staging": {"pulumi_cloudflare", "infra.clouds.http", "infra.parts.frontend", "infra.parts.storage"},
    "production": {"infra.clouds.http"},
}
# A process forked for each stack, so that what all of them load is loaded once. The states have what the stacks adopt,
# because a first preview, and one that imports, try the credentials too.
_PROGRAM = """\
import json, os, sys
from tests.unit.program import configuration, run_program
for stack in sys.argv[1:]:
    if os.fork() == 0:
        project = (configuration(stack).get("adopt") or {}).get("neonProject")
        standing = {name: ("a:b:C", {"id": name}) for name in ("pages-project", "bucket", "fly-app")}
        run_program(stack, preview=True, before={"neonProjectId": project} if project else {}, state=standing)
        print(json.dumps({"stack": stack, "modules": sorted(sys.modules)}), flush=True)
        os._exit(0)
    os.wait()
"""
_PROVIDER = "import json, sys, infra.providers.fly.resources; print(json.dumps({'modules': sorted(sys.modules)}))"


def loaded(*command: str) -> list[dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", *command],
        cwd=EXAMPLE,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@cache
def loaded_by_previews() -> dict[str, frozenset[str]]:
    """Return what the preview of each stack loaded; of one that failed, nothing, and why is on the test's stderr."""
    return {found["stack"]: frozenset(found["modules"]) for found in loaded(_PROGRAM, *BUDGET)}


@pytest.mark.parametrize("stack", BUDGET)
def test_a_preview_loads_only_the_modules_of_its_stack(stack: str) -> None:
    assert not BUDGET[stack] & loaded_by_previews()[stack]


def test_the_provider_process_loads_no_sdk_of_a_cloud() -> None:
    (found,) = loaded(_PROVIDER)
    modules = set(found["modules"])
    assert not {"pulumi_cloudflare", "pulumi_github", "pulumi_neon", "pulumi_random", "pydantic"} & modules
    assert {name for name in modules if name.startswith("infra.")} <= {
        "infra.errors",
        "infra.providers",
        "infra.typed",
        *(name for name in modules if name.startswith("infra.providers.fly")),
    }


def test_an_old_state_loads_in_a_new_process_without_the_heavy_packages() -> None:
    script = (
        "import base64, dill, json, sys\n"
        f"for blob in {list(STORED.values())!r}: dill.loads(base64.b64decode(blob))\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"pulumi_cloudflare", "pulumi_github", "pulumi_neon", "pulumi_random", "pydantic", "sandbox", "tests"}
    assert not heavy & set(json.loads(done.stdout))
