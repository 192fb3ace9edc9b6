"""The program: settings → the parts this stack manages → its outputs."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from infra import application
from infra.checks import preflight
from infra.config.load import load_settings
from infra.messages.after_up import advise
from infra.messages.on_failure import explain_failures
from infra.parts.storage_keys import StorageKeys, keys_of
from infra.parts.values import reveal
from infra.protection import apply_policy

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from infra.parts.storage import Storage

# Provider SDKs are imported with the component that needs them, inside the functions below: Cloudflare's alone
# costs two seconds and 160 MB, which a preview of dev or staging need not pay. The two large ones are loaded as late
# as can be, so that meanwhile the engine starts the provider of the Fly app, which takes half a second.


async def main() -> dict[str, Any]:
    """Provision the stack that Pulumi was called for, and return its outputs."""
    settings = load_settings()
    preflight.check(settings)
    apply_policy(settings)
    explain_failures(settings)
    outputs: dict[str, Any] = {
        "environment": settings.environment,
        "apiUrl": settings.api_url,
        "frontendUrl": settings.frontend_url,
        "deploysOn": settings.deploys_on,
    }

    keys = _given_storage_keys(settings)  # another stack's may be refused, and then nothing is made
    database = None
    if settings.manages("database"):
        from infra.parts.database import Database

        database = Database(settings)
        outputs |= {
            "neonProject": settings.neon_project,
            "neonProjectId": database.project_id,
            "databaseHost": database.host,
        }

    # The backend waits for the bucket only where it needs the keys that are made with it.
    storage = await _storage(settings) if settings.mints_storage_token else None
    keys = keys or (storage.keys if storage else None)
    if storage and keys:
        # For stacks that set `storageFrom`, and for a person who sets another stack's own.
        outputs |= {"storageAccessKeyId": keys.access_key_id, "storageSecretAccessKey": keys.secret_access_key}

    backend = None
    if settings.manages("backend"):
        from infra.parts.backend import Backend

        backend = Backend(settings, database_url=database.url if database else None, storage_keys=keys)
        outputs |= {
            "flyApp": settings.fly_app,
            "flyRegion": settings.fly_region,
            "flyEnv": application.plain_settings(settings),
            "oauthKeyFingerprint": backend.oauth_key_fingerprint,
        }

    if settings.manages("delivery"):
        await _load("pulumi_github")
        from infra.parts.delivery import Delivery

        Delivery(
            settings,
            minted_token=backend.deploy_token if backend else None,
            neon_project=database.project_id if database else settings.adopt.neon_project,
        )
        outputs["githubEnvironment"] = settings.github_environment_name

    if settings.manages("storage"):
        storage = storage or await _storage(settings)
        outputs["bucketPublicHost"] = storage.public_host

    pages_host = None
    if settings.manages("frontend"):
        await _load("pulumi_cloudflare")
        from infra.parts.frontend import Frontend

        pages_host = Frontend(settings).host
        outputs |= {"pagesHost": pages_host, "previewApiUrl": settings.preview_api_url}

    if settings.tier == "development" and database:
        from infra.parts.laptop import Local

        local = Local(settings, database_url=database.url, storage_keys=keys)
        outputs |= {
            "dotenv": local.dotenv,
            "frontendDotenv": local.frontend_dotenv,
            "oauthKeyFingerprint": local.oauth_key_fingerprint,
        }

    advise(settings, database=database, backend=backend, storage=storage, pages_host=pages_host)
    return outputs


async def _load(sdk: str) -> None:
    """Import a provider's SDK in a thread; what is registered already goes on meanwhile."""
    await asyncio.to_thread(importlib.import_module, sdk)


async def _storage(settings: Settings) -> Storage:
    await _load("pulumi_cloudflare")
    from infra.parts.storage import Storage

    return Storage(settings)


def _given_storage_keys(settings: Settings) -> StorageKeys | None:
    """Return the bucket's keys that are not made here: configured, or another stack's."""
    if settings.storage_access_key_id and settings.storage_secret_access_key:
        return StorageKeys(reveal(settings.storage_access_key_id), reveal(settings.storage_secret_access_key))
    if settings.storage_from:
        return keys_of(settings.storage_from)
    return None
