"""Make the Pulumi SDK's gRPC stubs importable as `pulumi.runtime.proto`, without the SDK around them.

Importing the SDK takes 0.2 s, more than everything else that the stand-ins and the language host need at start.
Import this module first, before `pulumi` or `grpc`; never in a process that runs a program.
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
# gRPC would import its asyncio interface, a tenth of the remaining time; nothing here uses it.
sys.modules.setdefault("grpc.aio", ModuleType("grpc.aio"))
