"""The one place that runs flyctl.

`Flyctl` has a method for each subcommand in use, named like it. Each returns a typed result or raises a `FlyError`.
Verified against flyctl v0.4.87.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TypedDict, TypeVar, Unpack

from infra.providers.fly import answers, errors, process, secrets_format
from infra.providers.fly.answers import AppStatus, Secret, Token

TESTED_VERSION = (0, 4, 87)
"""The version everything here was verified with, and the oldest accepted: older ones read secrets differently."""

READ_TIMEOUT = 60.0
"""Seconds for a command that reads, or stages secrets."""
SLOW_TIMEOUT = 120.0
"""Seconds to create or destroy an app; creating itself waits up to 60 s for the new app to be known everywhere."""
ROLLOUT_TIMEOUT = 900.0
"""Seconds for a command that restarts machines, one after another, some 10 s each."""
RETRY_PAUSES = (1.0, 4.0)
"""Seconds before the second and the third try, where a repeat is safe."""

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_APP = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
_TOKEN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MINTING_HINT = (
    "An organization's or an app's token may not be allowed to make tokens; a personal one is (`flyctl auth token`). "
    "Without one, give the deploy token itself as a configuration secret."
)


def app_name_problem(name: str) -> str | None:
    """Return why an app cannot have this name, or None. flyctl itself does not check, not even for `../`."""
    return None if _APP.fullmatch(name) else f"{name!r} is not 1 to 63 lowercase letters, digits and inner hyphens"


def organization_problem(slug: str) -> str | None:
    """Return why an organization cannot have this slug, or None."""
    return None if _SLUG.fullmatch(slug) else f"{slug!r} is no organization's slug: lowercase letters, digits, hyphens"


class _Input(TypedDict, total=False):
    """What a subcommand reads, and the texts in it that are never to be shown."""

    stdin: bytes
    hidden: Iterable[str]


class _How(_Input, total=False):
    """How a subcommand is run: besides its input, for which app, and how long, in seconds."""

    app: str | None
    timeout: float


class Flyctl:
    """Runs flyctl. Safe to use from several threads: runs for one app wait for each other.

    Args:
        run: Starts a process; tests give their own.
        environ: Environment from which token, PATH, proxies and flyctl's endpoints are taken; the process's own by
            default.
        clock: Seconds that only grow.
        sleep: Waits that many seconds.
        now: The time of day, in UTC.
        warn: Told, once, that flyctl is newer than the tested version.
    """

    def __init__(
        self,
        *,
        run: process.Run = process.run_process,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        warn: Callable[[str], None] = _LOG.warning,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.now = now
        self._run = run
        self._environ = os.environ if environ is None else environ
        self._warn = warn
        self._workspace = process.Workspace()
        self._version: tuple[int, ...] | None = None
        self._version_lock = Lock()

    def version(self) -> tuple[int, ...]:
        """Return flyctl's version, asked once per process.

        Raises:
            FlyctlMissingError: There is no flyctl.
            FlyctlTooOldError: It is older than `TESTED_VERSION`.
        """
        action, tested = "asking flyctl for its version", _dotted(TESTED_VERSION)
        with self._version_lock:
            if self._version is None:
                stdout = self._once(action, ["version", "--json"])
                self._version = _parsed(answers.parse_version, stdout, action)
                if self._version > TESTED_VERSION:
                    self._warn(f"flyctl {_dotted(self._version)} is newer than the tested {tested}; it should work.")
        if self._version < TESTED_VERSION:
            problem = f"flyctl is {_dotted(self._version)}, and at least {tested} is needed"
            raise errors.FlyctlTooOldError(action, problem)
        return self._version

    def orgs_list(self) -> frozenset[str]:
        """Return the slugs of the organizations the token may see."""
        return self._read("listing the organizations", ["orgs", "list", "--json"], answers.parse_organizations)

    def status(self, app: str) -> AppStatus | None:
        """Return an app, or None where there is none, or none that the token may see."""
        with suppress(errors.AppNotFoundError):
            return self._read("looking at it", ["status", "--json", "-a", app], answers.parse_status, app)
        return None

    def apps_create(self, app: str, *, organization: str) -> None:
        """Create an app. Not repeated, and not to be believed when it fails: the app may exist all the same."""
        self._check(organization_problem(organization), "creating it", app)
        self._call("creating it", ["apps", "create", app, "--org", organization], app=app, timeout=SLOW_TIMEOUT)

    def apps_destroy(self, app: str) -> None:
        """Destroy an app and everything in it.

        Raises:
            AppNotFoundError: It is gone already.
        """
        self._call("destroying it", ["apps", "destroy", app, "--yes"], app=app, repeat=True, timeout=SLOW_TIMEOUT)

    def secrets_list(self, app: str) -> dict[str, Secret]:
        """Return an app's secrets by name.

        Raises:
            AppNotFoundError: There is no such app.
        """
        action = "listing its secrets"
        try:
            return self._read(action, ["secrets", "list", "--json", "-a", app], answers.parse_secrets, app)
        except errors.FlyctlFailedError:
            # What this command says of a missing app is the server's text, which is not known.
            if self.status(app) is None:
                raise errors.AppNotFoundError(action, "there is no such app", app=app) from None
            raise

    def secrets_import(self, app: str, values: Mapping[str, str], *, stage: bool = True) -> None:
        """Set secrets, all in one request.

        Args:
            app: The app.
            values: Name → value; not empty, or flyctl fails.
            stage: Leave the machines alone; False restarts them.

        Raises:
            SecretFormatError: flyctl cannot carry a value unaltered; nothing was sent.
        """
        stdin = secrets_format.encode(values)
        action, hidden = f"setting {len(values)} secrets", values.values()
        self._write(action, ["secrets", "import"], stage=stage, app=app, stdin=stdin, hidden=hidden)

    def secrets_unset(self, app: str, names: Sequence[str], *, stage: bool = True) -> None:
        """Remove secrets, all in one request; absent ones are no error. `stage` as in `secrets_import`."""
        action = "removing secrets"
        for name in names:
            self._check(secrets_format.name_problem(name), action, app)
        self._write(action, ["secrets", "unset", *names], stage=stage, app=app)

    def tokens_create_deploy(self, app: str, *, name: str, expiry_hours: int) -> str:
        """Mint a deploy token and return it; nothing can show it again. Not repeated: each call mints another."""
        action = f"making the deploy token {name}"
        self._check(None if _TOKEN_NAME.fullmatch(name) else f"{name!r} is not a plain name", action, app)
        argv = ["tokens", "create", "deploy", "-a", app, "--name", name, "--expiry", f"{expiry_hours}h", "--json"]
        try:
            stdout = self._call(action, argv, app=app)
        except (errors.FlyAuthError, errors.FlyctlFailedError) as error:
            raise type(error)(action, error.problem, app=app, hint=_MINTING_HINT) from None
        token = _parsed(answers.parse_minted, stdout, action, app)
        if not ("fm1" in token or "fm2_" in token):
            problem = "flyctl reported success without a token"
            raise errors.UnexpectedAnswerError(action, problem, app=app, hint=_MINTING_HINT)
        return token

    def tokens_list(self, app: str) -> list[Token]:
        """Return an app's deploy tokens, revoked ones included.

        Raises:
            AppNotFoundError: There is no such app.
        """
        return self._read("listing its tokens", ["tokens", "list", "-a", app], answers.parse_tokens, app)

    def tokens_revoke(self, app: str, ids: Sequence[str]) -> frozenset[str]:
        """Revoke tokens of an app and return the ids that flyctl says were revoked: it never fails."""
        action = "revoking tokens"
        for token_id in ids:
            self._check(None if _TOKEN_ID.fullmatch(token_id) else f"{token_id!r} is not an id", action, app)
        stdout = self._call(action, ["tokens", "revoke", *ids], app=app, repeat=True)
        lines = set(answers.plain(stdout).splitlines())
        return frozenset(token_id for token_id in ids if f"Revoked {token_id}" in lines)

    def _read(self, action: str, argv: list[str], parse: Callable[[str], T], app: str | None = None) -> T:
        return _parsed(parse, self._call(action, argv, repeat=True, app=app), action, app)

    def _write(self, action: str, argv: list[str], *, stage: bool, app: str, **how: Unpack[_Input]) -> None:
        argv = [*argv, *(["--stage"] if stage else []), "-a", app]
        timeout = READ_TIMEOUT if stage else ROLLOUT_TIMEOUT
        # Staging the same values again is harmless; a rollout would restart the machines again.
        self._call(action, argv, repeat=stage, app=app, timeout=timeout, **how)

    def _call(self, action: str, argv: list[str], *, repeat: bool = False, **how: Unpack[_How]) -> str:
        """Run a subcommand that needs the token, again after a passing failure if `repeat`; return its output."""
        app = how.get("app")
        if app is not None:
            self._check(app_name_problem(app), action, app)
        if not process.token(self._environ):
            raise errors.FlyAuthError(action, f"neither {' nor '.join(process.TOKEN_VARIABLES)} is set", app=app)
        self.version()
        for pause in RETRY_PAUSES if repeat else ():
            try:
                return self._once(action, argv, **how)
            except (errors.ThrottledError, errors.TransientError):
                self.sleep(pause)
        return self._once(action, argv, **how)

    def _once(self, action: str, argv: list[str], **how: Unpack[_How]) -> str:
        app, timeout = how.get("app"), how.get("timeout", READ_TIMEOUT)
        with self._workspace.opened(app) as (config_dir, cwd):
            env = process.child_environment(self._environ, config_dir)
            try:
                done = self._run(["flyctl", *argv], stdin=how.get("stdin"), env=env, cwd=cwd, timeout=timeout)
            except TimeoutError:
                problem = f"flyctl did not finish within {timeout:.0f} s and was stopped"
                raise errors.FlyctlTimeoutError(action, problem, app=app) from None
            except OSError as error:
                problem = f"flyctl cannot be run ({error.strerror})"
                raise errors.FlyctlMissingError(action, problem, app=app) from None
        if done.returncode == 0:
            return done.stdout
        if done.returncode != 1:
            # 126, 127 or a signal: stopped. Anything else is a panic, whose trace may hold the input.
            stopped = done.returncode < 0 or done.returncode in {126, 127}
            problem = f"flyctl {'was stopped' if stopped else 'crashed'} (exit code {done.returncode})"
            raise errors.FlyctlStoppedError(action, problem, app=app)
        text = answers.shown(done.stderr, [*how.get("hidden", ()), process.token(self._environ)])
        problem = f"flyctl answered: {text}" if text else "flyctl gave no reason"
        raise answers.meaning(done.stderr)(action, problem, app=app)

    @staticmethod
    def _check(problem: str | None, action: str, app: str) -> None:
        if problem:
            raise errors.RefusedError(action, problem, app=app, hint="Nothing was sent to Fly.io.")


@cache
def shared() -> Flyctl:
    """Return the one `Flyctl` of this process, so that its version is asked once and its locks hold."""
    return Flyctl()


def _parsed(parse: Callable[[str], T], stdout: str, action: str, app: str | None = None) -> T:
    """Return what was parsed; whatever is wrong with it becomes one error, without its cause: that may hold a token."""
    with suppress(AttributeError, KeyError, TypeError, ValueError):
        return parse(stdout)
    problem = "flyctl's answer is not in the form of the tested version"
    raise errors.UnexpectedAnswerError(action, problem, app=app)


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
