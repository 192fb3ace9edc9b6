"""Runs Pulumi's own server for dynamic providers with this project's Python.

Sees the modules of the program: the engine starts it in the program's folder.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

# Run with `python -I`, so the folder of this file is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from setup.engine.lifetime import end_with_engine

sys.path[0] = str(Path.cwd())
end_with_engine()
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
