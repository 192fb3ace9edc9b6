"""Makes the gRPC stubs of the Pulumi SDK importable, as `pulumi.runtime.proto`, without the SDK around them.

Importing the SDK costs 0.2 s, more than everything else that the stand-ins and the language host need at start.
Imported for that effect, before anything that imports `pulumi` or `grpc`; not where a program is run.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

# For a top-level name, find_spec locates the package without running it.
_spec = find_spec("pulumi")
if _spec is None or _spec.origin is None:
    raise ModuleNotFoundError("the pulumi package is not installed in this Python; install requirements.txt")
for _name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
    _package = ModuleType(_name)
    _package.__path__ = [str(Path(_spec.origin).parent.joinpath(*_name.split(".")[1:]))]
    sys.modules[_name] = _package
# A tenth of what is left: gRPC imports its face for asyncio, which nobody here uses.
sys.modules.setdefault("grpc.aio", ModuleType("grpc.aio"))
