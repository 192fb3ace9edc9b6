"""Run flyctl: with the token, in folders of its own, and again after passing failures."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TypeVar

from infra.providers.fly import answers, errors, process
from infra.providers.fly.command import Command
from infra.providers.fly.names import APP

TESTED_VERSION = (0, 4, 87)
"""The version that this package was verified with, and the oldest accepted: older ones read secrets differently."""

RETRY_PAUSES = (1.0, 4.0)
"""Seconds before the second and the third try, where a repeat is safe."""

T = TypeVar("T")


@dataclass(kw_only=True, eq=False, repr=False)  # a text of it would show the token
class Runner:
    """Runs flyctl. Safe to use from several threads: runs for one app wait for each other.

    Attributes:
        run: Starts a process; tests give their own.
        environ: Environment that holds token, PATH, proxies and flyctl's endpoints.
        sleep: Waits some seconds.
        now: Returns the time of day, in UTC.
    """

    run: process.Run = process.run_process
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _workspace: process.Workspace = field(default_factory=process.Workspace, init=False)
    _version: tuple[int, ...] | None = field(default=None, init=False)
    _version_lock: Lock = field(default_factory=Lock, init=False)

    def version(self) -> tuple[int, ...]:
        """Return flyctl's version. This runner asks flyctl once.

        Raises:
            FlyctlMissingError: There is no flyctl.
            FlyctlTooOldError: flyctl is older than `TESTED_VERSION`.
        """
        command = Command("asking flyctl for its version", ["version", "--json"])
        with self._version_lock:
            if self._version is None:
                self._version = command.parsed(answers.parse_version, self._once(command))
        if self._version < TESTED_VERSION:
            found, needed = answers.dotted(self._version), answers.dotted(TESTED_VERSION)
            problem = f"flyctl is {found}, and at least {needed} is needed"
            raise command.failed(errors.FlyctlTooOldError, problem)
        return self._version

    def _read(self, command: Command, parse: Callable[[str], T]) -> T:
        """Run a subcommand that needs the token, and parse its output."""
        return command.parsed(parse, self._call(command))

    def _call(self, command: Command) -> str:
        """Run a subcommand that needs the token, and return its output. Repeat it after passing failures if safe.

        A failure without a known meaning gets one repeat: flyctl shows some 5xx answers without their number.
        """
        if command.app is not None:
            command.require(APP, command.app)
        if not process.token(self.environ):
            raise command.failed(errors.FlyAuthError, f"neither {' nor '.join(process.TOKEN_VARIABLES)} is set")
        self.version()
        for repeat, pause in enumerate(RETRY_PAUSES if command.repeats else ()):
            try:
                return self._once(command)
            except (errors.ThrottledError, errors.TransientError):
                pass
            except errors.FlyctlFailedError:
                if repeat:
                    raise
            self.sleep(pause)
        return self._once(command)

    def _once(self, command: Command) -> str:
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
            # 126, 127 or a signal: stopped. Any other code is a panic, whose trace may hold the input.
            how = "was stopped" if done.returncode < 0 or done.returncode in {126, 127} else "crashed"
            raise command.failed(errors.FlyctlStoppedError, f"flyctl {how} (exit code {done.returncode})")
        text = answers.shown(done.stderr, [*command.hidden, process.token(self.environ)])
        problem = f"flyctl answered: {text}" if text else "flyctl gave no reason"
        kind = answers.meaning(done.stderr)
        raise command.failed(kind, problem, answers.next_step(kind, text))
