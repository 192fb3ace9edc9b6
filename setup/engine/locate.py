"""Find the Pulumi CLI: on PATH, or built by `setup.engine.build`."""

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
# The version of the finished binary beside it.
STAMP = BUILT / "version"

Version = tuple[int, int, int]


def pinned() -> Version:
    """Return the engine's version in go.mod, the oldest version that the tests run with."""
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
    """Return the path of `pulumi` on PATH, or of the engine built here, or None.

    Raises:
        SandboxError: The `pulumi` on PATH is older than the pinned version.
    """
    # Inside the sandbox, PATH starts with the sandbox's own `pulumi`, which is not the engine.
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
            "Upgrade it (https://www.pulumi.com/docs/install/), or remove it from PATH: bin/setup then builds one "
            "with Go."
        )
    return Path(found)


def official() -> bool:
    """Return whether the engine is an installed CLI, which has its own language host, and was not built here."""
    return locate() not in {None, BUILT / "pulumi"}


def built() -> bool:
    """Return whether the pinned engine has been built here."""
    return STAMP.is_file() and STAMP.read_text() == dotted(pinned()) and (BUILT / "pulumi").is_file()


def _version(cli: Path) -> Version:
    """Return the CLI's version. Ask a binary only once, because that takes 0.1 s."""
    status = cli.stat()
    key = [str(cli), status.st_mtime_ns, status.st_size]
    cache = BUILT / "cli.json"
    known = json.loads(cache.read_text()) if cache.is_file() else []
    if known[:-1] != key:
        known = [""]
        with suppress(OSError):  # the binary does not run, or the checkout is read-only
            known = [*key, progress.answer([cli, "version"]).stdout.strip()]
            write(cache, json.dumps(known))
    return parse(known[-1])
