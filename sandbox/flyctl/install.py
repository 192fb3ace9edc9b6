"""Put the stand-in into a world, as an executable called `flyctl`."""

from __future__ import annotations

import shlex
from pathlib import Path

from sandbox.credentials import FLY_TOKEN
from setup.files import write


def install(world: Path, python: Path) -> Path:
    """Write `<world>/bin/flyctl`, and the login of a person who uses it by hand; return its path.

    Args:
        world: The world's directory. The executable finds `clouds.sqlite` from its own place, so that a world may
            be moved; the interpreter and this repository may not.
        python: The interpreter that is to run it, 3.11 or newer; it needs no package.
    """
    interpreter, program = (shlex.quote(str(path.absolute())) for path in (python, Path(__file__).with_name("main.py")))
    executable = world / "bin" / "flyctl"
    # Isolated and without site-packages: nothing of the caller's environment changes what runs, and it starts fast.
    write(executable, f'#!/bin/sh\nexec {interpreter} -I -S -X utf8 {program} "$0" "$@"\n', 0o755)
    write(world / "fly" / "config.yml", f"access_token: {FLY_TOKEN}\n", 0o600)
    return executable
