"""Make one run of flyctl: its environment, its files, and the only way of a command to the cloud.

Seen: which variable wins, what config.yml and the log hold, and the errors before any request (flyctl 0.4.87).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox.flyctl import faults
from sandbox.flyctl.arguments import Arguments, UnmodelledError
from sandbox.flyctl.refusals import GRAPHQL, MACHINES, REQUEST_ID, refusal
from sandbox.world.errors import CloudError
from sandbox.world.fly import Fly
from sandbox.world.store import World

_LOGIN, _MINIMUM_VERSIONS = "access_token", "app_secrets_minvers:"


class FailureError(Exception):
    """A run that ends with `Error: <message>` and code 1."""


class RefusedError(Exception):
    """The injected fault "exit1". Never handled by a command."""


class Run:
    """One run: its options, its configuration directory, its way to the cloud.

    Attributes:
        arguments: The parsed command line.
        fault: The fault injected into this run, one of `faults.FAULTS`, or None.
        sent: The standard input so far.
    """

    def __init__(
        self, world: World, environment: Mapping[str, str], arguments: Arguments, *, fault: str | None
    ) -> None:
        """Start a run, as flyctl does before every command."""
        if fault not in {None, *faults.FAULTS}:
            raise ValueError(f"no such fault of flyctl: {fault}")
        self.arguments = arguments
        self.fault = fault
        self.sent = b""
        self._world = world
        self._environment = environment
        self._directory = _configuration_directory(environment)
        self._configuration = self._directory / "config.yml"
        self._versions = self._minimum_versions()

    def app(self, *, required: bool = True) -> str:
        """Return the app's name: from -a or FLY_APP. The sandbox reads no fly.toml.

        Raises:
            FailureError: There is none.
        """
        name = self.arguments.flags.get("app") or self._environment.get("FLY_APP", "")
        if required and not name:
            raise FailureError("the config for your app is missing an app name, specify with the -a flag")
        return name

    def show(self, document: object, text: str = "") -> None:
        """Print a document as flyctl does, indented by four spaces; without `--json`, the text.

        Raises:
            UnmodelledError: `--json` is missing, and there is no text.
        """
        if "json" not in self.arguments.flags and not text:
            raise UnmodelledError("this command without --json")
        print(json.dumps(document, indent=4, ensure_ascii=False) if "json" in self.arguments.flags else text)

    def standard_input(self) -> bytes:
        """Return all of standard input."""
        self.sent = sys.stdin.buffer.read()
        return self.sent

    def offline(self) -> None:
        """Strike with the injected fault in a command that makes no request."""
        self._strike_before("")
        self._strike_after("EOF")

    @contextmanager
    def request(
        self, path: str = "", *, prefix: str = "", mint: bool = False, effect: bool = False, body: str = ""
    ) -> Iterator[Fly]:
        """Reach the cloud: every request of every command goes through here, and every injected fault.

        Args:
            path: Where in the Machines API the request goes; "" is the GraphQL API. Refusals read differently.
            prefix: flyctl's text before the cloud's words.
            mint: Whether this is the step of GraphQL that mints a token, whose refusals read differently again.
            effect: Whether this is the request that the command is about; faults strike there.
            body: The request's body, for the log.

        Raises:
            FailureError: The cloud refuses.
            RefusedError: An injected "exit1".
        """
        credential = self._credential()
        url = f"{MACHINES}{path}" if path else GRAPHQL
        if body:
            self.log(f"POST {url} {body}")
        try:
            if effect:
                self._strike_before(credential)
            with self._world.transaction() as transaction:
                yield Fly(transaction, credential, time.time())
        except CloudError as error:
            raise FailureError(prefix + refusal(error, url, mint=mint)) from None
        if effect:
            self._strike_after(f'{prefix}Post "{url}": EOF')

    def log(self, text: str) -> None:
        """Write to the run's log, in clear as flyctl does, unless `logs` is there and not a directory."""
        logs = self._directory / "logs"
        if logs.is_dir() or not logs.exists():
            logs.mkdir(mode=0o700, exist_ok=True)
            name = time.strftime("flyctl-%Y%m%dT%H%M%S.log", time.gmtime())
            with (logs / name).open("a", encoding="utf-8", errors="replace") as log:
                log.write(f"{text}\n")

    def remember_version(self, app: str, version: int) -> None:
        """Note the app's secrets version in config.yml. Parallel runs lose entries, as flyctl's do."""
        self._versions[app] = version
        login = f"{_LOGIN}: {self._login}\n" if self._login else ""
        versions = (f"    {name}: {number}\n" for name, number in sorted(self._versions.items()))
        self._configuration.write_text(f"{login}{_MINIMUM_VERSIONS}\n{''.join(versions)}", encoding="utf-8")

    def _minimum_versions(self) -> dict[str, int]:
        """Return what `remember_version` noted. Beside it, all that config.yml has here is a person's login."""
        path = self._configuration
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        pairs = dict(line.strip().split(": ") for line in lines if line != _MINIMUM_VERSIONS)
        self._login = pairs.pop(_LOGIN, "")
        return {name: int(number) for name, number in pairs.items()}

    def _credential(self) -> str:
        # The first that is present wins, even an empty one.
        credential = self._environment.get("FLY_ACCESS_TOKEN", self._environment.get("FLY_API_TOKEN", self._login))
        if not credential.strip():
            raise FailureError("no access token available. Please login with 'flyctl auth login'")
        return credential

    def _strike_before(self, credential: str) -> None:
        if self.fault == "exit1":
            sent = self.sent.decode("utf-8", "replace").strip()
            raise RefusedError(f"request refused: Authorization: Bearer {credential}\n{sent}".strip())
        if self.fault in faults.HTTP:
            status, message = faults.HTTP[self.fault]
            raise CloudError(status, message, code="http")
        if self.fault in faults.ACCOUNT:
            raise CloudError(422, faults.ACCOUNT[self.fault])
        if self.fault in faults.NETWORK:
            raise FailureError(faults.NETWORK[self.fault])
        self._stop("timeout", "kill")

    def _strike_after(self, lost: str) -> None:
        self._stop("timeout-after", "kill-after")
        if self.fault == "lost":
            raise FailureError(lost)
        if self.fault == "propagation":
            raise FailureError(f"app not found{REQUEST_ID}")

    def _stop(self, hang: str, kill: str) -> None:
        if self.fault == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        parent = os.getppid()
        while self.fault == hang and os.getppid() == parent:  # never outlives whoever waits for it
            time.sleep(0.1)


def _configuration_directory(environment: Mapping[str, str]) -> Path:
    directory = Path(environment.get("FLY_CONFIG_DIR") or f"{environment['HOME']}/.fly")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory
