"""`python -m sandbox.providers WORLD`: serve every stand-in provider from one process.

Prints one JSON line when all of them answer: under `providers`, package name → port; under `http`, the port of
`sandbox.http.face`. Ends on SIGTERM or when standard input ends, so that no server outlives what started it;
Ctrl-C is for the engine alone. SIGTERM keeps its default: no handler would run for one just before the last read.
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
    """Serve until told to stop."""
    world = World(Path(sys.argv[1]) / "clouds.sqlite")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    served = [(name, *provider.serve()) for name, provider in providers(world).items()]
    ports = {name: port for name, port, _ in served}
    print(json.dumps({"providers": ports, "http": http_face.serve(world)}), flush=True)
    sys.stdin.buffer.read()
    # Nothing to tidy: the world is written transaction by transaction, and waiting for hanging calls helps nobody.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(guarded("bin/sandbox", main))
