"""Puts the stand-in into a world, as an executable called `flyctl`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import sandbox

# Isolated and without site-packages: nothing of the caller's environment changes what runs, and it starts fast.
_OPTIONS = "-I -S -X utf8"
# SIGINT and SIGTERM end flyctl at once, with 127 and without a word.
_START = (
    "import os, signal, sys; [signal.signal(n, lambda *_: os._exit(127)) for n in (2, 15)]; "
    "sys.path.insert(0, sys.argv[1]); "
    "from sandbox.flyctl.main import main; sys.exit(main(sys.argv[2], sys.argv[3:]))"
)


def install(world: Path, python: Path) -> Path:
    """Write `<world>/bin/flyctl` and return its path.

    Args:
        world: The world's directory. The executable finds `clouds.sqlite` from its own place, so that a world may
            be moved; the interpreter and this repository may not.
        python: The interpreter that is to run it, 3.11 or newer; it needs no package.
    """
    repository = str(Path(sandbox.__path__[0]).parent.absolute())
    words = [shlex.quote(word) for word in (str(python.absolute()), "-c", _START, repository)]
    executable = world / "bin" / "flyctl"
    executable.parent.mkdir(parents=True, exist_ok=True)
    script = f'#!/bin/sh\nexec {words[0]} {_OPTIONS} {" ".join(words[1:])} "$0" "$@"\n'
    if not executable.is_file() or executable.read_text(encoding="utf-8") != script:
        fresh = executable.with_name(f".flyctl.{os.getpid()}")  # replaced at once: another run may be starting it
        fresh.write_text(script, encoding="utf-8")
        fresh.chmod(0o755)
        fresh.replace(executable)
    return executable
