"""An entry point in the place of `__main__.py` that also tells when it did what, and which modules it loaded.

Like `__main__.py` in all else. `tests.bench` puts it into a folder of its own and reads `probe.json` there afterwards.
"""

import time

times = {"entered": time.time()}

import atexit  # noqa: E402
import gc  # noqa: E402

gc.disable()
atexit.register(gc.freeze)

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pulumi  # noqa: E402

from infra.program import main  # noqa: E402

times["imported"] = time.time()
_PLACE = Path(__file__).with_name("probe.json")  # now: nothing tells where this is once the program is over


def _tell() -> None:
    times["ended"] = time.time()
    _PLACE.write_text(json.dumps({"times": times, "modules": list(sys.modules)}), encoding="utf-8")


async def _main() -> dict[str, Any]:
    outputs = await main()
    times["declared"] = time.time()
    return outputs


atexit.register(_tell)
pulumi.run(_main)
