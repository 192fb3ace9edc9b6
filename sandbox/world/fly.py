"""Keep Fly.io's rules for apps, secrets, machines and tokens, as far as the program touches them.

Knows neither GraphQL nor the Machines API: `sandbox.flyctl` puts a command line before it. Standard library only.

The documents ("fly", kind, key):

- organization: the sandbox's login belongs to it. An app of an organization without such a document belongs to
  somebody else: nobody sees it, and its name is taken.
- app: ``releases`` maps a version to the tick it was made at, and ``made`` to its image. A machine with
  ``release`` None is a loose one, that Fly Launch does not manage. No two events share a tick, the cloud's own clock.
- secret: under ``app/name``; ``updated`` is the tick of its last write.
- certificate: see `sandbox.world.fly_certificates`.
- token: a limited access token, of one app or one organization; ``expires`` and ``revoked`` are seconds since 1970, or
  None. See `sandbox.world.fly_tokens`.

Seen: statuses of secrets, staged and unstaged writes, the machines of `status` (flyctl 0.4.87).
Documented: in flyctl's source: releases, deployments, lists of machines and volumes.
Reported: names that are taken, apps that are not found, refusals of an app's token.
Believed: A write of Fly secrets is all or nothing.
Believed: A Fly organization's token cannot mint another token; a destroyed app's tokens stay in the list.
Believed: An app of loose machines alone answers `deployed: false`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from sandbox.world.errors import CloudError
from sandbox.world.fly_certificates import Certificates
from sandbox.world.fly_tokens import digest, minted, token_of
from sandbox.world.store import Document, Transaction

NOT_AUTHORIZED = "Not authorized to access this resource"
_APP_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # a DNS label: what is known to be accepted
_SECRET_NAME = re.compile(r"[A-Za-z0-9_]+")
# flyctl computes no status above this number of live machines.
STATUS_MACHINES_LIMIT = 100


class Fly(Certificates):
    """Fly.io as one caller sees it, inside one transaction."""

    def __init__(self, transaction: Transaction, credential: str, now: float) -> None:
        """Look at the cloud with a credential.

        Args:
            transaction: The world's transaction.
            credential: A token as FLY_API_TOKEN carries it: a login's, or a deploy token's.
            now: The time, in seconds since 1970.
        """
        self._transaction = transaction
        self._credential = credential
        self._now = now

    def organizations(self) -> dict[str, Document]:
        """Return the login's organizations by slug; an organization's token has its own alone."""
        found, token = self._transaction.list("fly", "organization"), self._token()
        if token is None:
            return found
        if "organization" not in token:
            raise CloudError(403, NOT_AUTHORIZED)
        return {slug: document for slug, document in found.items() if slug == token["organization"]}

    def app(self, name: str) -> Document:
        """Return an app that the caller may see; somebody else's is as absent as a missing one."""
        token = self._token()
        app = self._transaction.get("fly", "app", name)
        foreign = app is not None and self._transaction.get("fly", "organization", app["organization"]) is None
        if app is None or foreign or not _reaches(token, app):
            raise CloudError(404, f'Could not find App "{name}"', code="foreign" if foreign else "")
        return app

    def apps(self, organization: str) -> list[Document]:
        """Return an organization's apps."""
        return [app for app in self._transaction.list("fly", "app").values() if app["organization"] == organization]

    def owner(self, app: Document) -> Document:
        """Return the organization of an app that the caller may see."""
        return self._transaction.list("fly", "organization")[app["organization"]]

    def create_app(self, name: str, organization: str) -> None:
        """Create an app: pending, without machines."""
        if organization not in self.organizations():
            raise CloudError(404, "Could not find Organization")
        if not _APP_NAME.fullmatch(name):
            raise CloudError(422, "Validation failed: Name may only contain numbers, lowercase letters and dashes")
        if self._transaction.get("fly", "app", name):
            raise CloudError(422, "Validation failed: Name has already been taken", code="name_taken")
        put_app(self._transaction, name, organization, {}, machines=0)

    def destroy_app(self, name: str) -> None:
        """Destroy an app, its secrets and certificates; its tokens stay, and open nothing any more."""
        self.app(name)
        for kind in ("secret", "certificate"):
            for key in self._within(kind, name):
                self._transaction.delete("fly", kind, key)
        self._transaction.delete("fly", "app", name)

    def secrets(self, name: str) -> dict[str, Document]:
        """Return an app's secrets by name, in order. The values are for the cloud alone."""
        self.app(name)
        return {document["name"]: document for document in self._within("secret", name).values()}

    def write_secrets(self, name: str, values: Mapping[str, str | None]) -> int:
        """Set secrets, or unset them (None), all in one write; return the app's new secrets version."""
        app = self.app(name)
        if not all(_SECRET_NAME.fullmatch(secret) for secret in values):
            raise CloudError(422, "Validation failed: Name only allows letters, numbers, and underscores")
        app["secrets_version"] += 1
        put_secrets(self._transaction, app, values)
        return int(app["secrets_version"])

    def release(self, name: str) -> None:
        """Make a release and move every managed machine to it, which gives them all secrets."""
        self._release(self.app(name))

    def deploy(self, name: str, image: str, *, machines: int) -> list[Document]:
        """Deploy an image: the first time on so many new machines, then on those there are. Return the machines."""
        app = self.app(name)
        app |= {"deployed": True, "status": "deployed", "image": image}
        if not managed_machines(app):
            app["machines"] += _machines(name, machines)
        self._release(app)
        return managed_machines(app)

    def _release(self, app: Document) -> None:
        version = str(len(app["releases"]) + 1)
        app["releases"][version] = tick(self._transaction)
        app.setdefault("made", {})[version] = {"image": app.get("image", "")}
        for machine in managed_machines(app):
            machine["release"] = version
        self._transaction.put("fly", "app", app["name"], app)

    def mint(self, name: str, title: str, expires: float) -> str:
        """Mint a deploy token for an app and return it: nothing shows it again."""
        app = self.app(name)
        self._require_login()
        return minted(self._transaction, {"name": title, "app": name, "app_number": app["number"], "expires": expires})

    def mint_for_organization(self, slug: str, title: str, expires: float) -> str:
        """Mint a token for an organization and return it."""
        self._require_login()
        if slug not in self.organizations():
            raise CloudError(404, "Could not find Organization")
        return minted(self._transaction, {"name": title, "app": "", "organization": slug, "expires": expires})

    def tokens(self, name: str) -> list[Document]:
        """Return an app's tokens, revoked ones too."""
        app = self.app(name)
        self._require_login(app["organization"])
        tokens = self._transaction.list("fly", "token").values()
        return [token for token in tokens if token.get("app_number") == app["number"]]

    def revoke(self, identity: str) -> None:
        """Revoke a token by its id."""
        self._require_login()
        token = self._transaction.get("fly", "token", identity)
        if token is None:
            raise CloudError(404, "Could not find LimitedAccessToken")
        self._transaction.put("fly", "token", identity, {**token, "revoked": token["revoked"] or self._now})

    def _require_login(self, organization: str | None = None) -> None:
        """Refuse deploy tokens, and tokens of any other organization."""
        token = self._token()
        if token and (organization is None or token.get("organization") != organization):
            raise CloudError(403, NOT_AUTHORIZED)

    def _token(self) -> Document | None:
        return token_of(self._transaction, self._credential, self._now)


def tick(transaction: Transaction) -> int:
    """Return the next moment of the cloud's own clock."""
    return transaction.number("fly clock")


def put_organization(transaction: Transaction, slug: str, name: str) -> None:
    """Make an organization that the login belongs to."""
    identity = f"org{transaction.number('fly organization'):04}"
    transaction.put("fly", "organization", slug, {"slug": slug, "name": name, "id": identity})


def put_app(
    transaction: Transaction, name: str, organization: str, secrets: Mapping[str, str], *, machines: int = 1
) -> None:
    """Make an app as if by hand: its secrets set, then deployed on so many machines (0: never deployed)."""
    app: Document = {
        "name": name,
        "organization": organization,
        "id": name,
        "number": transaction.number("fly app"),
        "status": "deployed" if machines else "pending",
        "deployed": machines > 0,
        "machines": _machines(name, machines),
        "volumes": [],
        "releases": {},
        "secrets_version": 1 if secrets else 0,
        "salt": os.urandom(16).hex(),
    }
    put_secrets(transaction, app, secrets)
    if machines:
        app["releases"]["1"] = tick(transaction)
        transaction.put("fly", "app", name, app)


def _machines(app: str, count: int) -> list[Document]:
    machine = {"state": "started", "region": "iad", "release": "1"}
    return [{"id": f"{app}-{n}", "name": f"machine-{n}", **machine} for n in range(1, count + 1)]


def _reaches(token: Document | None, app: Document) -> bool:
    """Return whether a token may see an app; the login's own, None, may see all."""
    return token is None or token.get("app_number") == app["number"] or token.get("organization") == app["organization"]


def put_secrets(transaction: Transaction, app: Document, values: Mapping[str, str | None]) -> None:
    """Write secrets (None unsets) and the app's document, whoever is asking."""
    now = tick(transaction)
    for name, value in values.items():
        key = f"{app['name']}/{name}"
        if value is None:
            transaction.delete("fly", "secret", key)
        else:
            shown = digest(f"{app['salt']} {name} {value}")[:16]
            secret = {"name": name, "value": value, "digest": shown, "updated": now}
            transaction.put("fly", "secret", key, {**secret, "version": app["secrets_version"]})
    transaction.put("fly", "app", app["name"], app)


def managed_machines(app: Document) -> list[Document]:
    """Return the machines that Fly Launch manages."""
    return [machine for machine in app["machines"] if machine["release"] is not None]


def secret_status(app: Document, secret: Document) -> str | None:
    """Return how far a secret has reached the machines: Deployed, Staged or Partial.

    None above 100 machines. flyctl computes it: a machine has a secret that was written before the machine's release.
    """
    if len(app["machines"]) > STATUS_MACHINES_LIMIT:
        return None
    # A release that the app does not list counts as one without the secret.
    reached = [app["releases"].get(machine["release"], 0) > secret["updated"] for machine in managed_machines(app)]
    if not any(reached):
        return "Staged"
    return "Deployed" if all(reached) else "Partial"
