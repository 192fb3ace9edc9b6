"""Ask flyctl for certificates, and parse its answers.

Read in the source of flyctl v0.4.87 and its client fly-go v0.9.6; not seen with the real binary. `certs show` is an
alias of `certs check`, which also has Fly.io look at the DNS records and go on with the certificate.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from infra.providers.fly import errors
from infra.providers.fly.answers import AppStatus
from infra.providers.fly.command import Command
from infra.providers.fly.names import HOST

T = TypeVar("T")


class Certificate(NamedTuple):
    """The DNS records that a certificate needs, as `certs add` and `certs check` show them.

    Attributes:
        target: The name that a CNAME record of the host leads to; empty where Fly.io names none.
        a: The app's IPv4 addresses.
        aaaa: Its IPv6 addresses.
        ownership: The content of the TXT record that proves whose name it is; empty where Fly.io wants none.
    """

    target: str
    a: list[str]
    aaaa: list[str]
    ownership: str


def parse_certificate(stdout: str) -> Certificate:
    """Read `certs add --json` or `certs check --json`."""
    wanted = json.loads(stdout)["dns_requirements"]
    return Certificate(
        target=str(wanted["cname"]),
        a=list(wanted["a"] or []),
        aaaa=list(wanted["aaaa"] or []),
        ownership=str(wanted["ownership"]["app_value"]),
    )


def parse_hosts(stdout: str) -> dict[str, str]:
    """Read `certs list --json`: by name, Fly.io's word for its progress; empty for a name that Fly.io serves.

    Beyond 50 names, flyctl adds a sentence that makes the answer no JSON.
    """
    return {row["hostname"]: "" if row["configured"] else str(row["status"]) for row in json.loads(stdout) or []}


class Certs(ABC):
    """The subcommands `certs` of flyctl."""

    @abstractmethod
    def status(self, app: str) -> AppStatus:
        """Return an app; see `Flyctl`."""

    @abstractmethod
    def _read(self, command: Command, parse: Callable[[str], T]) -> T: ...

    def certs_add(self, app: str, host: str) -> Certificate:
        """Add a certificate for a name, without a repeat. When it fails, the certificate may exist all the same."""
        return self._certificate(app, host, "adding", "add", writes=True, repeats=False)

    def certs_check(self, app: str, host: str) -> Certificate:
        """Return a certificate, after Fly.io has looked at the name's DNS records."""
        return self._certificate(app, host, "checking", "check", writes=False, repeats=True)

    def certs_list(self, app: str) -> dict[str, str]:
        """Return the names that an app has certificates for; see `parse_hosts`. A token that only reads can do that.

        Raises:
            AppNotFoundError: There is no such app.
        """
        argv = ["certs", "list", "--json", "-a", app]
        try:
            return self._read(Command(action="listing its certificates", argv=argv, app=app), parse_hosts)
        except (errors.FlyAuthError, errors.FlyctlFailedError):
            self.status(app)  # as in `secrets_list`
            raise

    def certs_remove(self, app: str, host: str) -> None:
        """Remove a name and its certificates."""
        argv = ["certs", "remove", host, "--yes", "-a", app]
        command = Command(action=f"removing the certificate for {host}", argv=argv, app=app, writes=True)
        command.require(HOST, host)
        self._read(command, str)

    def _certificate(
        self, app: str, host: str, doing: str, subcommand: str, *, writes: bool, repeats: bool
    ) -> Certificate:
        argv, action = ["certs", subcommand, host, "--json", "-a", app], f"{doing} the certificate for {host}"
        command = Command(action=action, argv=argv, app=app, writes=writes, repeats=repeats)
        command.require(HOST, host)
        return self._read(command, parse_certificate)
