"""What people do to managed things behind the program's back: the table that the tests and docs/evidence.md share.

Run as a module, it prints the page's tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.world import fly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.world.store import Transaction

ACCOUNT = "ffffffffffffffffffffffffffffff01"
REPOSITORY = "tune-works/tune"
ENVIRONMENT = f"{REPOSITORY}/production"
UNSEEN = ""
"""Shown for what the real provider cannot see."""


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
        shows: A part of what `bin/drift` says; `UNSEEN` where the real provider cannot see it.
        then: What `pulumi up --refresh` does about it, in words, or what a person has to do.
        mended: Whether it is then as it was before; otherwise it stays as it was left.
        resource: The logical name of what the page's commands write all the same, where it is not seen.
        refused: A part of the error with which `pulumi up --refresh` refuses to go on.
        stack: The stack that manages it.
    """

    thing: str
    done: str
    spot: Spot | FlySecret | DeployToken
    value: Any
    shows: str
    then: str
    mended: bool = True
    resource: str = ""
    refused: str = ""
    stack: str = "production"


_BUCKET, _EXTRA = f"{ACCOUNT}/default/tune-audio", f"{ACCOUNT}/default/tune-covers"
PASSWORD = Spot("neon", "project", path="password")
_GITHUB_SECRET = "GitHub environment secret"
_GITHUB_VARIABLE = "GitHub environment variable"
_BACK = "writes it back"
_AGAIN = "makes it again"
_BY_HAND = "https://by-hand.example"
_WRITE = "[Write it all the same](operating.md#something-was-changed-by-hand)"


def _pages(path: str) -> Spot:
    return Spot("cloudflare", "pages", f"{ACCOUNT}/tune", path)


EDITED: Sequence[Case] = (
    Case(
        "Neon project",
        "history retention",
        Spot("neon", "project", path="history_retention_seconds"),
        3600,
        "update Neon project `neon-project`: `historyRetentionSeconds` `3600` → `21600`",
        _BACK,
    ),
    Case(
        "Neon project",
        "name",
        Spot("neon", "project", path="name"),
        "renamed",
        "`name` `renamed` → `tune`",
        _BACK,
    ),
    Case(
        "Neon project",
        "password of the role reset",
        PASSWORD,
        "npg_ResetByHand0123",
        "`digests.DATABASE_URL`",
        "takes the new password over: writes `DATABASE_URL`, live from the next deployment",
        mended=False,
    ),
    Case(
        "Fly secret, managed",
        "set to another value",
        FlySecret("FRONTEND_URL"),
        _BY_HAND,
        "`digests.FRONTEND_URL` `changed outside Pulumi`",
        _BACK,
    ),
    Case(
        "Fly secret, not managed",
        "added",
        FlySecret("MINE"),
        "by hand",
        UNSEEN,
        "leaves it alone, and names it: `Not managed here, left alone on Fly app tune-api: MINE`",
        mended=False,
    ),
    Case(
        "GitHub environment",
        "wait timer",
        Spot("github", "environment", ENVIRONMENT, "wait_timer"),
        30,
        "update GitHub repository environment `github-environment`: `waitTimer` `30` → `0`",
        "writes all of the environment's rules back",
    ),
    Case(
        "GitHub deployment policy",
        "pattern",
        Spot("github", "deployment-policy", ENVIRONMENT, "name"),
        "*",
        "`tagPattern` `*` → `v*`",
        _BACK,
    ),
    Case(
        _GITHUB_SECRET,
        "set to another value",
        Spot("github", "secret", f"{ENVIRONMENT}/FLY_API_TOKEN", "value"),
        "by hand",
        UNSEEN,
        f"nothing: GitHub shows no value, and the provider makes nothing of the new date. {_WRITE}",
        mended=False,
        resource="secret-FLY_API_TOKEN",
    ),
    Case(
        _GITHUB_VARIABLE,
        "set to another value",
        Spot("github", "variable", f"{ENVIRONMENT}/API_URL", "value"),
        _BY_HAND,
        f"`variable-API_URL`: `value` `{_BY_HAND}` → `https://tune-api.fly.dev`",
        _BACK,
    ),
    Case(
        "Pages project",
        "build variable changed",
        _pages("deployment_configs.production.env_vars.PUBLIC_API_URL.value"),
        _BY_HAND,
        "variable PUBLIC_API_URL of production is",
        f"{_BACK}; what was built meanwhile keeps the wrong one",
    ),
    Case(
        "Pages project",
        "build variable added",
        _pages("deployment_configs.preview.env_vars.MINE"),
        {"type": "plain_text", "value": "by hand"},
        "variable MINE of previews is not from here",
        "takes it away: put it into `pagesVariables` to keep it",
    ),
    Case(
        "Pages project",
        "build command",
        _pages("build_config.build_command"),
        "make",
        "`buildConfig.buildCommand` `make` → `bun install && bun run build`",
        _BACK,
    ),
    Case(
        "Pages project",
        "disconnected from git",
        _pages("source"),
        None,
        "`source`",
        "connects it again",
    ),
    Case(
        "R2 bucket",
        "storage class",
        Spot("cloudflare", "bucket", _BUCKET, "storage_class"),
        "InfrequentAccess",
        "update Cloudflare R2 bucket `bucket`: `storageClass` `InfrequentAccess` → `Standard`",
        _BACK,
    ),
    Case(
        "R2 bucket of `extraBuckets`",
        "storage class",
        Spot("cloudflare", "bucket", _EXTRA, "storage_class"),
        "InfrequentAccess",
        "update Cloudflare R2 bucket `bucket-tune-covers`: `storageClass` `InfrequentAccess` → `Standard`",
        _BACK,
    ),
    Case(
        "R2 CORS rules",
        "origins",
        Spot("cloudflare", "bucket", _BUCKET, "cors.0.allowed.origins"),
        ["*"],
        "update Cloudflare R2 bucket cors `bucket-cors`: `rules`",
        _BACK,
    ),
    Case(
        "R2 public domain (`r2.dev`)",
        "switched off",
        Spot("cloudflare", "bucket", _BUCKET, "managed_domain.enabled"),
        False,
        UNSEEN,
        f"nothing: the provider never reads it. {_WRITE}",
        mended=False,
        resource="bucket-public-domain",
    ),
    Case(
        "Cloudflare account token",
        "name",
        Spot("cloudflare", "token", path="name"),
        "by hand",
        "update Cloudflare account token `storage-token`: `name` `by hand` → `tune-audio (pulumi)`",
        f"{_BACK}; its id and value stay",
    ),
    Case(
        "Cloudflare account token",
        "rolled in the dashboard (another value)",
        Spot("cloudflare", "token", path="value"),
        "rolled-by-hand-0123456789",
        UNSEEN,
        "nothing: Cloudflare shows a value once. Rotate it: [operating](operating.md#the-buckets-token)",
        mended=False,
    ),
    Case(
        "GitHub repository secret",
        "set to another value",
        Spot("github", "secret", f"{REPOSITORY}/FLY_API_TOKEN_STAGING", "value"),
        "by hand",
        UNSEEN,
        f"nothing, as for one of an environment. {_WRITE}",
        mended=False,
        resource="secret-FLY_API_TOKEN",
        stack="staging",
    ),
    Case(
        "GitHub repository variable",
        "set to another value",
        Spot("github", "variable", f"{REPOSITORY}/FLY_APP_STAGING", "value"),
        "by-hand",
        "update GitHub Actions variable `variable-FLY_APP`: `value` `by-hand` → `tune-api-staging`",
        _BACK,
        stack="staging",
    ),
)

DELETED: Sequence[Case] = (
    Case(
        "Fly secret, managed",
        "unset",
        FlySecret("FRONTEND_URL"),
        None,
        "`digests.FRONTEND_URL` `deleted outside Pulumi`",
        _BACK,
    ),
    Case(
        "Fly deploy token",
        "revoked",
        DeployToken(),
        1.0,
        "create Fly deploy token `deploy-token`",
        "mints another, and gives it to GitHub",
    ),
    Case(
        "GitHub environment",
        "reviewers taken away",
        Spot("github", "environment", ENVIRONMENT, "reviewers"),
        [],
        UNSEEN,
        "nothing: the provider reads reviewers only where there are any. Put them back in GitHub, under Settings → "
        "Environments",
        mended=False,
    ),
    Case(
        "GitHub deployment policy",
        "deleted",
        Spot("github", "deployment-policy", ENVIRONMENT),
        None,
        "create GitHub repository environment deployment policy `deployment-policy`",
        _AGAIN,
    ),
    Case(
        _GITHUB_SECRET,
        "deleted",
        Spot("github", "secret", f"{ENVIRONMENT}/FLY_API_TOKEN"),
        None,
        "create GitHub Actions environment secret `secret-FLY_API_TOKEN`",
        _AGAIN,
    ),
    Case(
        _GITHUB_VARIABLE,
        "deleted",
        Spot("github", "variable", f"{ENVIRONMENT}/API_URL"),
        None,
        "create GitHub Actions environment variable `variable-API_URL`",
        _AGAIN,
    ),
    Case(
        "R2 CORS rules",
        "deleted",
        Spot("cloudflare", "bucket", _BUCKET, "cors"),
        [],
        "update Cloudflare R2 bucket cors `bucket-cors`: `rules`",
        _BACK,
    ),
    Case(
        "Cloudflare account token",
        "deleted",
        Spot("cloudflare", "token"),
        None,
        "create Cloudflare account token `storage-token`",
        "makes another, and sets its keys on Fly: live from the next deployment",
    ),
    Case(
        "GitHub repository secret",
        "deleted",
        Spot("github", "secret", f"{REPOSITORY}/FLY_API_TOKEN_STAGING"),
        None,
        "create GitHub Actions secret `secret-FLY_API_TOKEN`",
        _AGAIN,
        stack="staging",
    ),
    Case(
        "GitHub repository variable",
        "deleted",
        Spot("github", "variable", f"{REPOSITORY}/FLY_APP_STAGING"),
        None,
        "create GitHub Actions variable `variable-FLY_APP`",
        _AGAIN,
        stack="staging",
    ),
)

WHOLE: Sequence[Case] = (
    Case(
        "Neon project",
        "deleted",
        Spot("neon", "project"),
        None,
        "create Neon project `neon-project`",
        "makes a new one, **empty**, and writes its `DATABASE_URL`. Before that, ask Neon whether the old one can be "
        "brought back",
    ),
    Case(
        "Fly app",
        "deleted",
        Spot("fly", "app", "tune-api"),
        None,
        "create Fly app `fly-app`",
        "makes it again with every secret and the deploy token; then deploy",
    ),
    Case(
        "GitHub environment",
        "deleted",
        Spot("github", "environment", ENVIRONMENT),
        None,
        "create GitHub repository environment `github-environment`",
        "makes it again with its policy, secrets and variables",
    ),
    Case(
        "Pages project",
        "deleted",
        Spot("cloudflare", "pages"),
        None,
        "create Cloudflare Pages project `pages-project`",
        "makes it again, under another host: `up` says which files name the old one",
    ),
    Case(
        "R2 bucket",
        "deleted",
        Spot("cloudflare", "bucket", _BUCKET),
        None,
        "create Cloudflare R2 bucket `bucket`",
        "makes it again, **empty**, with its CORS rules. Its public domain stays off, as nobody reads that. " + _WRITE,
    ),
    Case(
        "R2 bucket of `extraBuckets`",
        "deleted",
        Spot("cloudflare", "bucket", _EXTRA),
        None,
        "create Cloudflare R2 bucket `bucket-tune-covers`",
        f"{_AGAIN}, **empty**",
    ),
)

MOVED: Sequence[Case] = (
    Case(
        "Fly app",
        "moved to another organization",
        Spot("fly", "app", "tune-api", "organization"),
        "tune-other",
        "Fly app tune-api is in organization tune-other, not in the configured tune-works",
        "refuses, and says how to move it back (`flyctl apps move`): making it anew would destroy it",
        refused="run `flyctl apps move tune-api --org tune-works`",
    ),
)

_RESTORE = (
    "refuses: what `adopt` names must exist. Bring it back, or take it out of `adopt` (an app with `keep`) and have a "
    "new one made"
)

ADOPTED: Sequence[Case] = (
    Case(
        "Neon project, adopted",
        "deleted",
        Spot("neon", "project", "tall-oak-33334444"),
        None,
        "404: project not found: tall-oak-33334444",
        _RESTORE,
        refused="404: project not found: tall-oak-33334444",
    ),
    Case(
        "R2 bucket, adopted",
        "deleted",
        Spot("cloudflare", "bucket", _BUCKET),
        None,
        "404: The specified bucket does not exist: tune-audio",
        _RESTORE,
        refused="404: The specified bucket does not exist: tune-audio",
    ),
    Case(
        "Pages project, adopted",
        "deleted",
        Spot("cloudflare", "pages", f"{ACCOUNT}/tune"),
        None,
        "404: Project not found: tune",
        _RESTORE,
        refused="404: Project not found: tune",
    ),
    Case(
        "Fly app, adopted",
        "deleted",
        Spot("fly", "app", "tune-api"),
        None,
        "create Fly app `fly-app`",
        _RESTORE,
        refused="Clear `adopt.flyApp` to create the app",
    ),
)


def page() -> str:
    """Return the tables of docs/evidence.md."""
    return "\n".join(
        "\n".join(
            [
                f"### {title}",
                "",
                f"| {what} | by hand | `bin/drift` shows | `pulumi up --refresh` |",
                "| --- | --- | --- | --- |",
                *(f"| {case.thing} | {case.done} | {_shown(case)} | {case.then} |" for case in cases),
                "",
            ]
        )
        for title, what, cases in (
            ("Edited", "thing", [*EDITED, *MOVED]),
            ("Deleted", "thing", [*DELETED, *WHOLE, *ADOPTED]),
        )
    )


def _shown(case: Case) -> str:
    return case.shows.replace("|", "\\|") if case.shows else "**nothing**"


if __name__ == "__main__":
    print(page())
