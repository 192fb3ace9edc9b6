"""What the backend reads from its environment, wherever it runs: on Fly as secrets, on a laptop as a dotenv file."""

from typing import TypeAlias

import pulumi
from pydantic import SecretStr

from infra.config.settings import Settings
from infra.parts.storage_keys import StorageKeys

Wanted: TypeAlias = dict[str, SecretStr | pulumi.Input[str] | None]
"""Secrets by name; None for what is not there to be set."""


def reveal(secret: SecretStr) -> pulumi.Output[str]:
    """Return a configured secret as a secret output, the only form in which it may leave the settings."""
    return pulumi.Output.secret(secret.get_secret_value())


def wanted_secrets(
    settings: Settings,
    database_url: pulumi.Output[str] | None = None,
    storage_keys: StorageKeys | None = None,
    oauth_key: pulumi.Output[str] | None = None,
) -> Wanted:
    """Return every secret that the program itself sets on a Fly app.

    Args:
        settings: The stack's settings.
        database_url: See `infra.parts.database.sqlalchemy_url`; None where it is kept.
        storage_keys: The bucket's S3 keys; None where they are kept.
        oauth_key: See `infra.parts.keys.random_key`; None where it is kept.
    """
    logfire = settings.logfire_token is not None or "LOGFIRE_WRITE_TOKEN" in settings.adopt.keep
    return {
        "DATABASE_URL": database_url,
        "ATPROTO_CLIENT_ID": settings.atproto_client_id,
        "ATPROTO_REDIRECT_URI": settings.atproto_redirect_uri,
        "ATPROTO_APP_NAMESPACE": settings.app_namespace,
        "OAUTH_ENCRYPTION_KEY": oauth_key,
        "AWS_ACCESS_KEY_ID": storage_keys.access_key_id if storage_keys else None,
        "AWS_SECRET_ACCESS_KEY": storage_keys.secret_access_key if storage_keys else None,
        "LOGFIRE_ENABLED": "true" if logfire else "false",
        "LOGFIRE_ENVIRONMENT": settings.environment,
        "LOGFIRE_WRITE_TOKEN": settings.logfire_token,
        "FRONTEND_URL": settings.frontend_url,
        "FRONTEND_CORS_ORIGIN_REGEX": settings.cors_origin_regex,
    }


def backend_secrets(settings: Settings, wanted: Wanted) -> dict[str, pulumi.Input[str]]:
    """Return all secrets to set: those of `wanted_secrets`, and a team's own with them, less those that are kept."""
    return {
        name: reveal(value) if isinstance(value, SecretStr) else value
        for name, value in {**wanted, **settings.extra_secrets}.items()
        if value is not None and name not in settings.adopt.keep
    }
