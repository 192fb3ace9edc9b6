"""Fly.io's state and rules, as far as the program touches them: apps, secrets, machines, deploy tokens.

Knows neither GraphQL nor the Machines API: `sandbox.flyctl` puts a command line before it. Standard library only.

The documents ("fly", kind, key):

- organization: one the sandbox's login belongs to. An app of an organization without such a document belongs to
  somebody else: nobody sees it, and its name is taken.
- app: ``releases`` maps a version to the tick it was made at; a machine with ``release`` None is a loose one, that
  Fly Launch does not manage. Ticks are the cloud's own clock: no two events share one.
- secret: under ``app/name``; ``updated`` is the tick of its last write.
- token: a limited access token; ``expires`` and ``revoked`` are seconds since 1970, or None. The token itself is
  kept as digests of its parts.

Source of the rules: flyctl v0.4.87's source and runs, and the services' answers cited in public issues.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from sandbox.credentials import FLY_TOKEN
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_EMAIL = "sandbox@example.com"
NOT_AUTHORIZED = "Not authorized to access this resource"
_APP_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # a DNS label: what is known to be accepted
_SECRET_NAME = re.compile(r"[A-Za-z0-9_]+")
_MACAROON = ("fm1r_", "fm1a_", "fm2_")
# Above this many live machines flyctl does not work a status out.
STATUS_MACHINES_LIMIT = 100


class Fly:
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
        """Return the login's organizations by slug."""
        self._require_login()
        return self._transaction.list("fly", "organization")

    def app(self, name: str) -> Document:
        """Return an app that the caller may see; somebody else's is as absent as a missing one."""
        scope = self._scope()
        app = self._transaction.get("fly", "app", name)
        foreign = app is not None and self._transaction.get("fly", "organization", app["organization"]) is None
        if app is None or foreign or scope not in {None, app["number"]}:
            raise CloudError(404, f'Could not find App "{name}"', code="foreign" if foreign else "")
        return app

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
        """Destroy an app and its secrets; its tokens stay, and open nothing any more."""
        self.app(name)
        for key in self._secrets(name):
            self._transaction.delete("fly", "secret", key)
        self._transaction.delete("fly", "app", name)

    def secrets(self, name: str) -> dict[str, Document]:
        """Return an app's secrets by name, in order. The values are for the cloud alone."""
        self.app(name)
        return {document["name"]: document for document in self._secrets(name).values()}

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
        app = self.app(name)
        version = str(len(app["releases"]) + 1)
        app["releases"][version] = tick(self._transaction)
        for machine in managed_machines(app):
            machine["release"] = version
        self._transaction.put("fly", "app", name, app)

    def mint(self, name: str, title: str, expires: float) -> str:
        """Mint a deploy token for an app and return it: the only time it can be read."""
        app = self.app(name)
        self._require_login()
        parts = [f"fm2_{os.urandom(160).hex()}", f"fm2_{os.urandom(160).hex()}"]
        identity = f"sandboxtoken{self._transaction.number('fly token'):04}"
        token = {"id": identity, "name": title, "app": name, "app_number": app["number"], "created_by": _EMAIL}
        secret = {"parts": [_digest(part) for part in parts], "expires": expires, "revoked": None}
        self._transaction.put("fly", "token", identity, {**token, **secret})
        return f"FlyV1 {','.join(parts)}"

    def tokens(self, name: str) -> list[Document]:
        """Return an app's tokens, revoked ones too."""
        number = self.app(name)["number"]
        self._require_login()
        tokens = self._transaction.list("fly", "token").values()
        return [token for token in tokens if token["app_number"] == number]

    def revoke(self, identity: str) -> None:
        """Revoke a token by its id."""
        self._require_login()
        token = self._transaction.get("fly", "token", identity)
        if token is None:
            raise CloudError(404, "Could not find LimitedAccessToken")
        self._transaction.put("fly", "token", identity, {**token, "revoked": token["revoked"] or self._now})

    def _secrets(self, name: str) -> dict[str, Document]:
        secrets = self._transaction.list("fly", "secret")
        return {key: document for key, document in secrets.items() if key.startswith(f"{name}/")}

    def _require_login(self) -> None:
        if self._scope() is not None:
            raise CloudError(403, NOT_AUTHORIZED)

    def _scope(self) -> int | None:
        """Return the number of the app the credential is for, None for the login."""
        presented = {part.strip() for part in bare(self._credential).split(",")}
        if FLY_TOKEN in presented:
            return None
        if not any(part.startswith(_MACAROON) for part in presented):
            raise CloudError(401, "token validation error", code="http")
        digests = {_digest(part) for part in presented}
        for token in self._transaction.list("fly", "token").values():
            known = digests.intersection(token["parts"])
            # flyctl drops an expired token before the call, so that one reads like none at all.
            if known and (token["expires"] is None or token["expires"] > self._now):
                if len(known) < len(token["parts"]) or token["revoked"]:
                    raise CloudError(401, "Authenticate: token validation error", code="http")
                return int(token["app_number"])
        raise CloudError(401, "You must be authenticated to view this.")


def bare(credential: str) -> str:
    """Return a token without what may stand before it."""
    return credential.strip().removeprefix("Bearer ").removeprefix("FlyV1 ").strip()


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
        "machines": [
            {"id": f"{name}-{n}", "name": f"machine-{n}", "state": "started", "region": "iad", "release": "1"}
            for n in range(1, machines + 1)
        ],
        "volumes": [],
        "releases": {},
        "secrets_version": 1 if secrets else 0,
        "salt": os.urandom(16).hex(),
    }
    put_secrets(transaction, app, secrets)
    if machines:
        app["releases"]["1"] = tick(transaction)
        transaction.put("fly", "app", name, app)


def put_secrets(transaction: Transaction, app: Document, values: Mapping[str, str | None]) -> None:
    """Write secrets (None unsets) and the app's document, whoever is asking."""
    now = tick(transaction)
    for name, value in values.items():
        key = f"{app['name']}/{name}"
        if value is None:
            transaction.delete("fly", "secret", key)
        else:
            digest = _digest(f"{app['salt']} {name} {value}")[:16]
            secret = {"name": name, "value": value, "digest": digest, "updated": now}
            transaction.put("fly", "secret", key, {**secret, "version": app["secrets_version"]})
    transaction.put("fly", "app", app["name"], app)


def managed_machines(app: Document) -> list[Document]:
    """Return the machines that Fly Launch manages."""
    return [machine for machine in app["machines"] if machine["release"] is not None]


def secret_status(app: Document, secret: Document) -> str | None:
    """Return how far a secret has reached the machines: Deployed, Staged or Partial.

    None above 100 machines. flyctl works this out itself: written before the release that a machine runs was made,
    it counts as there.
    """
    if len(app["machines"]) > STATUS_MACHINES_LIMIT:
        return None
    # A release that the app does not list counts as one without the secret.
    reached = [app["releases"].get(machine["release"], 0) > secret["updated"] for machine in managed_machines(app)]
    if not any(reached):
        return "Staged"
    return "Deployed" if all(reached) else "Partial"


def _digest(text: str) -> str:
    import hashlib  # noqa: PLC0415 -- most runs of flyctl need none, and it costs a tenth of them

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
