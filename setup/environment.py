"""Set up the virtual environment and the engine, for the program, its tests and the sandbox: `bin/setup`.

Standard library only; any Python from 3.11 on can run it. If both are up to date, it takes 0.1 s.
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
# A digest of the installed packages; empty during an installation. `bin/sandbox` checks it.
STAMP = VENV / "set-up"
_PIP = "pip --disable-pip-version-check --no-input install --compile"
# Wheels only: a source distribution runs its own code and downloads packages for its build.
_LOCKED = f"{_PIP} --require-hashes --only-binary :all: -r"
# pip cannot hash a folder, so it builds this one with the locked setuptools and nothing else.
_LOCAL = f"{_PIP} --no-deps --no-index --no-build-isolation"
_INDEX = "If pip could not download a package, check that its package index can be reached. "
# pip leaves these in the folder of the local SDK.
_LEFT_BY_PIP = {"build", "pulumi_neon.egg-info"}


def environment() -> None:
    """Make `.venv` from requirements.lock alone, unless it is up to date.

    Raises:
        SandboxError: This Python cannot make a virtual environment, or pip failed.
    """
    if not is_set_up():
        log = ROOT / ".sandbox" / "setup.log"
        with progress.alone(log.with_suffix(".lock")):
            if not is_set_up():  # another command may have done it while this one waited
                _install(log)


def _install(log: Path) -> None:
    wanted = _wanted()
    # Complete an environment that the user made. Replace it if it is half installed or of another Python.
    interrupted = STAMP.is_file() and not STAMP.read_text()
    replaced = interrupted or (VENV / "bin" / "python").resolve() != Path(sys.executable).resolve()
    hint = f"If ensurepip is missing, install python3.{sys.version_info.minor}-venv (Debian, Ubuntu). "
    make = [sys.executable, "-m", "venv", *(["--clear"] if replaced else []), str(VENV)]
    progress.run("Making .venv", make, log=log, hint=hint)
    STAMP.write_text("")
    # Compile the modules now: each run of the program would otherwise take 4 s longer.
    compiling = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for what, options in (("requirements.lock", _LOCKED), ("sdks/neon", _LOCAL)):
        pip: list[str | Path] = [VENV / "bin" / "python", "-m", *options.split(), ROOT / what]
        progress.run(f"Installing {what}", pip, log=log, cwd=ROOT, env=compiling, hint=_INDEX)
    STAMP.write_text(wanted)


def is_set_up() -> bool:
    """Return whether `.venv` has everything in requirements.lock."""
    return STAMP.is_file() and STAMP.read_text() == _wanted() and (VENV / "bin" / "python").exists()


def _wanted() -> str:
    """Return a digest of the environment's sources: the lock, the local SDK, Python's version."""
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
