"""Describe the application: its variables, paths, port and commands. A team with another application edits this file.

The functions read a stack's settings and return plain values; other modules turn them into resources.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote, urlencode

import pulumi
from pydantic import SecretStr

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from infra.parts.storage_keys import StorageKeys

Values: TypeAlias = dict[str, SecretStr | pulumi.Input[str] | None]
"""Values by the name of their variable; None where this stack has no value to set."""

PORT = 8000
HEALTH_PATH = "/docs"
MIGRATION = "uv run alembic upgrade head"
REVISION = "uv run alembic current"
HEADS = "uv run alembic heads"

LOCAL_API_URL = f"http://localhost:{PORT}"
LOCAL_FRONTEND_URL = "http://localhost:5173"

DATABASE_URL = "DATABASE_URL"
DATABASE_SCHEME = "postgresql+psycopg"  # SQLAlchemy refuses Neon's own `postgres`
OAUTH_KEY = "OAUTH_ENCRYPTION_KEY"
ADDRESSES = ("ATPROTO_CLIENT_ID", "ATPROTO_REDIRECT_URI")
"""Secrets that name the API's address."""

STORAGE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
API_VARIABLE = "PUBLIC_API_URL"
LOGFIRE_TOKEN = "LOGFIRE_WRITE_TOKEN"  # noqa: S105  (a variable's name)

CLIENT_METADATA_PATH = "/client-metadata.json"
OAUTH_SCOPE = "atproto repo:{namespace}.track"
NAMESPACE = "app.relay"
"""The record namespace that the backend has by default."""

SETTINGS_GROUPS = frozenset({"APP", "DATABASE", "STORAGE", "FRONTEND", "ATPROTO", "OBSERVABILITY", "NOTIFY"})
"""Names that the backend reads as a whole group of settings: a variable of that name crashes it."""


def secrets(
    settings: Settings,
    database_url: pulumi.Output[str] | None = None,
    storage_keys: StorageKeys | None = None,
    oauth_key: pulumi.Output[str] | None = None,
    frontend_url: pulumi.Output[str] | None = None,
) -> Values:
    """Return every secret that the backend reads and this program sets.

    Args:
        settings: The stack's settings.
        database_url: See `infra.parts.database.sqlalchemy_url`; None where the app keeps its own.
        storage_keys: The bucket's S3 keys; None where the app keeps its own.
        oauth_key: See `infra.parts.keys.random_key`; None where the app keeps its own.
        frontend_url: The frontend's URL, if Cloudflare chooses its host in this `up`.
    """
    logfire = settings.logfire_token is not None or LOGFIRE_TOKEN in settings.adopt.keep
    access_key_id, secret_access_key = STORAGE_KEYS
    return {
        DATABASE_URL: database_url,
        "ATPROTO_CLIENT_ID": client_id(settings),
        "ATPROTO_REDIRECT_URI": redirect_uri(settings),
        "ATPROTO_APP_NAMESPACE": namespace(settings),
        OAUTH_KEY: oauth_key,
        access_key_id: storage_keys.access_key_id if storage_keys else None,
        secret_access_key: storage_keys.secret_access_key if storage_keys else None,
        "LOGFIRE_ENABLED": "true" if logfire else "false",
        "LOGFIRE_ENVIRONMENT": settings.environment,
        LOGFIRE_TOKEN: settings.logfire_token,
        "FRONTEND_URL": settings.frontend_url or frontend_url,
        "FRONTEND_CORS_ORIGIN_REGEX": frontend_url.apply(partial(cors_origin_regex, settings))
        if frontend_url
        else cors_origin_regex(settings, settings.frontend_url),
    }


def plain_settings(settings: Settings) -> dict[str, str]:
    """Return the variables of the backend that are no secrets: the `[env]` of its fly file.

    A pull request's backend without keys of the bucket stores files on its machine, and loses them with the machine.
    """
    if settings.tier == "preview" and not settings.storage_access_key_id:
        return local_plain_settings()
    return {
        "STORAGE_BACKEND": "r2",  # with any other value the backend stores files on the machine's own disk
        "R2_BUCKET": settings.bucket,
        # A function of the account id (Cloudflare's R2 documentation).
        "R2_ENDPOINT_URL": f"https://{settings.cloudflare_account_id}.r2.cloudflarestorage.com",
    } | ({"R2_PUBLIC_BUCKET_URL": f"https://{settings.audio_host}"} if settings.audio_host else {})


def name_problem(settings: Settings, name: str) -> str | None:
    """Return why a secret of the Fly app may not have a name, or None."""
    if name in {"PORT", *plain_settings(settings)}:
        return "this is a plain setting of the fly file's [env]; a secret would silently win over it"
    if name in SETTINGS_GROUPS:
        return "the backend reads this name as a whole group of settings and would not start"
    return None


def local_plain_settings() -> dict[str, str]:
    """Return the plain variables of a backend that has no bucket."""
    return {"STORAGE_BACKEND": "filesystem"}


def frontend_variables(api_url: str) -> dict[str, str]:
    """Return the variables that the frontend is built with.

    SvelteKit bakes them into the build: a change shows from the next build on.
    """
    return {API_VARIABLE: api_url}


def github_variables(
    settings: Settings,
    neon_project: pulumi.Input[str] | None = None,
    frontend_url: pulumi.Output[str] | None = None,
) -> Values:
    """Return the variables that the application's workflows read.

    Args:
        settings: The stack's settings.
        neon_project: Id of the database's project, for a release's restore point.
        frontend_url: The frontend's URL, if Cloudflare chooses its host in this `up`.
    """
    return {
        "API_URL": settings.api_url,
        "FRONTEND_URL": settings.frontend_url or frontend_url,
        "FLY_APP": settings.fly_app,
        "NEON_PROJECT_ID": neon_project if settings.neon_restore_key else None,
    }


def github_secrets(settings: Settings, deploy_token: SecretStr | pulumi.Output[str] | None = None) -> Values:
    """Return the secrets that the application's workflows read."""
    return {"FLY_API_TOKEN": deploy_token, "NEON_API_KEY": settings.neon_restore_key}


def pages_variables(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the build variables of a Pages project, for its previews and for its production."""
    shared = settings.pages_variables
    return {
        "preview": {
            **shared,
            **frontend_variables(settings.preview_api_url or ""),
            **settings.pages_preview_variables,
        },
        "production": {**shared, **frontend_variables(settings.api_url)},
    }


def previews_api_url(settings: Settings) -> str | None:
    """Return the API that previews of the frontend are built with; None while no stack file names it."""
    return settings.pages_preview_variables.get(API_VARIABLE, settings.preview_api_url)


def client_id(settings: Settings) -> str:
    """Return the OAuth client id: the URL of the client's metadata; on a laptop, AT Protocol's loopback client.

    A loopback client declares its redirect and its scope in its id. Without a scope, the authorization server grants
    `atproto` alone (AT Protocol's OAuth specification, "localhost client development").
    """
    if settings.tier == "development":
        scope = settings.oauth_scope.replace("{namespace}", namespace_of(settings))
        return (
            f"http://localhost?{urlencode({'redirect_uri': redirect_uri(settings), 'scope': scope}, quote_via=quote)}"
        )
    return f"{settings.api_url}{settings.client_metadata_path}"


def redirect_uri(settings: Settings) -> str:
    """Return the OAuth redirect URI. AT Protocol's loopback clients must name 127.0.0.1, not localhost."""
    local = LOCAL_API_URL.replace("localhost", "127.0.0.1")
    return f"{local if settings.tier == 'development' else settings.api_url}/auth/callback"


def namespace(settings: Settings) -> str | None:
    """Return the record namespace to set; None for the backend's own default."""
    found = namespace_of(settings)
    return None if found == NAMESPACE else found


def namespace_of(settings: Settings) -> str:
    """Return the stack's record namespace. Outside production it is the shared namespace with the stack's name."""
    own = settings.tier == "production" or "atprotoNamespace" in settings.own_keys
    return settings.atproto_namespace if own else f"{settings.atproto_namespace}-{settings.stack}"


def origins(settings: Settings) -> list[str]:
    """Return the origins of the stack's frontends, as far as they are known."""
    shared = settings.previews_may_call and not settings.manages("frontend")
    previews = [settings.preview_frontend_url] if shared else []
    known = dict.fromkeys(origin for origin in (settings.frontend_url, *_own_origins(settings), *previews) if origin)
    return [*known, *sorted(settings.cors_origins)]


def _own_origins(settings: Settings) -> list[str]:
    """Return the origins of the stack's frontends at the team's own domain names."""
    return settings.domains.origins() + settings.former_domains.origins()


def cors_origin_regex(settings: Settings, frontend_url: str | None) -> str:
    """Return the origins that may call the API, as a regular expression for the whole of an origin.

    Production admits its own frontend and `corsOrigins`, because a preview that reached it would be a mix-up. Staging
    admits every preview deployment, by its branch alias (hyphens and all) or its hash.
    """
    admitted = [frontend_url, *_own_origins(settings)]
    if settings.previews_may_call and settings.pages_host:
        admitted.append(f"https://*.{settings.pages_host}")
    known = dict.fromkeys(origin for origin in (*admitted, *sorted(settings.cors_origins)) if origin)
    patterns = [re.escape(origin).replace(r"\*", "[a-z0-9-]+") for origin in known]
    return f"^({'|'.join(patterns)})$" if len(patterns) > 1 else f"^{''.join(patterns)}$"
