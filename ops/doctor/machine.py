"""Check this machine: Python, `.venv`, the sandbox's engine, and the Pulumi CLI.

These checks run before set-up, so they need only the standard library.
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
"""The newest Python that the tests ran with. The script bin/doctor refuses any before 3.11."""


def sandbox() -> Iterator[Finding]:
    """Check the needs of `bin/sandbox` and `make test`."""
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
    """Report Python's version. A version that is newer than tested is a note."""
    name = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    if sys.version_info[:2] > _NEWEST:
        newest = ".".join(map(str, _NEWEST))
        return Finding("note", f"{name} is newer than the tested {newest}; it should work")
    return Finding("ok", name)


def real() -> Iterator[Finding]:
    """Check the needs of a real `pulumi up`, whatever the stack."""
    yield packages()
    yield from pulumi_cli.check()


def packages() -> Finding:
    """Check that `.venv` has the packages in requirements.lock."""
    if bootstrap.is_set_up():
        return Finding("ok", ".venv matches requirements.lock")
    return Finding("missing", ".venv: not made, or out of date", "bin/setup")
