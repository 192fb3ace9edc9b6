"""What the backend reads from its environment, wherever it runs: on Fly as secrets, on a laptop as a dotenv file."""

import pulumi

from infra.configuration import reveal
from infra.s3 import StorageKeys
from infra.settings import Settings


def backend_secrets(
    settings: Settings,
    database_url: pulumi.Output[str] | None,
    storage_keys: StorageKeys | None,
    oauth_key: pulumi.Output[str] | None,
) -> dict[str, pulumi.Input[str]]:
    """Return the secrets to set on the Fly app, by name: all the backend needs, less those that are kept.

    Args:
        settings: The stack's settings.
        database_url: See `infra.database.sqlalchemy_url`; None where it is kept.
        storage_keys: The bucket's S3 keys; None where they are kept.
        oauth_key: See `infra.keys.random_key`; None where it is kept.
    """
    logfire = settings.logfire_token is not None or "LOGFIRE_WRITE_TOKEN" in settings.adopt.keep
    values: dict[str, pulumi.Input[str] | None] = {
        "DATABASE_URL": database_url,
        "ATPROTO_CLIENT_ID": settings.atproto_client_id,
        "ATPROTO_REDIRECT_URI": settings.atproto_redirect_uri,
        "ATPROTO_APP_NAMESPACE": settings.app_namespace,
        "OAUTH_ENCRYPTION_KEY": oauth_key,
        "AWS_ACCESS_KEY_ID": storage_keys.access_key_id if storage_keys else None,
        "AWS_SECRET_ACCESS_KEY": storage_keys.secret_access_key if storage_keys else None,
        "LOGFIRE_ENABLED": "true" if logfire else "false",
        "LOGFIRE_ENVIRONMENT": settings.environment,
        "LOGFIRE_WRITE_TOKEN": reveal(settings.logfire_token) if settings.logfire_token else None,
        "FRONTEND_URL": settings.frontend_url,
        "FRONTEND_CORS_ORIGIN_REGEX": settings.cors_origin_regex,
        **{name: reveal(value) for name, value in settings.extra_secrets.items()},
    }
    return {name: value for name, value in values.items() if value is not None and name not in settings.adopt.keep}
