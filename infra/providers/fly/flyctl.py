"""Run flyctl, and turn its answers into typed results or errors.

`Flyctl` has a method for each subcommand in use, under the subcommand's name; those here were verified with v0.4.87.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TypeVar

from infra.providers.fly import answers, errors, process, secrets_format
from infra.providers.fly.answers import AppStatus, Secret, Token
from infra.providers.fly.certs import Certs
from infra.providers.fly.command import READ_TIMEOUT, ROLLOUT_TIMEOUT, SLOW_TIMEOUT, Command
from infra.providers.fly.names import APP, ORGANIZATION, SECRET, TOKEN

TESTED_VERSION = (0, 4, 87)
"""The version this module was verified with, and the oldest accepted: older ones read secrets differently."""

RETRY_PAUSES = (1.0, 4.0)
"""Seconds before the second and the third try, where a repeat is safe."""

T = TypeVar("T")


@dataclass(kw_only=True, eq=False, repr=False)  # a text of it would show the token
class Flyctl(Certs):
    """Runs flyctl. Safe to use from several threads: runs for one app wait for each other.

    Attributes:
        run: Starts a process; tests give their own.
        environ: Environment that holds token, PATH, proxies and flyctl's endpoints.
        sleep: Waits some seconds.
        now: Returns the time of day, in UTC.
        warn: Receives the warning, once, that flyctl is newer than the tested version.
    """

    run: process.Run = process.run_process
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    warn: Callable[[str], None] = lambda _text: None
    _workspace: process.Workspace = field(default_factory=process.Workspace, init=False)
    _version: tuple[int, ...] | None = field(default=None, init=False)
    _version_lock: Lock = field(default_factory=Lock, init=False)

    def apps_create(self, app: str, *, organization: str) -> None:
        """Create an app, without a repeat. When it fails, the app may exist all the same."""
        argv = ["apps", "create", app, "--org", organization]
        command = Command(action="creating it", argv=argv, app=app, timeout=SLOW_TIMEOUT, writes=True, repeats=False)
        command.require(ORGANIZATION, organization)
        self._call(command)

    def apps_destroy(self, app: str) -> None:
        """Destroy an app and everything in it.

        Raises:
            AppNotFoundError: It is gone already.
        """
        argv = ["apps", "destroy", app, "--yes"]
        self._call(Command(action="destroying it", argv=argv, app=app, timeout=SLOW_TIMEOUT, writes=True))

    def apps_list(self, organization: str) -> dict[str, bool]:
        """List an organization's apps: by name, whether the app was deployed."""
        argv = ["apps", "list", "--json", "--org", organization]
        return self._read(Command(action="listing the apps", argv=argv), answers.parse_apps)

    def machine_list(self, app: str) -> list[str]:
        """List the ids of an app's machines, including those that no deployment made."""
        argv = ["machine", "list", "--json", "-a", app]
        return self._read(Command(action="listing its machines", argv=argv, app=app), answers.parse_ids)

    def orgs_list(self) -> frozenset[str]:
        """List the slugs of the organizations that the token may see."""
        argv = ["orgs", "list", "--json"]
        return self._read(Command(action="listing the organizations", argv=argv), answers.parse_organizations)

    def secrets_import(
        self, app: str, values: Mapping[str, str], *, stage: bool = True, plain: Collection[str] = ()
    ) -> None:
        """Set secrets, all in one request.

        Args:
            app: The app.
            values: Name → value; not empty, or flyctl fails.
            stage: Leave the machines alone; False restarts them.
            plain: Names whose values are no secrets, so that an error may show them.

        Raises:
            SecretFormatError: flyctl cannot carry a value unaltered; nothing was sent.
        """
        command = Command(
            action=f"setting {len(values)} secrets",
            argv=["secrets", "import", "-a", app, *(["--stage"] if stage else [])],
            app=app,
            stdin=secrets_format.encode(values),
            hidden=[value for name, value in values.items() if name not in plain],
            timeout=READ_TIMEOUT if stage else ROLLOUT_TIMEOUT,
            writes=True,
            repeats=stage,  # a rollout would restart the machines again
        )
        self._call(command)

    def secrets_list(self, app: str, *, sure: bool = False) -> dict[str, Secret]:
        """Return an app's secrets by name.

        Args:
            app: The app.
            sure: Ask again if no secret is deployed: flyctl shows that, too, when its own look at machines failed.

        Raises:
            AppNotFoundError: There is no such app.
        """
        argv = ["secrets", "list", "--json", "-a", app]
        try:
            listed = self._read(Command(action="listing its secrets", argv=argv, app=app), answers.parse_secrets)
        except (errors.FlyAuthError, errors.FlyctlFailedError):
            # An app that is gone has other words here, "unauthorized" if somebody else has its name. `status` tells.
            self.status(app)
            raise
        deployed = not listed or any(secret.deployed for secret in listed.values())
        return listed if deployed or not sure else self.secrets_list(app)

    def secrets_unset(self, app: str, names: Sequence[str], *, stage: bool = True) -> None:
        """Remove secrets, all in one request; absent ones are no error. `stage` as in `secrets_import`."""
        command = Command(
            action="removing secrets",
            argv=["secrets", "unset", *names, "-a", app, *(["--stage"] if stage else [])],
            app=app,
            timeout=READ_TIMEOUT if stage else ROLLOUT_TIMEOUT,
            writes=True,
            repeats=stage,
        )
        command.require(SECRET, *names)
        self._call(command)

    def status(self, app: str) -> AppStatus:
        """Return an app.

        Raises:
            AppNotFoundError: There is no such app, or the token may not see it.
        """
        command = Command(action="looking at it", argv=["status", "--json", "-a", app], app=app)
        return self._read(command, answers.parse_status)

    def tokens_create_deploy(self, app: str, *, name: str, expiry_hours: int) -> str:
        """Mint a deploy token and return it: nothing shows it again. Not repeated, as each call mints another."""
        argv = ["tokens", "create", "deploy", "-a", app, "--name", name, "--expiry", f"{expiry_hours}h", "--json"]
        command = Command(action=f"making the deploy token {name}", argv=argv, app=app, writes=True, repeats=False)
        command.require(TOKEN, name)
        try:
            token = self._read(command, answers.parse_minted)
        except (errors.FlyAuthError, errors.FlyctlFailedError) as error:
            raise command.failed(type(error), error.problem, errors.MINTING_HINT) from None
        if not ("fm1" in token or "fm2_" in token):
            problem = "flyctl reported success without a token"
            raise command.failed(errors.UnexpectedAnswerError, problem, errors.MINTING_HINT)
        return token

    def tokens_debug(self) -> datetime | None:
        """Return the end of the token that flyctl runs with, which stands in the token itself; None for no end."""
        return self._read(Command(action="reading its token", argv=["tokens", "debug"]), answers.parse_end)

    def tokens_list(self, app: str) -> list[Token]:
        """Return an app's deploy tokens, revoked ones included."""
        argv = ["tokens", "list", "-a", app]
        return self._read(Command(action="listing its tokens", argv=argv, app=app), answers.parse_tokens)

    def tokens_revoke(self, app: str, ids: Sequence[str]) -> frozenset[str]:
        """Revoke tokens of an app; return the ids that flyctl reports as revoked. flyctl itself never fails here."""
        command = Command(action="revoking tokens", argv=["tokens", "revoke", *ids], app=app, writes=True)
        command.require(TOKEN, *ids)
        lines = answers.plain(self._call(command)).splitlines()
        return frozenset(token_id for token_id in ids if f"Revoked {token_id}" in lines)

    def version(self) -> tuple[int, ...]:
        """Return flyctl's version. flyctl is asked once per process.

        Raises:
            FlyctlMissingError: There is no flyctl.
            FlyctlTooOldError: It is older than `TESTED_VERSION`.
        """
        command = Command(action="asking flyctl for its version", argv=["version", "--json"])
        tested = answers.dotted(TESTED_VERSION)
        with self._version_lock:
            if self._version is None:
                self._version = command.parsed(answers.parse_version, self._once(command))
                if self._version > TESTED_VERSION:
                    self.warn(
                        f"flyctl {answers.dotted(self._version)} is newer than the tested {tested}; it should work."
                    )
        if self._version < TESTED_VERSION:
            problem = f"flyctl is {answers.dotted(self._version)}, and at least {tested} is needed"
            raise command.failed(errors.FlyctlTooOldError, problem)
        return self._version

    def volumes_list(self, app: str) -> list[str]:
        """List the ids of an app's volumes."""
        argv = ["volumes", "list", "--json", "-a", app]
        return self._read(Command(action="listing its volumes", argv=argv, app=app), answers.parse_ids)

    def _read(self, command: Command, parse: Callable[[str], T]) -> T:
        return command.parsed(parse, self._call(command))

    def _call(self, command: Command) -> str:
        """Run a subcommand that needs the token, and return its output; repeat it after passing failures if it may be.

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
