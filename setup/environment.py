"""Sets up what the program, its tests and the sandbox need: the virtual environment, then the engine.

Standard library only, run by `bin/setup` with any Python that is new enough. Doing nothing costs 0.1 s.
"""

import hashlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from setup import progress
from setup.engine import build
from setup.errors import guarded

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
# Names what is installed; empty while it is being installed. `bin/sandbox` looks for it.
STAMP = VENV / "set-up"
_PIP = "pip --disable-pip-version-check --no-input install --compile"
# A wheel runs no code when it is installed; a source would, with what it fetches for its build.
_LOCKED = f"{_PIP} --require-hashes --only-binary :all: -r"
# pip cannot hash a folder: it is built with the setuptools that is locked.
_LOCAL = f"{_PIP} --no-deps --no-index --no-build-isolation"
_INDEX = "What pip could not fetch it gets from the package index that it is set to: look whether that can be reached. "
# In the folder of the local SDK.
_LEFT_BY_PIP = {"build", "pulumi_neon.egg-info"}


def environment() -> None:
    """Make `.venv` with everything in requirements.lock, and nothing else of an index, unless that is what is there.

    Raises:
        SandboxError: This Python cannot make one, or pip failed.
    """
    if not is_set_up():
        log = ROOT / ".sandbox" / "setup.log"
        with progress.alone(log.with_suffix(".lock")):
            if not is_set_up():  # by another command, while this one waited
                _install(log)


def _install(log: Path) -> None:
    wanted = _wanted()
    # Completed where somebody made it; made anew where that was interrupted, or done with another Python.
    interrupted = STAMP.is_file() and not STAMP.read_text()
    anew = interrupted or (VENV / "bin" / "python").resolve() != Path(sys.executable).resolve()
    hint = f"Where ensurepip is missing: on Debian and Ubuntu it is in python3.{sys.version_info.minor}-venv. "
    make = [sys.executable, "-m", "venv", *(["--clear"] if anew else []), str(VENV)]
    progress.run("Making .venv", make, log=log, hint=hint)
    STAMP.write_text("")
    # Without compiled modules each run of the program takes 4 s longer.
    compiling = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for what, options in (("requirements.lock", _LOCKED), ("sdks/neon", _LOCAL)):
        pip: list[str | Path] = [VENV / "bin" / "python", "-m", *options.split(), ROOT / what]
        progress.run(f"Installing {what}", pip, log=log, cwd=ROOT, env=compiling, hint=_INDEX)
    STAMP.write_text(wanted)


def is_set_up() -> bool:
    """Tell whether `.venv` is there, with everything in requirements.lock."""
    return STAMP.is_file() and STAMP.read_text() == _wanted() and (VENV / "bin" / "python").exists()


def _wanted() -> str:
    """Return a digest of what determines the environment: the lock, the local SDK, Python."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}\n".encode())
    for path in [ROOT / "requirements.lock", *sorted((ROOT / "sdks").rglob("*.*"))]:
        if path.is_file() and path.suffix in {".lock", ".py", ".toml"} and not _LEFT_BY_PIP.intersection(path.parts):
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Set up, and return the exit code."""
    build.check()
    environment()
    build.ensure()
    return 0


if __name__ == "__main__":
    sys.exit(guarded("bin/setup", main))
