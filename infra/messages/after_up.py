"""What a person should know after an `up`: what is staged, what is missing, and the commands that finish it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pulumi

from infra import application, states
from infra.config.rotation import storage_slots, storage_tokens
from infra.messages.fly_secrets import advise_on_secrets

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from infra.parts.backend import Backend
    from infra.parts.database import Database
    from infra.parts.storage import Storage


def advise(
    settings: Settings,
    *,
    database: Database | None,
    backend: Backend | None,
    storage: Storage | None,
    pages_host: pulumi.Output[str] | None,
) -> None:
    """Log advice as diagnostics of the stack. Warnings show at preview too; what needs an `up` to be true does not."""
    stack, app = settings.stack, settings.fly_app
    if backend and settings.manages("delivery") and not (settings.fly_deploy_token or settings.mint_deploy_token):
        pulumi.log.warn(
            f"FLY_API_TOKEN is not set in GitHub environment {settings.github_environment_name!r}: a deploy token can "
            "only be made once its app exists, and by a person (`flyctl auth login`). To finish:\n"
            f"  env -u FLY_API_TOKEN -u FLY_ACCESS_TOKEN flyctl tokens create deploy -a {app} "
            f"-n github-{stack} | pulumi config set --secret flyDeployToken -s {stack}\n"
            f"  pulumi up -s {stack}"
        )
    if settings.manages("frontend") and settings.production_branch == settings.main_branch:
        pulumi.log.warn(
            f"productionBranch is {settings.main_branch!r}: a merge ships the frontend before the release ships the "
            "backend. `release`, which a release moves forward, is recommended."
        )
    _warn_of_kept_addresses(settings)
    if pages_host is not None:
        pages_host.apply(partial(_compare, "pagesHost", settings.pages_host))
    if storage:
        storage.public_host.apply(partial(_compare, "bucketPublicHost", settings.bucket_public_host))
    if pulumi.runtime.is_dry_run():
        return
    _advise_on_changes(settings, database, storage, pages_host)
    _advise_on_rotation(settings)
    if pages_host is not None:
        pages_host.apply(partial(_read_back, settings))
    if backend:
        advise_on_secrets(settings, backend)


def _warn_of_kept_addresses(settings: Settings) -> None:
    """Warn if the API has a domain, and the app keeps secrets that may name its former address."""
    kept = sorted(settings.adopt.keep.intersection(application.ADDRESSES))
    if kept and settings.api_url_override:
        pulumi.log.warn(
            f"apiUrl is {settings.api_url!r}, and app {settings.fly_app} keeps {' and '.join(kept)} as they are. If "
            "they name another address, nobody can sign in. Remove them from adopt.keep, and this program sets them."
        )


def _compare(key: str, configured: str | None, actual: str) -> None:
    """Warn if a host that Cloudflare chose is not in Pulumi.yaml, where other stacks read it; a custom host may be."""
    then = f"Then `up` every stack that uses it, and `bin/handoff`. {key} in Pulumi.yaml:"
    if configured is None:
        pulumi.log.warn(f"{key} is not set, and Cloudflare gave {actual!r}. {then}\n  {key}: {actual}")
    elif actual != configured and configured.endswith((".pages.dev", ".r2.dev")):
        pulumi.log.warn(
            f"{key} is {configured!r} in the configuration, but Cloudflare says {actual!r}. {then}\n"
            f"  sed -i.bak 's/{configured}/{actual}/' Pulumi.yaml && rm Pulumi.yaml.bak"
        )


def _read_back(settings: Settings, _host: str) -> None:
    """Warn if the Pages project is not as configured after Cloudflare accepted it."""
    from infra.checks import clients, pages  # noqa: PLC0415  (see `infra.clouds`)
    from infra.checks.credentials import CREDENTIALS  # noqa: PLC0415

    for finding in pages.check(settings, clients.client("Cloudflare", CREDENTIALS["Cloudflare"].value())):
        if finding.state != "ok":
            pulumi.log.warn(f"{finding.what}. {finding.fix}".strip())


def _advise_on_changes(
    settings: Settings, database: Database | None, storage: Storage | None, pages_host: pulumi.Output[str] | None
) -> None:
    """Say what follows from the difference to the last `up`."""
    from infra.checks.duplicates import check_made  # noqa: PLC0415  (see `infra.clouds`)

    try:
        before = states.outputs(settings.stack)
    except states.StateError:
        return  # advice is not worth an `up`

    def look_at_project(project_id: str) -> None:
        if before.get("neonProjectId") != project_id:
            pulumi.log.info(
                f"Database {settings.neon_project} is new and empty: a first migration that expects tables fails. "
                'See docs/operating.md, "A new database is empty".'
            )
            check_made(settings, "neon-project", project_id)

    def look_at_token(token_id: str) -> None:
        if before.get("storageAccessKeyId") != token_id:
            check_made(settings, storage_tokens(settings)[-1], token_id)

    if database and settings.adopt.neon_project is None:
        database.project_id.apply(look_at_project)
    if storage and storage.keys:
        storage.keys.access_key_id.apply(look_at_token)
    if pages_host is not None and before.get("previewApiUrl") != settings.preview_api_url:
        pulumi.log.info(
            f"Previews of the frontend use {settings.preview_api_url} from their next build: what is built already "
            "keeps the API it was built with."
        )


def _advise_on_rotation(settings: Settings) -> None:
    """Name the command that ends a rotation of the bucket's token, while two tokens work."""
    *older, current = storage_slots(settings) or [0]
    if older:
        app = settings.fly_app
        once = f"Once Fly app {app} is deployed" if app else "Once nothing uses it"
        pulumi.log.info(
            f"The storage token from before rotation {current} still works. {once}, revoke it "
            f"(docs/operating.md):\n  pulumi config set --path retire.storageToken {current} -s {settings.stack}\n"
            f"  pulumi up -s {settings.stack}"
        )
