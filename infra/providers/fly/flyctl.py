"""The one place that runs flyctl.

`Flyctl` has a method for each subcommand in use, named like it. Each returns a typed result or raises a `FlyError`.
Verified against flyctl v0.4.87.
"""

import logging
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import TypeVar

from infra.providers.fly import answers, errors, process, secrets_format
from infra.providers.fly.answers import AppStatus, Secret, Token
from infra.providers.fly.names import APP, ORGANIZATION, SECRET, TOKEN, Rule

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

_MINTING_HINT = (
    "An organization's or an app's token may not be allowed to make tokens; a personal one is (`flyctl auth token`). "
    "Without one, give the deploy token itself as a configuration secret."
)


@dataclass(frozen=True, repr=False)  # whose text would show the input
class _Command:
    """A run of flyctl.

    Attributes:
        action: What it is for, as an error would say it: "listing its secrets".
        argv: The subcommand and its arguments.
        app: The app that it is about, or None.
        stdin: What it reads.
        hidden: Texts in that input that are never to be shown.
        timeout: Seconds it may take.
    """

    action: str
    argv: Sequence[str]
    app: str | None = None
    stdin: bytes = b""
    hidden: Collection[str] = ()
    timeout: float = READ_TIMEOUT

    def failed(self, kind: type[errors.FlyError], problem: str, hint: str = "") -> errors.FlyError:
        """Return the error that says what this was for, and to which app."""
        return kind(self.action, problem, app=self.app, hint=hint)

    def require(self, rule: Rule, *words: str) -> None:
        """Refuse to run with words that flyctl would misread."""
        if problems := list(filter(None, map(rule.problem, words))):
            raise self.failed(errors.RefusedError, "; ".join(problems), "Nothing was sent to Fly.io.")

    def parsed(self, parse: Callable[[str], T], stdout: str) -> T:
        """Return what was answered. What is wrong with it is one error, without its cause: that may hold a token."""
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            return parse(stdout)
        raise self.failed(errors.UnexpectedAnswerError, "flyctl's answer is not in the form of the tested version")


@dataclass(kw_only=True, eq=False, repr=False)  # whose text would show the token
class Flyctl:
    """Runs flyctl. Safe to use from several threads: runs for one app wait for each other.

    Attributes:
        run: Starts a process; tests give their own.
        environ: Environment from which token, PATH, proxies and flyctl's endpoints are taken.
        sleep: Waits some seconds.
        now: The time of day, in UTC.
        warn: Told, once, that flyctl is newer than the tested version.
    """

    run: process.Run = process.run_process
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    warn: Callable[[str], None] = logging.getLogger(__name__).warning
    _workspace: process.Workspace = field(default_factory=process.Workspace, init=False)
    _version: tuple[int, ...] | None = field(default=None, init=False)
    _version_lock: Lock = field(default_factory=Lock, init=False)

    def version(self) -> tuple[int, ...]:
        """Return flyctl's version, asked once per process.

        Raises:
            FlyctlMissingError: There is no flyctl.
            FlyctlTooOldError: It is older than `TESTED_VERSION`.
        """
        command = _Command("asking flyctl for its version", ["version", "--json"])
        tested = _dotted(TESTED_VERSION)
        with self._version_lock:
            if self._version is None:
                self._version = command.parsed(answers.parse_version, self._once(command))
                if self._version > TESTED_VERSION:
                    self.warn(f"flyctl {_dotted(self._version)} is newer than the tested {tested}; it should work.")
        if self._version < TESTED_VERSION:
            problem = f"flyctl is {_dotted(self._version)}, and at least {tested} is needed"
            raise command.failed(errors.FlyctlTooOldError, problem)
        return self._version

    def orgs_list(self) -> frozenset[str]:
        """Return the slugs of the organizations the token may see."""
        command = _Command("listing the organizations", ["orgs", "list", "--json"])
        return self._read(command, answers.parse_organizations)

    def status(self, app: str) -> AppStatus:
        """Return an app.

        Raises:
            AppNotFoundError: There is none, or none that the token may see.
        """
        return self._read(_Command("looking at it", ["status", "--json", "-a", app], app), answers.parse_status)

    def apps_create(self, app: str, *, organization: str) -> None:
        """Create an app. Not repeated, and not to be believed when it fails: the app may exist all the same."""
        argv = ["apps", "create", app, "--org", organization]
        command = _Command("creating it", argv, app, timeout=SLOW_TIMEOUT)
        command.require(ORGANIZATION, organization)
        self._call(command)

    def apps_destroy(self, app: str) -> None:
        """Destroy an app and everything in it.

        Raises:
            AppNotFoundError: It is gone already.
        """
        argv = ["apps", "destroy", app, "--yes"]
        self._call(_Command("destroying it", argv, app, timeout=SLOW_TIMEOUT), repeat=True)

    def secrets_list(self, app: str) -> dict[str, Secret]:
        """Return an app's secrets by name.

        Raises:
            AppNotFoundError: There is no such app.
        """
        command = _Command("listing its secrets", ["secrets", "list", "--json", "-a", app], app)
        try:
            return self._read(command, answers.parse_secrets)
        except errors.FlyctlFailedError:
            # What this command says of a missing app is the server's text, which is not known; `status` raises.
            self.status(app)
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
        argv, stdin = ["secrets", "import", "-a", app], secrets_format.encode(values)
        self._write(_Command(f"setting {len(values)} secrets", argv, app, stdin, values.values()), stage=stage)

    def secrets_unset(self, app: str, names: Sequence[str], *, stage: bool = True) -> None:
        """Remove secrets, all in one request; absent ones are no error. `stage` as in `secrets_import`."""
        command = _Command("removing secrets", ["secrets", "unset", *names, "-a", app], app)
        command.require(SECRET, *names)
        self._write(command, stage=stage)

    def tokens_create_deploy(self, app: str, *, name: str, expiry_hours: int) -> str:
        """Mint a deploy token and return it; nothing can show it again. Not repeated: each call mints another."""
        argv = ["tokens", "create", "deploy", "-a", app, "--name", name, "--expiry", f"{expiry_hours}h", "--json"]
        command = _Command(f"making the deploy token {name}", argv, app)
        command.require(TOKEN, name)
        try:
            stdout = self._call(command)
        except (errors.FlyAuthError, errors.FlyctlFailedError) as error:
            raise command.failed(type(error), error.problem, _MINTING_HINT) from None
        token = command.parsed(answers.parse_minted, stdout)
        if not ("fm1" in token or "fm2_" in token):
            problem = "flyctl reported success without a token"
            raise command.failed(errors.UnexpectedAnswerError, problem, _MINTING_HINT)
        return token

    def tokens_list(self, app: str) -> list[Token]:
        """Return an app's deploy tokens, revoked ones included.

        Raises:
            AppNotFoundError: There is no such app.
        """
        return self._read(_Command("listing its tokens", ["tokens", "list", "-a", app], app), answers.parse_tokens)

    def tokens_revoke(self, app: str, ids: Sequence[str]) -> frozenset[str]:
        """Revoke tokens of an app and return the ids that flyctl says were revoked: it never fails."""
        command = _Command("revoking tokens", ["tokens", "revoke", *ids], app)
        command.require(TOKEN, *ids)
        lines = set(answers.plain(self._call(command, repeat=True)).splitlines())
        return frozenset(token_id for token_id in ids if f"Revoked {token_id}" in lines)

    def _read(self, command: _Command, parse: Callable[[str], T]) -> T:
        return command.parsed(parse, self._call(command, repeat=True))

    def _write(self, command: _Command, *, stage: bool) -> None:
        if stage:
            # Staging the same values again is harmless; a rollout would restart the machines again.
            self._call(replace(command, argv=[*command.argv, "--stage"]), repeat=True)
        else:
            self._call(replace(command, timeout=ROLLOUT_TIMEOUT))

    def _call(self, command: _Command, *, repeat: bool = False) -> str:
        """Run a subcommand that needs the token, again after a passing failure if `repeat`; return its output."""
        if command.app is not None:
            command.require(APP, command.app)
        if not process.token(self.environ):
            raise command.failed(errors.FlyAuthError, f"neither {' nor '.join(process.TOKEN_VARIABLES)} is set")
        self.version()
        for pause in RETRY_PAUSES if repeat else ():
            with suppress(errors.ThrottledError, errors.TransientError):
                return self._once(command)
            self.sleep(pause)
        return self._once(command)

    def _once(self, command: _Command) -> str:
        with self._workspace.opened(command.app) as (config_dir, cwd):
            env = process.child_environment(self.environ, config_dir)
            argv, stdin, timeout = ["flyctl", *command.argv], command.stdin, command.timeout
            try:
                done = self.run(argv, stdin=stdin, env=env, cwd=cwd, timeout=timeout)
            except TimeoutError:
                problem = f"flyctl did not finish within {timeout:.0f} s and was stopped"
                raise command.failed(errors.FlyctlTimeoutError, problem) from None
            except OSError as error:
                raise command.failed(errors.FlyctlMissingError, f"flyctl cannot be run ({error.strerror})") from None
        if done.returncode == 0:
            return done.stdout
        if done.returncode != 1:
            # 126, 127 or a signal: stopped. Anything else is a panic, whose trace may hold the input.
            how = "was stopped" if done.returncode < 0 or done.returncode in {126, 127} else "crashed"
            raise command.failed(errors.FlyctlStoppedError, f"flyctl {how} (exit code {done.returncode})")
        text = answers.shown(done.stderr, [*command.hidden, process.token(self.environ)])
        problem = f"flyctl answered: {text}" if text else "flyctl gave no reason"
        raise command.failed(answers.meaning(done.stderr), problem)


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
