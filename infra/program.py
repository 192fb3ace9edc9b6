"""Run the program: read the settings, check, make the parts that the stack manages, return its outputs."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from infra import application, states
from infra.checks import counters, preflight
from infra.config.load import load_settings
from infra.messages.after_up import advise
from infra.messages.on_failure import explain_failures
from infra.parts.storage_keys import given_keys
from infra.protection import Protection

if TYPE_CHECKING:
    import pulumi

    from infra.config.settings import Settings
    from infra.parts.storage import Storage

# A provider's SDK is imported only with a part that needs it: Cloudflare's costs a preview two seconds and 160 MB.


async def main() -> dict[str, Any]:
    """Make the parts of the stack that Pulumi runs, and return its outputs."""
    settings, before = load_settings(), states.own()
    preflight.check(settings)
    counters.check(settings, before)
    protection = Protection(settings, before)
    explain_failures(settings)
    outputs: dict[str, Any] = {
        "environment": settings.environment,
        "apiUrl": settings.api_url,
        "frontendUrl": settings.frontend_url,
        "deploysOn": settings.deploys_on,
    }

    keys = given_keys(settings)
    database = backend = storage = pages_host = frontend_url = None
    if settings.frontend_url is None:  # then this stack manages the frontend, whose host Cloudflare chooses
        pages_host = await _frontend(settings)
        outputs["frontendUrl"] = frontend_url = pages_host.apply("https://{}".format)
    if settings.manages("database"):
        from infra.parts.database import Database

        database = Database(settings)
        outputs |= {
            "neonProject": settings.neon_project,
            "neonProjectId": database.project_id,
            "databaseHost": database.host,
        }

    # Storage is made after the backend where it can be: while Python imports Cloudflare's SDK, the engine starts Fly's
    # provider, which takes half a second.
    if settings.mints_storage_token:
        storage = await _storage(settings, frontend_url)
        keys = storage.keys
    if settings.manages("storage") and keys:
        outputs |= {"storageAccessKeyId": keys.access_key_id, "storageSecretAccessKey": keys.secret_access_key}

    if settings.manages("backend"):
        from infra.parts.backend import Backend

        backend = Backend(
            settings, database_url=database.url if database else None, storage_keys=keys, frontend_url=frontend_url
        )
        outputs |= {
            "flyApp": settings.fly_app,
            "flyRegion": settings.fly_region,
            "flyEnv": application.plain_settings(settings),
        }

    if settings.manages("delivery"):
        await _load("pulumi_github")
        from infra.parts.delivery import Delivery

        Delivery(
            settings,
            minted_token=backend.deploy_token if backend else None,
            neon_project=database.project_id if database else settings.adopt.neon_project,
            frontend_url=frontend_url,
        )
        outputs["githubEnvironment"] = settings.github_environment_name

    if settings.manages("storage"):
        storage = storage or await _storage(settings, frontend_url)
        outputs["bucketPublicHost"] = storage.public_host

    if settings.manages("frontend"):
        pages_host = pages_host or await _frontend(settings)
        outputs |= {"pagesHost": pages_host, "previewApiUrl": settings.preview_api_url}

    if settings.tier == "development" and database:
        from infra.parts.laptop import Laptop

        laptop = Laptop(settings, database_url=database.url, storage_keys=keys)
        outputs |= {"dotenv": laptop.dotenv, "frontendDotenv": laptop.frontend_dotenv}

    protection.guard()
    advise(settings, database=database, backend=backend, storage=storage, pages_host=pages_host)
    return outputs


async def _load(sdk: str) -> None:
    """Import a provider's SDK in a thread, while the engine works on the resources declared so far."""
    await asyncio.to_thread(importlib.import_module, sdk)


async def _frontend(settings: Settings) -> pulumi.Output[str]:
    await _load("pulumi_cloudflare")
    from infra.parts.frontend import Frontend

    return Frontend(settings).host


async def _storage(settings: Settings, frontend_url: pulumi.Output[str] | None) -> Storage:
    await _load("pulumi_cloudflare")
    from infra.parts.storage import Storage

    return Storage(settings, frontend_url)
