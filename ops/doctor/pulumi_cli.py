"""Check the Pulumi CLI, and ask it no question twice."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING, Any

from infra.checks.findings import Finding
from ops import stacks
from setup.engine import locate

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT = 60
"""Seconds for a call of the CLI, which may ask its backend over the network."""


@functools.cache
def ask(*arguments: str) -> tuple[Any, str]:
    """Return the JSON that the CLI answers and an empty text, or None and the reason."""
    try:
        done = stacks.ask(*arguments, root=stacks.folder(), timeout=_TIMEOUT)
        if done.returncode == 0:
            return stacks.document(done), ""
        return None, stacks.said(done).removeprefix("error: ")
    except stacks.StackError as error:
        return None, str(error)


def backend() -> str | None:
    """Return the URL of the backend that the CLI is logged in to, or None."""
    who, _ = ask("whoami", "--json")
    return str(who["url"]) if who else None


def known_stacks() -> list[str] | None:
    """Return the stacks of this project that the backend knows, or None without an answer."""
    rows, _ = ask("stack", "ls", "--json") if backend() else (None, "")
    return None if rows is None else [row["name"].rpartition("/")[2] for row in rows]


def resources(stack: str) -> list[dict[str, Any]]:
    """Return the resources in a stack's state, secrets encrypted.

    Raises:
        StackError: The CLI did not answer.
    """
    if stack not in (known_stacks() or []):
        return []
    state, problem = ask("stack", "export", "--stack", stack)
    if state is None:
        raise stacks.StackError(problem)
    return list((state.get("deployment") or {}).get("resources") or [])


def check() -> Iterator[Finding]:
    """Check the CLI's version, and that it is logged in."""
    needed = locate.dotted(locate.pinned())
    cli = shutil.which("pulumi")
    install = f"install {needed} or later (https://www.pulumi.com/docs/install/)"
    if cli is None:
        built = "; the engine that was built here is for the sandbox alone" if locate.built() else ""
        yield Finding("missing", f"Pulumi CLI: not on PATH{built}", install)
        return
    try:
        version = locate.parse(stacks.ask("version", root=stacks.folder(), timeout=_TIMEOUT).stdout)
    except stacks.StackError as error:
        yield Finding("wrong", f"Pulumi CLI: {error}", install)
        return
    if version < locate.pinned():
        said = f"Pulumi CLI {locate.dotted(version)}: too old" if any(version) else f"{cli} does not tell its version"
        yield Finding("missing", said, install)
        return
    yield Finding("ok", f"Pulumi CLI {locate.dotted(version)}")
    if url := backend():
        yield Finding("ok", f"backend: {url}")
    else:
        login = "`pulumi login` for Pulumi Cloud, `pulumi login s3://…` or `--local` for state of your own"
        problem = f"backend: not logged in, or out of reach: {ask('whoami', '--json')[1]}"
        yield Finding("missing", problem, login)
