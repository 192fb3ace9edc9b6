"""Do what people do to managed things by hand: the rows of the tables in docs/evidence.md.

A row says what `bin/drift` shows and what `pulumi up --refresh` does; a case here says where and how it is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.world import fly

if TYPE_CHECKING:
    from sandbox.world.store import Transaction

ACCOUNT = "ffffffffffffffffffffffffffffff01"
REPOSITORY = "tune-works/tune"
ENVIRONMENT = f"{REPOSITORY}/production"
BY_HAND = "https://by-hand.example"
_PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
# Thing, what was done, and what `bin/drift` shows.
ROWS = {
    (thing, done): "" if shows == "**nothing**" else shows.replace("\\|", "|")
    for thing, done, shows in re.findall(
        r"^\| ([A-Z][^|]+) \| ([^|]+) \| ((?:[^|\\]|\\.)+) \| .+ \|$",
        _PAGE.read_text(encoding="utf-8").partition("## Changed by hand")[2],
        re.MULTILINE,
    )
}
"""The text that `bin/drift` shows, by row of the page; empty where the real provider cannot see the change."""


@dataclass(frozen=True)
class Spot:
    """Something in a cloud that can be looked at and changed.

    Attributes:
        cloud: The cloud.
        kind: The kind of its documents.
        key: The document's key, or its first parts, or empty for the only one: ids are made up anew in each world.
        path: Where in the document, dotted; the whole of it where empty.
    """

    cloud: str
    kind: str
    key: str = ""
    path: str = ""

    def at(self, path: str) -> Spot:
        """Return a place within this document."""
        return replace(self, path=f"{self.path}.{path}" if self.path else path)

    def look(self, tx: Transaction) -> Any:
        """Return what is there, None for nothing; of a whole document only that it is there."""
        _, found = self._document(tx)
        for step in self._steps if found else ():
            found = found.get(step) if isinstance(found, dict) else found[int(step)]
        return found if self.path else found is not None

    def set(self, tx: Transaction, value: Any) -> None:
        """Change it by hand; None takes it away."""
        key, document = self._document(tx)
        assert document is not None, f"there is no {self} to change"
        if not self.path:
            tx.delete(self.cloud, self.kind, key)
            return
        *steps, last = self._steps
        within = document
        for step in steps:
            within = within[step] if isinstance(within, dict) else within[int(step)]
        within[last] = value
        tx.put(self.cloud, self.kind, key, document)

    @property
    def _steps(self) -> list[str]:
        return self.path.split(".") if self.path else []

    def _document(self, tx: Transaction) -> tuple[str, Any]:
        # Whole parts of a key: `tune-api` is not the beginning of `tune-api-staging`.
        start = f"{self.key}/" if self.key else ""
        documents = tx.list(self.cloud, self.kind)
        found = [(key, one) for key, one in documents.items() if key == self.key or key.startswith(start)]
        assert len(found) <= 1, f"{self} is {len(found)} things"
        return found[0] if found else ("", None)


@dataclass(frozen=True)
class FlySecret:
    """The value of a secret on production's Fly app."""

    name: str

    def look(self, tx: Transaction) -> Any:
        """Return its value, None where it is not set."""
        return (tx.get("fly", "secret", f"tune-api/{self.name}") or {}).get("value")

    def set(self, tx: Transaction, value: str | None) -> None:
        """Set it by hand, as `flyctl secrets set` does; None unsets it."""
        fly.put_secrets(tx, tx.get("fly", "app", "tune-api") or {}, {self.name: value})


@dataclass(frozen=True)
class DeployToken:
    """The minted deploy token: whether there is one that works."""

    def look(self, tx: Transaction) -> Any:
        """Return how many work."""
        return sum(token["revoked"] is None for token in tx.list("fly", "token").values())

    def set(self, tx: Transaction, value: object) -> None:
        """Revoke every one, as `flyctl tokens revoke` does."""
        for key, token in tx.list("fly", "token").items():
            tx.put("fly", "token", key, {**token, "revoked": value})


@dataclass(frozen=True)
class Case:
    """One thing that somebody did by hand.

    Attributes:
        thing: What was touched.
        done: What was done to it.
        spot: Where.
        value: What is there afterwards; None for nothing.
        mended: Whether it is then as it was before; otherwise it stays as it was left.
        resource: The logical name of what the page's commands write all the same, where it is not seen.
        refused: A part of the error with which `pulumi up --refresh` refuses to go on.
        stack: The stack that manages it.
    """

    thing: str
    done: str
    spot: Spot | FlySecret | DeployToken
    value: Any = None
    mended: bool = True
    resource: str = ""
    refused: str = ""
    stack: str = "production"

    @property
    def shows(self) -> str:
        """A part of what `bin/drift` says."""
        return ROWS[self.thing, self.done]


PROJECT = Spot("neon", "project")
PASSWORD = PROJECT.at("password")
PAGES = Spot("cloudflare", "pages", f"{ACCOUNT}/tune")
VARIABLES = PAGES.at("deployment_configs")
BUCKET = Spot("cloudflare", "bucket", f"{ACCOUNT}/default/tune-audio")
COVERS = Spot("cloudflare", "bucket", f"{ACCOUNT}/default/tune-covers")
TOKEN = Spot("cloudflare", "token")
APP = Spot("fly", "app", "tune-api")
FRONTEND_URL = FlySecret("FRONTEND_URL")
GITHUB = Spot("github", "environment", ENVIRONMENT)
POLICY = Spot("github", "deployment-policy", ENVIRONMENT)
SECRET = Spot("github", "secret", f"{ENVIRONMENT}/FLY_API_TOKEN")
VARIABLE = Spot("github", "variable", f"{ENVIRONMENT}/API_URL")
STAGINGS_SECRET = Spot("github", "secret", f"{REPOSITORY}/FLY_API_TOKEN_STAGING")
STAGINGS_VARIABLE = Spot("github", "variable", f"{REPOSITORY}/FLY_APP_STAGING")
ADDED = {"type": "plain_text", "value": "by hand"}
OTHER = "set to another value"
# Not seen by the provider, and put back by the page's commands.
UNSEEN: dict[str, Any] = {"mended": False, "resource": "secret-FLY_API_TOKEN"}

EDITED = (
    Case("Neon project", "history retention", PROJECT.at("history_retention_seconds"), 3600),
    Case("Neon project", "name", PROJECT.at("name"), "renamed"),
    Case("Neon project", "password of the role reset", PASSWORD, "npg_ResetByHand0123", mended=False),
    Case("Fly secret, managed", OTHER, FRONTEND_URL, BY_HAND),
    Case("Fly secret, not managed", "added", FlySecret("MINE"), "by hand", mended=False),
    Case("GitHub environment", "wait timer", GITHUB.at("wait_timer"), 30),
    Case("GitHub deployment policy", "pattern", POLICY.at("name"), "*"),
    Case("GitHub environment secret", OTHER, SECRET.at("value"), "by hand", **UNSEEN),
    Case("GitHub environment variable", OTHER, VARIABLE.at("value"), BY_HAND),
    Case("Pages project", "build variable changed", VARIABLES.at("production.env_vars.PUBLIC_API_URL.value"), BY_HAND),
    Case("Pages project", "build variable added", VARIABLES.at("preview.env_vars.MINE"), ADDED),
    Case("Pages project", "build command", PAGES.at("build_config.build_command"), "make"),
    Case("Pages project", "disconnected from git", PAGES.at("source"), None),
    Case("R2 bucket", "storage class", BUCKET.at("storage_class"), "InfrequentAccess"),
    Case("R2 bucket of `extraBuckets`", "storage class", COVERS.at("storage_class"), "InfrequentAccess"),
    Case("R2 CORS rules", "origins", BUCKET.at("cors.0.allowed.origins"), ["*"]),
    Case(
        "R2 public domain (`r2.dev`)",
        "switched off",
        BUCKET.at("managed_domain.enabled"),
        False,
        mended=False,
        resource="bucket-public-domain",
    ),
    Case("Cloudflare account token", "name", TOKEN.at("name"), "by hand"),
    Case(
        "Cloudflare account token",
        "rolled in the dashboard (another value)",
        TOKEN.at("value"),
        "rolled-by-hand-0123456789",
        mended=False,
    ),
    Case("GitHub repository secret", OTHER, STAGINGS_SECRET.at("value"), "by hand", stack="staging", **UNSEEN),
    Case("GitHub repository variable", OTHER, STAGINGS_VARIABLE.at("value"), "by-hand", stack="staging"),
)

MOVED = (
    Case(
        "Fly app",
        "moved to another organization",
        APP.at("organization"),
        "tune-other",
        refused="run `flyctl apps move tune-api --org tune-works`",
    ),
)

DELETED = (
    Case("Fly secret, managed", "unset", FRONTEND_URL),
    Case("Fly deploy token", "revoked", DeployToken(), 1.0),
    Case("GitHub environment", "reviewers taken away", GITHUB.at("reviewers"), [], mended=False),
    Case("GitHub deployment policy", "deleted", POLICY),
    Case("GitHub environment secret", "deleted", SECRET),
    Case("GitHub environment variable", "deleted", VARIABLE),
    Case("R2 CORS rules", "deleted", BUCKET.at("cors"), []),
    Case("Cloudflare account token", "deleted", TOKEN),
    Case("GitHub repository secret", "deleted", STAGINGS_SECRET, stack="staging"),
    Case("GitHub repository variable", "deleted", STAGINGS_VARIABLE, stack="staging"),
)

WHOLE = (
    Case("Neon project", "deleted", PROJECT),
    Case("Fly app", "deleted", APP),
    Case("GitHub environment", "deleted", GITHUB),
    Case("Pages project", "deleted", PAGES),
    Case("R2 bucket", "deleted", BUCKET),
    Case("R2 bucket of `extraBuckets`", "deleted", COVERS),
)

ADOPTED = (
    Case(
        "Neon project, adopted",
        "deleted",
        Spot("neon", "project", "tall-oak-33334444"),
        refused="project not found: tall-oak-33334444",
    ),
    Case("R2 bucket, adopted", "deleted", BUCKET, refused="The specified bucket does not exist: tune-audio"),
    Case("Pages project, adopted", "deleted", PAGES, refused="Project not found: tune"),
    Case("Fly app, adopted", "deleted", APP, refused="Clear `adopt.flyApp` to create the app"),
)
