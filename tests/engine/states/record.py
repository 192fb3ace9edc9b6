"""Records the states of staging and production as this version of the program writes them, in the sandbox.

Run as `.venv/bin/python -m tests.engine.states.record`.

The states are what `tests/engine/test_stored_states.py` has later versions preview. To be run again only where a
change of every team's state is wanted; then read what the previews of the old ones said first.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.engine.sandboxes import Sandbox, project_copy
from tests.unit.program import EXAMPLE

HERE = Path(__file__).resolve().parent
STACKS = ("staging", "production")
# Where in which file a resource was made: paths of the machine that recorded it, which no preview reads.
_OF_THIS_MACHINE = ("sourcePosition", "stackTrace")


def main() -> None:
    """Bring each stack up in a new world, which has what the example's production adopts, and write its state."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(project_copy(Path(folder) / "project", EXAMPLE), Path(folder) / "world", {})
        sandbox.run("--reset")
        for stack in STACKS:
            sandbox.pulumi("up", "--stack", stack, "--yes", "--skip-preview")
            state = {"version": 3, **sandbox.state(stack)}
            for resource in state["deployment"]["resources"]:
                for place in _OF_THIS_MACHINE:
                    resource.pop(place, None)
            text = json.dumps(state, indent=1)
            (HERE / f"{stack}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
