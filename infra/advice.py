"""What a person should know after an `up`: what is staged, what is missing, and the commands that finish it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra import own_state
from infra.rotation import STORAGE_TOKEN, made_here

if TYPE_CHECKING:
    from infra.backend import Backend
    from infra.database import Database
    from infra.settings import Settings
    from infra.storage import Storage


def advise(
    settings: Settings,
    *,
    database: Database | None,
    backend: Backend | None,
    storage: Storage | None,
    pages_host: pulumi.Output[str] | None,
) -> None:
    """Log advice as diagnostics of the stack. Warnings show at preview too; what needs an `up` to be true does not."""
    stack = settings.stack
    if backend and settings.manages("delivery") and not (settings.fly_deploy_token or settings.mint_deploy_token):
        pulumi.log.warn(
            f"FLY_API_TOKEN is not set in GitHub environment {settings.github_environment_name!r}: a deploy token can "
            "only be made once its app exists, and by a person (`flyctl auth login`). To finish:\n"
            f"  env -u FLY_API_TOKEN -u FLY_ACCESS_TOKEN flyctl tokens create deploy -a {settings.fly_app} "
            f"-n github-{stack} | pulumi config set --secret flyDeployToken -s {stack}\n"
            f"  pulumi up -s {stack}"
        )
    if settings.manages("frontend") and settings.production_branch == settings.main_branch:
        pulumi.log.warn(
            f"productionBranch is {settings.main_branch!r}: a merge ships the frontend before the release ships the "
            "backend. `release`, which a release moves forward, is recommended."
        )
    if pages_host is not None:
        _expect("pagesHost", settings.pages_host, pages_host)
    if storage is not None:
        _expect("bucketPublicHost", settings.bucket_public_host, storage.public_host)
    if not pulumi.runtime.is_dry_run():
        _advise_on_changes(settings, database, storage, pages_host)
        _advise_on_rotation(settings)
    if backend is not None and not pulumi.runtime.is_dry_run():
        backend.staged.apply(lambda names: _say_staged(settings.fly_app or "", names))
        backend.foreign.apply(lambda names: _say_foreign(settings.fly_app or "", names))


def _advise_on_changes(
    settings: Settings, database: Database | None, storage: Storage | None, pages_host: pulumi.Output[str] | None
) -> None:
    """Say what follows from the difference to the last `up`."""
    from infra.namesakes import check_made  # noqa: PLC0415  (see `infra.cloud_look`)

    try:
        before = own_state.outputs()
    except Exception:  # noqa: BLE001  (advice is not worth an `up`, and the engine's errors have no type)
        return

    def say_new(project_id: str) -> None:
        if before.get("neonProjectId") != project_id:
            pulumi.log.info(
                f"Database {settings.neon_project} is new and empty. An application whose "
                'first migration expects tables cannot migrate an empty one: deploy/README.md, "A new database".'
            )
            check_made(settings, "neon-project", project_id)

    def look_at_token(token_id: str) -> None:
        if before.get("storageAccessKeyId") != token_id:
            check_made(settings, STORAGE_TOKEN.names(settings)[-1], token_id)

    if database is not None and settings.adopt.neon_project is None:
        database.project_id.apply(say_new)
    if storage is not None and storage.keys is not None:
        storage.keys.access_key_id.apply(look_at_token)
    if pages_host is not None and before.get("previewApiUrl") != settings.preview_api_url:
        pulumi.log.info(
            f"Previews of the frontend use {settings.preview_api_url} from their next build: what is built already "
            "keeps the API it was built with."
        )


def _advise_on_rotation(settings: Settings) -> None:
    """Say how a rotation ends, for each that has not."""
    for each in made_here(settings):
        *older, current = each.slots(settings)
        if older:
            live = each.secrets and settings.fly_app
            once = f"Once Fly app {settings.fly_app} is deployed" if live else "Once nothing uses it any more"
            pulumi.log.info(
                f"The {each.resource} from before rotation {current} still works. {once}, revoke it "
                f"(docs/rotation.md):\n  pulumi config set --path retire.{each.key} {current} -s {settings.stack}\n"
                f"  pulumi up -s {settings.stack}"
            )


def _expect(key: str, configured: str, actual: pulumi.Output[str]) -> None:
    """Warn where a fact written in Pulumi.yaml, so that other stacks can use it, is not what the cloud says."""

    def compare(value: str) -> None:
        if value != configured:
            pulumi.log.warn(
                f"{key} is {configured!r} in the configuration, but Cloudflare says {value!r}. Other stacks read it "
                f"there:\n  sed -i.bak 's/{configured}/{value}/' Pulumi.yaml && rm Pulumi.yaml.bak"
            )

    actual.apply(compare)


def _say_staged(app: str, names: list[str]) -> None:
    if names:
        pulumi.log.info(
            f"Staged on Fly app {app}: {', '.join(names)}. "
            f"Live from its next deploy, or now: `flyctl secrets deploy -a {app}`"
        )


def _say_foreign(app: str, names: list[str]) -> None:
    if names:
        pulumi.log.info(f"Not managed here, left alone on Fly app {app}: {', '.join(names)}")
