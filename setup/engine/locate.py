"""Finds the Pulumi CLI: the one on PATH, or the one that `build` made."""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from setup import progress
from setup.errors import SandboxError
from setup.files import write

HERE = Path(__file__).resolve().parent
# One build for every world of this checkout.
BUILT = HERE.parents[1] / ".sandbox" / "engine"
# What `setup.engine.build` leaves beside the finished binary.
STAMP = BUILT / "version"

Version = tuple[int, int, int]


def pinned() -> Version:
    """Return the version of the engine in go.mod: the oldest this project is tested with."""
    return parse((HERE / "go.mod").read_text().partition("github.com/pulumi/pulumi/pkg/v3 ")[2])


def parse(text: str) -> Version:
    """Return the first version in a text such as `v3.259.0` or `go version go1.26.8 linux/amd64`."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    major, minor, patch = found.groups(default="0") if found else "000"
    return (int(major), int(minor), int(patch))


def dotted(version: Version) -> str:
    """Return `3.259.0` for (3, 259, 0)."""
    return ".".join(map(str, version))


def locate() -> Path | None:
    """Return the path of `pulumi`: from PATH, else self-built, else None.

    Raises:
        SandboxError: PATH has one that is older than the pinned version.
    """
    # In a command that the sandbox runs, PATH starts with its own `pulumi`, which is not the engine.
    shim = os.path.join(os.environ.get("RELAY_SANDBOX", ""), "bin")  # noqa: PTH118 -- compared as text
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in {shim, str(BUILT)}]
    found = shutil.which("pulumi", path=os.pathsep.join(folders))
    if found is None:
        return BUILT / "pulumi" if built() else None
    version = _version(Path(found))
    if version < pinned():
        what = f"is Pulumi {dotted(version)}" if any(version) else "does not tell its version"
        raise SandboxError(
            f"{found} {what}, but this project needs {dotted(pinned())} or later. "
            "Upgrade it (https://www.pulumi.com/docs/install/), or take it off PATH: then one is built with Go."
        )
    return Path(found)


def language_host() -> str:
    """Name the language host that runs the program: the one of an official CLI, or the sandbox's own."""
    own = locate() == BUILT / "pulumi"
    return "built here, with the sandbox's language host" if own else "the installed CLI, with its own language host"


def built() -> bool:
    """Tell whether the pinned engine has been built."""
    return STAMP.is_file() and STAMP.read_text() == dotted(pinned()) and (BUILT / "pulumi").is_file()


def _version(cli: Path) -> Version:
    """Return the CLI's version; asked once for each binary, as asking costs 0.1 s."""
    status = cli.stat()
    key = [str(cli), status.st_mtime_ns, status.st_size]
    cache = BUILT / "cli.json"
    known = json.loads(cache.read_text()) if cache.is_file() else []
    if known[:-1] != key:
        known = [""]
        with suppress(OSError):  # one that cannot be run, and a checkout that cannot be written
            known = [*key, progress.answer([cli, "version"]).stdout.strip()]
            write(cache, json.dumps(known))
    return parse(known[-1])
