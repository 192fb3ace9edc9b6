"""Start flyctl: its environment, its folders, and the one call that runs a process."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

TOKEN_VARIABLES = ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN")
"""The variables of a token. The first that is not empty wins, as in flyctl."""

ENDPOINTS = tuple(f"FLY_{name}_BASE_URL" for name in ("API", "FLAPS", "UIEX", "METRICS", "SYNTHETICS"))
"""The variables of the addresses of Fly.io's services."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_PASSED = ("PATH", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", *_PROXIES, *map(str.lower, _PROXIES), *ENDPOINTS)
# No telemetry, no self-update, no notices, no colour.
_SET = {
    "FLY_NO_UPDATE_CHECK": "1",
    "FLY_NO_INCIDENTS_CHECK": "1",
    "FLY_SEND_METRICS": "0",
    "FLY_SYNTHETICS_AGENT": "0",
    "NO_COLOR": "1",
}


class Completed(NamedTuple):
    """The exit code of a finished process (negative: killed by that signal) and its output."""

    returncode: int
    stdout: str = ""
    stderr: str = ""


class Run(Protocol):
    """Runs a program and returns its exit code and output.

    Raises:
        FileNotFoundError, PermissionError: There is no such program to run.
        TimeoutError: It took longer than `timeout` seconds and was killed.
    """

    def __call__(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run `argv`; `timeout` is in seconds."""


def run_process(argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float) -> Completed:
    """Run a real process; see `Run`."""
    done = None
    with suppress(subprocess.TimeoutExpired):
        # An empty input is an empty pipe: no terminal, and at its end at once.
        done = subprocess.run(
            list(argv), input=stdin, capture_output=True, env=dict(env), cwd=cwd, timeout=timeout, check=False
        )
    if done is None:
        # Raised outside the block, without its cause, whose output may hold a secret.
        raise TimeoutError
    return Completed(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def token(environ: Mapping[str, str]) -> str:
    """Return the token of an environment, or an empty string."""
    return next((environ[name] for name in TOKEN_VARIABLES if environ.get(name, "").strip()), "")


def child_environment(environ: Mapping[str, str], config_dir: Path) -> dict[str, str]:
    """Return flyctl's environment: the listed variables, and no other.

    The token always becomes FLY_API_TOKEN, because an empty FLY_ACCESS_TOKEN would hide it. LOG_LEVEL is not listed:
    at `debug`, flyctl prints secrets.
    """
    child = {name: environ[name] for name in _PASSED if name in environ}
    child |= _SET | {"FLY_CONFIG_DIR": str(config_dir)}
    if value := token(environ):
        child["FLY_API_TOKEN"] = value
    return child


class Workspace:
    """Private folders for flyctl. They last for one run, since a process that Pulumi ends has no time to tidy up.

    flyctl notes the version of its last write to an app's secrets in its configuration file, for its next read. Two
    runs that share the file lose the version. So each app has a file of its own, kept in memory between runs, and runs
    for one app wait for each other.
    """

    def __init__(self) -> None:
        self._locks: dict[str | None, Lock] = {}
        self._files: dict[str | None, bytes] = {}

    @contextmanager
    def opened(self, app: str | None) -> Iterator[tuple[Path, Path]]:
        """Yield a configuration folder for an app (None: for no app) and an empty working folder."""
        lock = self._locks.setdefault(app, Lock())  # atomic
        with lock, tempfile.TemporaryDirectory(prefix="flyctl-", ignore_cleanup_errors=True) as root:
            # A fly.toml in the working folder would change what flyctl does.
            config_dir, working_dir = Path(root, "config"), Path(root, "empty")
            config_dir.mkdir(mode=0o700)
            working_dir.mkdir()
            # flyctl logs every request, secrets included, into the folder `logs`. A file of that name prevents it.
            (config_dir / "logs").touch(mode=0o600)
            file = config_dir / "config.yml"
            if app in self._files:
                file.write_bytes(self._files[app])
            try:
                yield config_dir, working_dir
            finally:
                if file.is_file():
                    self._files[app] = file.read_bytes()
