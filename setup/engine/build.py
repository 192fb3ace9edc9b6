"""Provide an engine: Pulumi's CLI on PATH, or its Go module built here. Standard library only."""

import os
import shutil
import tempfile
from pathlib import Path

from setup import progress
from setup.engine.locate import BUILT, HERE, STAMP, built, dotted, locate, parse, pinned
from setup.errors import SandboxError

_GO = parse((HERE / "go.mod").read_text().partition("\ngo ")[2])
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
# An official CLI ships both programs. The engine looks for them in its own folder first.
_COMPANIONS = ("pulumi-language-python", "pulumi-resource-pulumi-python")


def ensure() -> Path:
    """Return the path of a usable `pulumi`. If there is none, build it, which takes minutes.

    Raises:
        SandboxError: The CLI on PATH is too old, there is neither CLI nor Go, or the build failed.
    """
    if found := locate():
        return found
    go = _go()
    with progress.alone(BUILT / "lock"):
        if not built():  # another command may have built it while this one waited
            _build(go)
    return BUILT / "pulumi"


def check() -> None:
    """Check early whether `ensure` can succeed.

    Raises:
        SandboxError: The CLI on PATH is too old, or there is neither CLI nor Go.
    """
    if locate() is None:
        _go()


def _go() -> str:
    """Return the path of a Go that is new enough."""
    install = (
        f"Install the Pulumi CLI {dotted(pinned())} or later (https://www.pulumi.com/docs/install/), "
        f"or Go {dotted(_GO)} or later (https://go.dev/dl/): bin/setup then builds the engine, once."
    )
    go = shutil.which("go")
    if go is None:
        raise SandboxError(f"There is neither `pulumi` nor `go` on PATH. {install}")
    # GOTOOLCHAIN=local: an old Go would download a newer one, and its errors do not say so.
    answer = progress.answer([go, "version"], env=os.environ | {"GOTOOLCHAIN": "local"}).stdout.strip()
    if parse(answer) < _GO:
        raise SandboxError(f"{go} is too old to build Pulumi ({answer or 'no version'}). {install}")
    return go


def _build(go: str) -> None:
    """Build the engine in a temporary folder and move it into place when it is complete."""
    for left in BUILT.glob("build.*/"):  # a killed build leaves its folder
        shutil.rmtree(left)
    version = dotted(pinned())
    with tempfile.TemporaryDirectory(dir=BUILT, prefix="build.") as folder:
        made = Path(folder, "pulumi")
        # Without debug information and with a larger heap the build is a fifth shorter.
        flags = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"]
        flags.append(f"-ldflags=-s -w -X {_VERSION}=v{version}")
        environment = {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        environment |= {"CGO_ENABLED": "0", "GOGC": "400"}
        command: list[str | Path] = [go, "build", *flags, "-o", made, _PACKAGE]
        what = f"Building the Pulumi engine {version} from its Go module (minutes, once)"
        progress.run(what, command, log=BUILT / "build.log", cwd=HERE, env=os.environ | environment)
        made.replace(BUILT / "pulumi")
    for name in _COMPANIONS:
        link = BUILT / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(HERE / "path" / name, BUILT))
    STAMP.write_text(version)
