"""Tell a person what an `up` leaves to do: what is staged, what is missing, and the commands that finish it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pulumi

from infra import application
from infra.config.hosts import other_hosts
from infra.config.rotation import storage_slots, storage_tokens
from infra.messages.fly_secrets import advise_on_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.settings import Settings
    from infra.program import Made
    from infra.states import State


def advise(settings: Settings, before: State, made: Made) -> None:
    """Log advice about the parts that the stack manages. Warnings about the plan show at preview too."""
    database, storage, frontend = made.database, made.storage, made.frontend
    _warn_of_plan(settings, before)
    hosts = {"pagesHost": frontend.host} if frontend else {}
    if storage:
        hosts["bucketPublicHost"] = storage.public_host
    if hosts:
        pulumi.Output.all(**hosts).apply(partial(_compare, settings))
    if pulumi.runtime.is_dry_run():
        return
    new = "neon-project" not in before and not (settings.adopt.neon_project or settings.branch_of)
    if database and new:
        pulumi.Output.from_input(database.project_id).apply(partial(_new_project, settings))
    if storage and settings.mints_storage_token and storage.keys and storage_tokens(settings)[-1] not in before:
        storage.keys.access_key_id.apply(partial(_check_made, settings, storage_tokens(settings)[-1]))
    _say_rotation(settings)
    if frontend:
        frontend.host.apply(partial(_read_back, settings))
    _say_pending(settings, made)
    if made.backend:
        _say_deploy_token(settings)
        for name, app in made.backend.apps.items():
            advise_on_secrets(settings, name, app)


def _warn_of_plan(settings: Settings, before: State) -> None:
    """Warn of consequences that the plan does not show."""
    if settings.manages("frontend") and settings.production_branch == settings.main_branch:
        pulumi.log.warn(
            f"productionBranch is {settings.main_branch!r}: a merge ships the frontend before the release ships the "
            "backend. Recommended: `release`, which a release moves forward."
        )
    kept = sorted(settings.adopt.keep.intersection(application.ADDRESSES))
    if kept and settings.api_url_override:
        pulumi.log.warn(
            f"apiUrl is {settings.api_url!r}, and app {settings.fly_app} keeps {' and '.join(kept)} as they are. If "
            "they name another address, nobody can sign in. Remove them from adopt.keep, and this program sets them."
        )
    _warn_of_size(settings, before)


def _warn_of_size(settings: Settings, before: State) -> None:
    """Warn if the existing compute keeps its size: provider 0.15.0 applies a project's to computes made later."""
    adopt, size, project = settings.adopt, settings.neon_compute, before.get("neon-project")
    if not settings.manages("database") or "neon_compute" not in settings.model_fields_set or adopt.neon_endpoint:
        return
    recorded = (project.outputs.get("defaultEndpointSettings") if project else None) or {}
    known = (recorded.get("autoscalingLimitMinCu"), recorded.get("autoscalingLimitMaxCu"))
    if (project or adopt.neon_project) and known != (size.min_cu, size.max_cu):
        pulumi.log.warn(
            "neonCompute reaches computes that Neon makes later. To change the existing compute, set its id, the first "
            f"label of the host:\n  pulumi stack output databaseHost -s {settings.stack}\n"
            f"  pulumi config set --path adopt.neonEndpoint ep-… -s {settings.stack}"
        )


def _compare(settings: Settings, hosts: Mapping[str, str]) -> None:
    """Warn of hosts that Cloudflare chose and the files lack, where other stacks and `bin/handoff` read them."""
    if other := other_hosts(settings, hosts):
        chosen = " and ".join(f"{key} {host}" for key, host in other.items())
        pulumi.log.warn(
            f"Cloudflare chose {chosen}. Other stacks read that from the stack files, and so does `bin/handoff`. To "
            f"write it there, before you bring them up:\n  bin/adopt {settings.stack} --write"
        )


def _read_back(settings: Settings, _host: str) -> None:
    """Warn if the Pages project differs from the settings, although Cloudflare accepted them."""
    from infra.checks import clients, pages  # noqa: PLC0415  (see `infra.clouds`)

    for finding in pages.check(settings, clients.client("Cloudflare")):
        if finding.state != "ok":
            pulumi.log.warn(f"{finding.what}. {finding.fix}".strip())


def _say_pending(settings: Settings, made: Made) -> None:
    """Name each domain that is not served yet, and the command that checks it."""

    def look(_records: list[str]) -> None:
        from infra.checks import clients, domains  # noqa: PLC0415  (see `infra.clouds`)

        for finding in domains.pending(settings, clients.client("Cloudflare")):
            if finding.state != "ok":
                pulumi.log.info(f"{finding.what}. {finding.fix}".strip())

    if made.domains:
        pulumi.Output.all(*made.domains.records).apply(look)


def _new_project(settings: Settings, project_id: str) -> None:
    """Say that the database is empty, and check that Neon made it once."""
    pulumi.log.info(
        f"Database {settings.neon_project} is new and empty: a first migration that expects tables fails. "
        'See docs/operating.md, "A new database is empty".'
    )
    _check_made(settings, "neon-project", project_id)


def _check_made(settings: Settings, resource: str, identity: str) -> None:
    from infra.checks.duplicates import check_made  # noqa: PLC0415  (see `infra.clouds`)

    check_made(settings, resource, identity)


def _say_rotation(settings: Settings) -> None:
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


def _say_deploy_token(settings: Settings) -> None:
    """Name the commands that give GitHub a deploy token, if it has none. Only `up` logs this, so it appears once."""
    stack, app = settings.stack, settings.fly_app
    if not settings.manages("delivery") or settings.fly_deploy_token or settings.mint_deploy_token:
        return
    scope = f"environment {settings.github_environment_name!r}"
    if settings.github_scope == "repository":
        scope = f"repository {settings.github_owner}/{settings.github_repository}"
    pulumi.log.info(
        f"{settings.github_name('FLY_API_TOKEN')} is not set in GitHub {scope}, so GitHub cannot deploy. A person "
        "makes a deploy token, after `flyctl auth login`:\n"
        f"  env -u FLY_API_TOKEN -u FLY_ACCESS_TOKEN flyctl tokens create deploy -a {app} "
        f"-n github-{stack} | pulumi config set --secret flyDeployToken -s {stack}\n"
        f"  pulumi up -s {stack}"
    )
