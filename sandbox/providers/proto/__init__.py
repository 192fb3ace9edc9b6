"""The gRPC stubs of the Pulumi SDK, reachable without `import pulumi`.

Importing `pulumi` costs about 0.15 s, more than everything else the stand-ins need at start. The stubs import
each other only relatively and need nothing of the SDK, so this package borrows their folder as its own: the
same files, loaded under `sandbox.providers.proto` instead of `pulumi.runtime.proto`. Type checkers are pointed
at the original name where the stubs are used.
"""

from __future__ import annotations

from importlib.util import find_spec

# For a top-level name, find_spec locates the package without running it.
_spec = find_spec("pulumi")
if _spec is None or not _spec.submodule_search_locations:
    raise ModuleNotFoundError("the pulumi package is not installed in this Python; install requirements.txt")
__path__ = [f"{folder}/runtime/proto" for folder in _spec.submodule_search_locations]
