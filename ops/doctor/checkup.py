"""What is there and what is missing, for the sandbox, for the tests, and for a real `pulumi up` of a stack.

Runs before anything is set up: standard library only, but for a stack's configuration, which needs `.venv`.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from infra.providers.fly.errors import FlyError
from infra.providers.fly.flyctl import Flyctl
from ops import stacks
from setup import environment as bootstrap
from setup.engine import build, locate
from setup.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from infra.config.settings import Settings

_TIMEOUT = 60
"""Seconds for a call of the Pulumi CLI, which may ask its backend over the network."""
_EXAMPLE_ACCOUNT = "0123456789abcdef0123456789abcdef"


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        state: `missing` and `wrong` keep something from working; a note does not.
        what: What it is and how it is.
        fix: What to do about it.
    """

    state: Literal["ok", "missing", "wrong", "note"]
    what: str
    fix: str = ""


def sandbox() -> Iterator[Finding]:
    """Look at what `bin/sandbox` needs."""
    version = sys.version_info
    python = f"Python {version[0]}.{version[1]}.{version[2]}"
    if version >= (3, 11):
        yield Finding("ok", python)
    else:
        yield Finding("missing", f"{python}: 3.11 or later is needed", "https://www.python.org/downloads/")
    if not bootstrap.STAMP.is_file() and importlib.util.find_spec("ensurepip") is None:
        package = f"python{version[0]}.{version[1]}-venv"
        yield Finding("missing", "this Python cannot make virtual environments", f"apt-get install {package}")
    yield set_up()
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


def tests() -> Iterator[Finding]:
    """Look at what `make test` needs beside the sandbox."""
    if shutil.which("make"):
        yield Finding("ok", "make")
    else:
        yield Finding("missing", "make", "install it, or run the commands in Makefile by hand")


def set_up() -> Finding:
    """Look whether `bin/setup`, which `bin/sandbox` and `make` begin with, has nothing left to do to `.venv`."""
    if bootstrap.is_set_up():
        return Finding("ok", ".venv, as requirements.lock has it")
    return Finding("missing", ".venv: not made, or not what requirements.lock asks for", "bin/setup")


def packages() -> Finding:
    """Look whether `.venv` has what requirements.txt pins, whoever installed it: `pulumi install` does as well."""
    install = "`pulumi install`, or bin/setup"
    if Path(sys.prefix).resolve() != bootstrap.VENV.resolve():  # `bin/doctor` runs in it where there is one
        return Finding("missing", ".venv: not made", install)
    text = (stacks.ROOT / "requirements.txt").read_text(encoding="utf-8")
    other = [name for name, pin in re.findall(r"^([\w-]+)==(\S+)", text, re.MULTILINE) if _installed(name) != pin]
    if other:
        return Finding("missing", f".venv: {', '.join(other)} not as pinned in requirements.txt", install)
    return Finding("ok", ".venv, with what requirements.txt pins")


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def real() -> Iterator[Finding]:
    """Look at what a real `pulumi up` of any stack needs."""
    yield packages()
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
    url = backend()
    if url is None:
        login = "`pulumi login` for Pulumi Cloud, `pulumi login s3://…` or `--local` for state of your own"
        problem = f"backend: not logged in, or out of reach: {told('whoami', '--json')[1]}"
        yield Finding("missing", problem, login)
    else:
        yield Finding("ok", f"backend: {url}")


@functools.cache
def told(*arguments: str) -> tuple[Any, str]:
    """Ask Pulumi for JSON, once; return it, or None and why there is none."""
    try:
        done = stacks.ask(*arguments, root=stacks.folder(), timeout=_TIMEOUT)
        if done.returncode == 0:
            return stacks.document(done), ""
        return None, stacks.said(done).removeprefix("error: ")
    except stacks.StackError as error:
        return None, str(error)


def backend() -> str | None:
    """Return the URL of the backend Pulumi is logged in to, or None."""
    who, _ = told("whoami", "--json")
    return str(who["url"]) if who else None


def known_stacks() -> list[str] | None:
    """Return the stacks of this project that the backend knows; None where it does not tell."""
    rows, _ = told("stack", "ls", "--json") if backend() else (None, "")
    return None if rows is None else [row["name"].rpartition("/")[2] for row in rows]


def stack(name: str) -> Iterator[Finding]:
    """Look at what a real `pulumi up` of this stack needs, beside what every stack needs."""
    if importlib.util.find_spec("yaml") is None or importlib.util.find_spec("pulumi") is None:
        yield Finding("note", "configuration and credentials: known only after set-up", "bin/setup")
        return
    from infra.config import stack_files as stackfiles  # noqa: PLC0415  (needs what set-up installs)

    folder = stacks.folder()
    path = folder / f"Pulumi.{name}.yaml"
    if not path.exists():
        yield Finding("missing", f"{path.name}", "copy another stack's file and change it")
        return
    try:
        document = stackfiles.load(path)
        settings, problems = _configuration(name, folder)
    except stackfiles.StackFileError as error:
        yield Finding("wrong", f"configuration: {error}")
        return
    yield from (Finding("wrong", f"configuration: {problem}") for problem in problems)
    if not problems:
        yield Finding("ok", "configuration (what is encrypted is taken for good)")
    yield from _in_the_backend(name, document)
    if settings.cloudflare_account_id == _EXAMPLE_ACCOUNT:
        yield Finding("note", "cloudflareAccountId is the example's", "set your own accounts in Pulumi.yaml")
    yield from _credentials(settings, (document.get("config") or {}).keys())
    if settings.manages("backend"):
        yield from flyctl()


def flyctl() -> Iterator[Finding]:
    """Look at flyctl's version."""
    newer: list[str] = []
    try:
        version = Flyctl(warn=newer.append).version()
    except FlyError as error:
        yield Finding("missing", error.problem, error.hint)
        return
    yield Finding("ok", f"flyctl {'.'.join(map(str, version))}")
    yield from (Finding("note", text) for text in newer)


def _in_the_backend(name: str, document: dict[str, Any]) -> Iterator[Finding]:
    """Look whether the stack was made, and whether its secrets can be decrypted."""
    url = backend()
    if url is None:
        return
    known = known_stacks()
    if known is None:
        yield Finding("wrong", f"stack {name}: the backend lists no stacks: {told('stack', 'ls', '--json')[1]}")
    elif name in known:
        yield Finding("ok", f"stack {name} exists")
    else:
        yield Finding("missing", f"stack {name} does not exist", f"pulumi stack init {name}")
    provider = str(document.get("secretsprovider") or "passphrase")
    managed = url.startswith("http") and "encryptionsalt" not in document and "secretsprovider" not in document
    if managed or provider != "passphrase":
        yield Finding("ok", f"secrets: encrypted by {'the backend' if managed else provider}")
    elif {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys():
        yield _passphrase(name, document)
    else:
        yield Finding(
            "missing",
            "passphrase: neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set",
            "set it to the one this stack's secrets are, or are to be, encrypted with",
        )


def _passphrase(name: str, document: dict[str, Any]) -> Finding:
    """Look whether the passphrase that is set opens the secrets in the stack's file."""
    if "encryptionsalt" in document and "secure" in json.dumps(document, default=str):
        # What is decrypted is in the answer, and dropped.
        problem = told("config", "--show-secrets", "--json", "--stack", name)[1]
        if "incorrect passphrase" in problem:
            fix = "set PULUMI_CONFIG_PASSPHRASE to the one with which this stack was made"
            return Finding("wrong", f"passphrase: not the one that Pulumi.{name}.yaml is encrypted with", fix)
        if not problem:
            return Finding("ok", f"passphrase, which opens Pulumi.{name}.yaml")
    return Finding("ok", "passphrase (whether it is the right one shows when it is used)")


def _credentials(settings: Settings, configured: Collection[str]) -> Iterator[Finding]:
    """Look at the credentials that the stack needs: those in its file, by their keys, and those in the environment."""
    from infra.checks import credentials, preflight  # noqa: PLC0415  (needs what set-up installs)

    needs = credentials.needs_of(settings)
    for service, credential in credentials.CREDENTIALS.items():
        if not needs & credential.permissions.keys():
            continue
        if credential.config in configured:
            yield Finding("ok", f"{service}: {credential.config}")
        elif credential.in_environment(os.environ):
            yield Finding("ok", f"{service}: {credential.variables[-1]}")
        else:
            problem, _, fix = credential.missing(needs).partition(": ")
            yield Finding("missing", f"{service}: {problem}", fix)
    yield from (Finding("wrong", problem) for problem in preflight.github_owner_problems(settings, os.environ))


def _configuration(name: str, folder: Path) -> tuple[Settings, list[str]]:
    """Check a stack's files as the program does; an encrypted value counts as a good one."""
    from infra.config.load import examine_files  # noqa: PLC0415  (needs what set-up installs)
    from infra.config.stack_files import read_stack_files  # noqa: PLC0415

    return examine_files(name, read_stack_files(folder))
