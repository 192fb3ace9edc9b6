"""Serve every stand-in provider from one process: `python -m sandbox.providers WORLD`.

Once all of them answer, it prints one line of JSON: under `providers` the port of each package, under `http` the port
of `sandbox.http.face`. It ends on SIGTERM or when standard input closes, so that no server outlives its starter. It
ignores Ctrl-C, which is for the engine. SIGTERM keeps its default, which also works just before the last read.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import setup.engine.stubs  # noqa: F401 -- comes before whatever imports `pulumi` or `grpc`
from sandbox.http import face as http_face
from sandbox.providers.server import providers
from sandbox.world.store import World
from setup.errors import guarded


def main() -> int:
    """Serve until standard input closes."""
    world = World(Path(sys.argv[1]) / "clouds.sqlite")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    served = [(name, *provider.serve()) for name, provider in providers(world).items()]
    ports = {name: port for name, port, _ in served}
    print(json.dumps({"providers": ports, "http": http_face.serve(world)}), flush=True)
    sys.stdin.buffer.read()
    # Exit at once: every transaction is already written, and hanging calls need no answer.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(guarded("bin/sandbox", main))
