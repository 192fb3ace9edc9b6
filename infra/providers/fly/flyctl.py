"""Run each subcommand of flyctl in use by a method of its name, which returns a typed result or raises an error.

The subcommands were verified with v0.4.87, but `certs` only in its source and in its client fly-go v0.9.6. `certs show`
is an alias of `certs check`, which also makes Fly.io look at the DNS records and go on with the certificate.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from infra.providers.fly import answers, certs, errors, secrets_format
from infra.providers.fly.answers import AppStatus, Secret, Token
from infra.providers.fly.certs import Certificate
from infra.providers.fly.command import READ_TIMEOUT, ROLLOUT_TIMEOUT, SLOW_TIMEOUT, Command
from infra.providers.fly.names import HOST, ORGANIZATION, SECRET, TOKEN
from infra.providers.fly.runner import Runner


class Flyctl(Runner):
    """flyctl's subcommands."""

    def apps_create(self, app: str, *, organization: str) -> None:
        """Create an app, without a repeat. When it fails, the app may exist all the same."""
        argv = ["apps", "create", app, "--org", organization]
        command = Command("creating it", argv, app, timeout=SLOW_TIMEOUT, writes=True, repeats=False)
        command.require(ORGANIZATION, organization)
        self._call(command)

    def apps_destroy(self, app: str) -> None:
        """Destroy an app and everything in it.

        Raises:
            AppNotFoundError: It is gone already.
        """
        self._call(Command("destroying it", ["apps", "destroy", app, "--yes"], app, timeout=SLOW_TIMEOUT, writes=True))

    def apps_list(self, organization: str) -> dict[str, bool]:
        """List an organization's apps: by name, whether the app was deployed."""
        command = Command("listing the apps", ["apps", "list", "--json", "--org", organization])
        return self._read(command, answers.parse_apps)

    def certs_add(self, app: str, host: str) -> Certificate:
        """Add a certificate for a name, without a repeat. When it fails, the certificate may exist all the same."""
        argv = ["certs", "add", host, "--json", "-a", app]
        command = Command(f"adding the certificate for {host}", argv, app, writes=True, repeats=False)
        command.require(HOST, host)
        return self._read(command, certs.parse_certificate)

    def certs_check(self, app: str, host: str) -> Certificate:
        """Return a certificate, after Fly.io has looked at the name's DNS records."""
        command = Command(f"checking the certificate for {host}", ["certs", "check", host, "--json", "-a", app], app)
        command.require(HOST, host)
        return self._read(command, certs.parse_certificate)

    def certs_list(self, app: str) -> dict[str, str]:
        """Return the names that an app has certificates for; see `parse_hosts`. A token that only reads can do that.

        Raises:
            AppNotFoundError: There is no such app.
        """
        command = Command("listing its certificates", ["certs", "list", "--json", "-a", app], app)
        with self._checking_app(app):
            return self._read(command, certs.parse_hosts)

    def certs_remove(self, app: str, host: str) -> None:
        """Remove a name and its certificates."""
        argv = ["certs", "remove", host, "--yes", "-a", app]
        command = Command(f"removing the certificate for {host}", argv, app, writes=True)
        command.require(HOST, host)
        self._call(command)

    def machine_list(self, app: str) -> list[str]:
        """List the ids of an app's machines, including those that no deployment made."""
        command = Command("listing its machines", ["machine", "list", "--json", "-a", app], app)
        return self._read(command, answers.parse_ids)

    def orgs_list(self) -> frozenset[str]:
        """List the slugs of the organizations that the token may see."""
        command = Command("listing the organizations", ["orgs", "list", "--json"])
        return self._read(command, answers.parse_organizations)

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
            f"setting {len(values)} secrets",
            ["secrets", "import", "-a", app, *(["--stage"] if stage else [])],
            app,
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
            sure: Ask again if no secret is deployed, because flyctl also shows that after it failed to read machines.

        Raises:
            AppNotFoundError: There is no such app.
        """
        command = Command("listing its secrets", ["secrets", "list", "--json", "-a", app], app)
        with self._checking_app(app):
            listed = self._read(command, answers.parse_secrets)
        deployed = not listed or any(secret.deployed for secret in listed.values())
        return listed if deployed or not sure else self.secrets_list(app)

    def secrets_unset(self, app: str, names: Sequence[str], *, stage: bool = True) -> None:
        """Remove secrets, all in one request; absent ones are no error. `stage` as in `secrets_import`."""
        command = Command(
            "removing secrets",
            ["secrets", "unset", *names, "-a", app, *(["--stage"] if stage else [])],
            app,
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
        return self._read(Command("looking at it", ["status", "--json", "-a", app], app), answers.parse_status)

    def tokens_create_deploy(self, app: str, *, name: str, expiry_hours: int) -> str:
        """Mint a deploy token and return it: nothing shows it again. No repeat, because each call mints another."""
        argv = ["tokens", "create", "deploy", "-a", app, "--name", name, "--expiry", f"{expiry_hours}h", "--json"]
        command = Command(f"making the deploy token {name}", argv, app, writes=True, repeats=False)
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
        """Return when the token that flyctl runs with ends, which the token itself tells; None for never."""
        return self._read(Command("reading its token", ["tokens", "debug"]), answers.parse_end)

    def tokens_list(self, app: str) -> list[Token]:
        """Return an app's deploy tokens, revoked ones included."""
        return self._read(Command("listing its tokens", ["tokens", "list", "-a", app], app), answers.parse_tokens)

    def tokens_revoke(self, app: str, ids: Sequence[str]) -> frozenset[str]:
        """Revoke tokens of an app; return the ids that flyctl reports as revoked. flyctl itself never fails here."""
        command = Command("revoking tokens", ["tokens", "revoke", *ids], app, writes=True)
        command.require(TOKEN, *ids)
        lines = answers.plain(self._call(command)).splitlines()
        return frozenset(token_id for token_id in ids if f"Revoked {token_id}" in lines)

    def volumes_list(self, app: str) -> list[str]:
        """List the ids of an app's volumes."""
        command = Command("listing its volumes", ["volumes", "list", "--json", "-a", app], app)
        return self._read(command, answers.parse_ids)

    @contextmanager
    def _checking_app(self, app: str) -> Iterator[None]:
        """Ask `status` after a list failed: for a deleted app, a list answers "unauthorized" or something else."""
        try:
            yield
        except (errors.FlyAuthError, errors.FlyctlFailedError):
            self.status(app)
            raise
