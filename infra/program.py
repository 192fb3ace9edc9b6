"""Run the program: read the settings, check, make the parts that the stack manages, return its outputs."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from infra import states
from infra.checks import counters, preflight
from infra.config.load import load_settings
from infra.messages.after_up import advise
from infra.messages.on_failure import explain_failures
from infra.parts.storage_keys import given_keys
from infra.protection import Protection

if TYPE_CHECKING:
    import pulumi

    from infra.config.settings import Settings
    from infra.parts.backend import Backend
    from infra.parts.database import Database
    from infra.parts.database_branch import DatabaseBranch
    from infra.parts.delivery import Delivery
    from infra.parts.domains import Domains
    from infra.parts.frontend import Frontend
    from infra.parts.laptop import Laptop
    from infra.parts.storage import Storage
    from infra.parts.storage_keys import StorageKeys

# A provider's SDK is imported only with a part that needs it: Cloudflare's costs a preview two seconds and 160 MB.


class Made(NamedTuple):
    """The parts that the stack manages; None for others. Their order is that of the stack's outputs."""

    database: Database | DatabaseBranch | None
    storage: Storage | None
    backend: Backend | None
    delivery: Delivery | None
    frontend: Frontend | None
    laptop: Laptop | None
    domains: Domains | None


async def main() -> dict[str, Any]:
    """Make the parts of the stack that Pulumi runs, and return its outputs."""
    settings, before = load_settings(), states.own()
    preflight.check(settings, before)
    counters.check(settings, before)
    protection = Protection(settings, before)
    explain_failures(settings, before)
    made = await _make(settings, before)
    protection.guard()
    advise(settings, before, made)
    outputs = {
        "environment": settings.environment,
        "apiUrl": settings.api_url,
        "frontendUrl": settings.frontend_url or (made.frontend.url if made.frontend else None),
        "deploysOn": settings.deploys_on,
    }
    for part in made:
        outputs |= part.outputs if part else {}
    return outputs


async def _make(settings: Settings, before: states.State) -> Made:
    """Make each part that the stack manages. Storage is late: Fly's provider starts while Python imports its SDK."""
    storage = backend = delivery = laptop = None
    # The other parts need the host of the frontend, which Cloudflare chooses at the first `up`.
    frontend = await _frontend(settings) if settings.manages("frontend") and not settings.pages_host else None
    frontend_url = frontend.url if frontend and not settings.frontend_url else None
    keys = given_keys(settings, before)
    database = _database(settings, before)
    if settings.mints_storage_token:
        storage = await _storage(settings, keys, frontend)
        keys = storage.keys
    database_url = database.url if database else None
    if settings.manages("backend"):
        from infra.parts.backend import Backend

        backend = Backend(settings, database_url=database_url, storage_keys=keys, frontend_url=frontend_url)
    if settings.manages("delivery"):
        await _load("pulumi_github")
        from infra.parts.delivery import Delivery

        delivery = Delivery(
            settings,
            minted_token=backend.deploy_token if backend else None,
            neon_project=database.project_id if database else settings.adopt.neon_project,
            frontend_url=frontend_url,
            app_secrets=backend.values if backend else {},
        )
    if settings.manages("storage") and not storage:
        storage = await _storage(settings, keys, frontend)
    if settings.manages("frontend") and not frontend:
        frontend = await _frontend(settings)
    if settings.tier == "development" and database_url:
        from infra.parts.laptop import Laptop

        laptop = Laptop(settings, database_url=database_url, storage_keys=keys)
    domains = await _domains(settings, before, frontend, [part for part in (backend, frontend, storage) if part])
    return Made(database, storage, backend, delivery, frontend, laptop, domains)


def _database(settings: Settings, before: states.State) -> Database | DatabaseBranch | None:
    if settings.branch_of:
        from infra.parts.database_branch import DatabaseBranch

        return DatabaseBranch(settings)
    if settings.manages("database"):
        from infra.parts.database import Database

        return Database(settings, before)
    return None


async def _load(sdk: str) -> None:
    """Import a provider's SDK in a thread, while the engine works on the resources declared so far."""
    await asyncio.to_thread(importlib.import_module, sdk)


async def _frontend(settings: Settings) -> Frontend:
    await _load("pulumi_cloudflare")
    from infra.parts.frontend import Frontend

    return Frontend(settings)


async def _domains(
    settings: Settings, before: states.State, frontend: Frontend | None, served: list[pulumi.Resource]
) -> Domains | None:
    if not (settings.domains.named() or settings.former_domains.named()):
        return None
    await _load("pulumi_cloudflare")
    from infra.parts.domains import Domains, zone_ids

    pages_url = frontend.url if frontend else settings.pages_url
    return Domains(settings, await zone_ids(settings), before, pages_url=pages_url, after=served)


async def _storage(settings: Settings, given: StorageKeys | None, frontend: Frontend | None) -> Storage:
    await _load("pulumi_cloudflare")
    from infra.parts.storage import Storage

    return Storage(settings, given, frontend.host if frontend else None)
