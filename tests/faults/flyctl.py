"""The stand-in flyctl with more ways to fail than its own; `tests.faults.worlds` puts it into a world.

Faults, beside those of `sandbox.flyctl.faults`:

- "401", "403", "404", "409", "422": the service answers that;
- "broken": the connection breaks before the request arrives;
- "garbage", "garbage-after": what answers is no API, before or after the effect;
- "502-after": the service answers 502, and has done what was asked;
- "pause", "pause-after": it waits, before or after the effect, until its entry is gone from the call log.

What waits, as "timeout" and "timeout-after" do too, has the operation `hang` in the call log.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

# Run with `python -I`, like the stand-in itself.
sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from sandbox.flyctl import faults, main, run

_REFUSALS = {
    "401": (401, "unauthorized"),
    "403": (403, "Not authorized to access this resource"),
    "404": (404, "not found"),
    "409": (409, "conflict: another change is under way"),
    "422": (422, "Validation failed: not acceptable"),
}
_GARBAGE = "decoding response: invalid character '<' looking for beginning of value"
_BEFORE = {"broken": 'Post "https://api.machines.dev/v1": EOF', "garbage": _GARBAGE}
_AFTER = {"502-after": "request returned non-2xx status: 502: Bad Gateway", "garbage-after": _GARBAGE}
_WAITING = ("pause", "pause-after")


class Run(run.Run):
    """A run that knows these faults too."""

    def _strike_before(self, credential: str) -> None:
        if self.fault in _BEFORE:
            raise run.FailureError(_BEFORE[self.fault])
        super()._strike_before(credential)

    def _strike_after(self, lost: str) -> None:
        super()._strike_after(lost)
        if self.fault in _AFTER:
            raise run.FailureError(_AFTER[self.fault])

    def _stop(self, hang: str, kill: str) -> None:
        pause = "pause" if hang == "timeout" else "pause-after"
        if self.fault in {hang, pause}:
            self._world.record("fly", "hang", {})
        # Whoever started it may be gone meanwhile: the request is on its way.
        while self.fault == pause and any(operation == "hang" for _, operation, _ in self._world.calls("fly")):
            time.sleep(0.02)
        super()._stop(hang, kill)


if __name__ == "__main__":
    faults.HTTP |= _REFUSALS
    faults.FAULTS = (*faults.FAULTS, *_REFUSALS, *_BEFORE, *_AFTER, *_WAITING)
    vars(main)["Run"] = Run
    sys.exit(main.main(sys.argv[1], sys.argv[2:]))
