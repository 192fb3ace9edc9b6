"""Makes sure that there is an engine: Pulumi's CLI on PATH, or one built here from its Go module.

Standard library only.
"""

import os
import shutil
import tempfile
from pathlib import Path

from setup import progress
from setup.engine.locate import BUILT, HERE, STAMP, built, dotted, locate, parse, pinned
from setup.errors import SandboxError

_GO = (1, 26, 0)
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
# The programs that an official CLI brings along. The engine looks for them beside itself first.
_COMPANIONS = ("pulumi-language-python", "pulumi-resource-pulumi-python")


def ensure() -> Path:
    """Return the path of a usable `pulumi`; build it where there is none (minutes, once).

    Raises:
        SandboxError: The CLI on PATH is too old, there is neither CLI nor Go, or the build failed.
    """
    if found := locate():
        return found
    go = _go()
    with progress.alone(BUILT / "lock"):
        if not built():  # by another command, while this one waited
            _build(go)
    return BUILT / "pulumi"


def check() -> None:
    """Tell at once what `ensure` would find out later: that there is nothing to get an engine from.

    Raises:
        SandboxError: The CLI on PATH is too old, or there is neither CLI nor Go.
    """
    if locate() is None:
        _go()


def _go() -> str:
    """Return the path of a Go that is new enough."""
    install = (
        f"Install the Pulumi CLI {dotted(pinned())} or later (https://www.pulumi.com/docs/install/), "
        f"or Go {_GO[0]}.{_GO[1]} or later (https://go.dev/dl/), with which it is built here once."
    )
    go = shutil.which("go")
    if go is None:
        raise SandboxError(f"There is neither `pulumi` nor `go` on PATH. {install}")
    # GOTOOLCHAIN=local: an old Go would otherwise download a newer one, and a failure of that says little.
    answer = progress.answer([go, "version"], env=os.environ | {"GOTOOLCHAIN": "local"}).stdout.strip()
    if parse(answer) < _GO:
        raise SandboxError(f"{go} is too old to build Pulumi ({answer or 'no version'}). {install}")
    return go


def _build(go: str) -> None:
    """Build the engine beside its place and move it there: what is in place is whole."""
    for left in BUILT.glob("build.*/"):  # by a build that was killed
        shutil.rmtree(left)
    version = dotted(pinned())
    with tempfile.TemporaryDirectory(dir=BUILT, prefix="build.") as folder:
        made = Path(folder, "pulumi")
        # Neither debug information nor a frugal compiler: each makes the build about a tenth longer.
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
