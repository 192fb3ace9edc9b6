"""One run of flyctl: its environment, its files, and the one way through which a command reaches the cloud."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.clouds.errors import CloudError
from sandbox.clouds.fly import Fly
from sandbox.flyctl.arguments import UnmodelledError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.flyctl.arguments import Arguments
    from sandbox.world import World

REQUEST_ID = " (Request ID: 01SANDBOX0000000000000000-iad)"
_GRAPHQL = "https://api.fly.io/graphql"
_MACHINES = "https://api.machines.dev/v1"
_ENDPOINTS = ("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL")
_NAME_TAKEN = (
    "\n\nApp names are unique across all of Fly.io, not just your organization, so this name may be held by an app "
    "you cannot see. Try a different name."
)
_TRUE = {"1", "ok", "t", "true"}
_LOGS_KEPT = 10
_HTTP_FAULTS = {"429": (429, "rate limit exceeded"), "500": (500, "Internal Server Error"), "502": (502, "Bad Gateway")}
# What `World.inject` may do to a run. What happens before the effect, and what after it:
FAULTS = {
    "exit1": "fails before the effect; the message repeats standard input and the token",
    "timeout": "hangs before the effect",
    "kill": "dies of SIGKILL before the effect",
    "429": "is refused for its rate",
    "500": "is answered 500",
    "502": "is answered 502",
    "timeout-after": "hangs after the effect",
    "kill-after": "dies of SIGKILL after the effect",
    "lost": "loses the answer, after the effect",
    "propagation": "does not find the app, after the effect",
    "empty": "mints nothing and exits 0 (tokens create deploy)",
}


class FailureError(Exception):
    """A run that ends with `Error: <message>` and code 1."""


class RefusedError(Exception):
    """The injected fault "exit1". Never handled by a command."""


class Run:
    """What one run has: its options, its configuration directory, its way to the cloud.

    Attributes:
        arguments: The parsed command line.
        program: The executable's file name.
        sent: What was read from standard input.
    """

    def __init__(
        self, world: World, environment: Mapping[str, str], arguments: Arguments, *, program: str, fault: str | None
    ) -> None:
        """Start a run; does what flyctl does before every command.

        Raises:
            FailureError: The configuration directory is not usable.
        """
        if fault not in {None, *FAULTS}:
            raise ValueError(f"no such fault of flyctl: {fault}")
        self.arguments = arguments
        self.program = program
        self.sent = b""
        self._world = world
        self._environment = environment
        self._fault = fault
        self._directory = _configuration_directory(environment)
        self._log_name = time.strftime("flyctl-%Y%m%dT%H%M%S", time.gmtime()) + f".{time.time_ns() % 10**9:09}.log"
        self._other_configuration, self._versions = self._read_configuration()
        # Telemetry is on once config.yml exists, unless it is turned off; the sandbox has no collector.
        metrics = "FLY_SEND_METRICS" not in environment or self._truthy("FLY_SEND_METRICS")
        if metrics and (self._directory / "config.yml").exists():
            print("Warning: Metrics send issue: no collector", file=sys.stderr)

    def option(self, flag: str, *variables: str) -> str:
        """Return a flag's value, or the first of these variables that is set; "" where there is none."""
        values = (self._environment.get(variable, "") for variable in variables)
        return self.arguments.flags.get(flag) or next(filter(None, values), "")

    def switch(self, flag: str, variable: str = "") -> bool:
        """Return whether a switch is given, or its variable says so."""
        return bool(self.arguments.flags.get(flag)) or self._truthy(variable)

    def app(self, *, required: bool = True) -> str:
        """Return the app's name: from -a, FLY_APP, or the fly.toml of the working directory.

        Raises:
            FailureError: There is none, or the working directory's fly.toml is broken, whatever -a says.
        """
        found = ""
        toml = Path("fly.toml")
        if toml.is_file():
            import tomllib  # noqa: PLC0415 -- a run starts in milliseconds, and seldom needs it

            try:
                found = str(tomllib.loads(toml.read_text(encoding="utf-8")).get("app", ""))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise FailureError(f"failed loading app config from {toml.absolute()}: {error}") from None
        name = self.option("app", "FLY_APP") or found
        if required and not name:
            hint = "add an app field to the fly.toml file or specify with the -a flag"
            raise FailureError(f"the config for your app is missing an app name, {hint}")
        return name

    def standard_input(self) -> bytes:
        """Return all of standard input."""
        self.sent = sys.stdin.buffer.read()
        return self.sent

    def offline(self) -> None:
        """Take the place of a request in a command that makes none."""
        self._strike_before("")
        self._strike_after("EOF")

    @contextmanager
    def request(
        self, path: str = "", *, prefix: str = "", mint: bool = False, effect: bool = False, body: str = ""
    ) -> Iterator[Fly]:
        """Reach the cloud: every request of every command goes through here, and every injected fault.

        Args:
            path: Where in the Machines API the request goes; "" is the GraphQL API. Refusals read differently.
            prefix: What flyctl puts before the cloud's words.
            mint: Whether this is the step of GraphQL that mints a token, whose refusals read differently again.
            effect: Whether this is the request that the command is about; faults strike there.
            body: What goes out, for the log.

        Raises:
            FailureError: The cloud refuses.
            RefusedError: An injected "exit1".
        """
        credential = self._credential()
        url = f"{_MACHINES}{path}" if path else _GRAPHQL
        if body:
            self.log(f"POST {url} {body}")
        try:
            if effect:
                self._strike_before(credential)
            with self._world.transaction() as transaction:
                yield Fly(transaction, credential, time.time())
        except CloudError as error:
            raise FailureError(prefix + _words(error, url, mint=mint)) from None
        if effect:
            self._strike_after(f'{prefix}Post "{url}": EOF')

    def mints_nothing(self) -> bool:
        """Return whether the injected fault is "empty": an answer without a token."""
        return self._fault == "empty"

    def log(self, text: str) -> None:
        """Write to the run's log, in clear as flyctl does, unless `logs` is not a directory.

        LOG_LEVEL=debug shows it on standard error as well.
        """
        if self._environment.get("LOG_LEVEL") == "debug":
            print(f"DEBUG {text}", file=sys.stderr)
        logs = self._directory / "logs"
        if logs.exists() and not logs.is_dir():
            return
        logs.mkdir(mode=0o700, exist_ok=True)
        with (logs / self._log_name).open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"{text}\n")
        for old in sorted(logs.glob("flyctl-*.log"))[:-_LOGS_KEPT]:
            old.unlink(missing_ok=True)

    def remember_version(self, app: str, version: int) -> None:
        """Note the app's secrets version in config.yml. Parallel runs lose entries, as flyctl's do."""
        self._versions[app] = version
        entries = [f"    {name}: {number}" for name, number in sorted(self._versions.items())]
        lines = [*self._other_configuration, "app_secrets_minvers:", *entries, ""]
        try:
            (self._directory / "config.yml").write_text("\n".join(lines), encoding="utf-8")
        except OSError as error:
            raise FailureError(f"update secrets: error saving config file: {error.strerror}") from None

    def _truthy(self, variable: str) -> bool:
        return self._environment.get(variable, "").lower() in _TRUE

    def _credential(self) -> str:
        for endpoint in _ENDPOINTS:
            if self._environment.get(endpoint):
                raise UnmodelledError(endpoint)
        credential = self.arguments.flags.get("access-token")
        if credential is None:
            # The first that is present wins, even an empty one.
            present = (self._environment.get(name) for name in ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN"))
            credential = next((value for value in present if value is not None), "")
        if not credential.strip():
            raise FailureError("no access token available. Please login with 'flyctl auth login'")
        return credential

    def _strike_before(self, credential: str) -> None:
        if self._fault == "exit1":
            sent = self.sent.decode("utf-8", "replace").strip()
            raise RefusedError(f"request refused: Authorization: Bearer {credential}\n{sent}".strip())
        if self._fault in _HTTP_FAULTS:
            status, message = _HTTP_FAULTS[self._fault]
            raise CloudError(status, message, code="http")
        self._stop("timeout", "kill")

    def _strike_after(self, lost: str) -> None:
        self._stop("timeout-after", "kill-after")
        if self._fault == "lost":
            raise FailureError(lost)
        if self._fault == "propagation":
            raise FailureError(f"app not found{REQUEST_ID}")

    def _stop(self, hang: str, kill: str) -> None:
        if self._fault == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        parent = os.getppid()
        while self._fault == hang and os.getppid() == parent:  # never outlives whoever waits for it
            time.sleep(0.1)

    def _read_configuration(self) -> tuple[list[str], dict[str, int]]:
        path = self._directory / "config.yml"
        others: list[str] = []
        versions: dict[str, int] = {}
        section = ""
        try:
            for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
                key, value = line.strip().split(":", 1)
                section = section if line.startswith(" ") else key
                if section != "app_secrets_minvers":
                    others.append(line)
                elif line.startswith(" "):
                    versions[key] = int(value)
        except ValueError:
            reason = f"{path}: yaml: could not find expected ':'"
            print(f"Error loading config {reason}")
            raise FailureError(f"failed loading config from {reason}") from None
        return others, versions


def _configuration_directory(environment: Mapping[str, str]) -> Path:
    name = environment.get("FLY_CONFIG_DIR")
    if name == "":
        Path("logs").mkdir(mode=0o700, exist_ok=True)  # flyctl's own leftover
        raise FailureError("mkdir : no such file or directory")
    if name is None:
        if not environment.get("HOME"):
            raise FailureError("$HOME is not defined")
        name = f"{environment['HOME']}/.fly"
    directory = Path(name)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FailureError(f"mkdir {directory}: {(error.strerror or '').lower()}") from None
    if not os.access(directory, os.W_OK):
        raise FailureError(f"open {directory}/flyctl.config.lock: permission denied")
    return directory


def _words(error: CloudError, url: str, *, mint: bool) -> str:
    """Return a refusal as flyctl words it: the APIs differ."""
    if mint:
        if error.code == "http":
            return f'returned error {error.status}: {{"errors":[{{"message":"{error.message}"}}]}}'
        return f"input: {error.message}\n"
    if url == _GRAPHQL:
        at_http = error.code == "http"
        message = f"server returned a non-200 status code: {error.status}" if at_http else error.message
        return f"failed to run query ($name: String!) {{ node(name: $name) {{ id }} }}: {message}"
    if error.status == 502:
        # flyctl repeats the POST, and the repeat goes out without its body.
        return (
            f'Post "{url}": net/http: HTTP/1.x transport connection broken: http: ContentLength=17 with Body length 0'
        )
    if error.status >= 500:
        return f"request returned non-2xx status: {error.status}: {error.message}"
    message = "app not found" if error.status == 404 else error.message
    return f"{message}{REQUEST_ID}{_NAME_TAKEN if error.code == 'name_taken' else ''}"
