"""Run Pulumi's server for dynamic providers with this project's Python, in the program's folder."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

# `python -I` leaves this project's folder off the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from setup.engine.lifetime import end_with_engine

sys.path[0] = str(Path.cwd())
end_with_engine()
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
