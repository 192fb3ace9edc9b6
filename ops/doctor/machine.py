"""Check this machine: Python, `.venv`, the sandbox's engine, and the Pulumi CLI.

Runs before anything is set up, and so on the standard library alone.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from infra.checks.findings import Finding
from ops.doctor import pulumi_cli
from setup import environment as bootstrap
from setup.engine import build, locate
from setup.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLDEST, _NEWEST = (3, 11), (3, 14)
"""The versions of Python that the tests ran with."""


def sandbox() -> Iterator[Finding]:
    """Check what `bin/sandbox` and `make test` need."""
    yield python()
    if not bootstrap.STAMP.is_file() and importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        yield Finding("missing", "this Python cannot make virtual environments", f"apt-get install {package}")
    yield packages()
    try:
        build.check()
        engine = locate.locate()
    except (SandboxError, OSError) as error:
        yield Finding("missing", "Pulumi engine", str(error))
        return
    if engine is None:
        yield Finding("missing", "Pulumi engine: not built yet", "bin/setup (some minutes, once)")
    else:
        yield Finding("ok", f"Pulumi engine: {engine}")


def python() -> Finding:
    """Check the version of Python; a newer one than the tests ran with is a note."""
    version = sys.version_info[:2]
    name = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    if version < _OLDEST:
        return Finding("missing", f"{name}: 3.11 or later is needed", "https://www.python.org/downloads/")
    if version > _NEWEST:
        newest = ".".join(map(str, _NEWEST))
        return Finding("note", f"{name} is newer than the tested {newest}; it should work")
    return Finding("ok", name)


def real() -> Iterator[Finding]:
    """Check what a real `pulumi up` of any stack needs."""
    yield packages()
    yield from pulumi_cli.check()


def packages() -> Finding:
    """Check that `.venv` has what requirements.lock asks for."""
    if bootstrap.is_set_up():
        return Finding("ok", ".venv, as requirements.lock has it")
    return Finding("missing", ".venv: not made, or not what requirements.lock asks for", "bin/setup")
