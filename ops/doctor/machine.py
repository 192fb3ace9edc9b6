"""Check this machine: Python, `.venv`, the sandbox's engine, and the Pulumi CLI.

Runs before anything is set up, and so on the standard library alone.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from infra.checks.findings import Finding
from ops.doctor import pulumi_cli
from setup import environment as bootstrap
from setup.engine import build, locate
from setup.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEWEST = (3, 14)
"""The newest Python that the tests ran with. bin/doctor starts no older one than 3.11."""


def sandbox() -> Iterator[Finding]:
    """Check what `bin/sandbox` and `make test` need."""
    yield python()
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
    """Name the version of Python; one that is newer than tested is a note."""
    name = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    if sys.version_info[:2] > _NEWEST:
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
