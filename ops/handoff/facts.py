"""Collect from the stack files the names, addresses and rules that the application's deployment files need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from infra import application
from infra.config import pull_requests
from infra.config.across_stacks import neighbours, with_facts
from infra.config.reading import read_files
from infra.config.stack_files import read_stack_files
from infra.errors import UserError
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.config.settings import Settings
    from infra.config.stack_files import StackFiles

Facts = dict[str, Any]

PULL_REQUEST = "pull-request"
"""The name of the stack in the facts that all pull requests share."""

_PIN = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40} # v\S+)")


class HandoffError(UserError):
    """The files cannot be written. The message names the file and the error in it."""


def facts(root: Path) -> list[Facts]:
    """Return the facts of each stack that deploys the application, by their templates' names.

    Args:
        root: The folder with the stack files.

    Raises:
        HandoffError: No stack deploys the application, or a stack's configuration is wrong.
        StackFileError: A stack file cannot be read.
    """
    files = read_stack_files(root)
    deployed = [stack for stack in files.stacks if files.effective(stack).get("tier") in {"staging", "production"}]
    if not deployed:
        raise HandoffError("no Pulumi.*.yaml has `tier: staging` or `tier: production`.")
    pins = _pins()
    found = [_facts(_settings(stack, files)) for stack in deployed]
    return [facts | pins for facts in (*found, *_of_pull_requests(files))]


def _of_pull_requests(files: StackFiles) -> Iterator[Facts]:
    """Yield the facts that all pull requests share, if they have environments."""
    if not files.template:
        return
    copied = _settings(pull_requests.parent_of(files), files)
    values, _ = pull_requests.values(1, copied.main_branch, files)
    example = pull_requests.stack_of(1)
    shared = _facts(_settings(example, files._replace(stacks={**files.stacks, example: values})))
    names = {"stack": PULL_REQUEST, "tier": PULL_REQUEST, "fly_file": "fly.pr.toml", "app": copied.fly_app}
    yield shared | names | {"main_branch": copied.main_branch, "always_on": "", "stops": "yes"}


def _facts(settings: Settings) -> Facts:
    production = settings.tier == "production"
    branch = settings.production_branch if production or settings.manages("frontend") else settings.preview_branch
    secrets = ("FLY_API_TOKEN", "NEON_API_KEY", "CLOUDFLARE_API_TOKEN")
    names = {name: settings.github_name(name) for name in (*secrets, "FLY_APP", "API_URL", "NEON_PROJECT_ID")}
    # The rehearsal runs in the image of the commit.
    in_image = "docker run --rm --env DATABASE_URL --env PGOPTIONS application "
    return {
        "stack": settings.stack,
        "tier": settings.tier,
        "app": settings.fly_app,
        "region": settings.fly_region,
        "environment": settings.github_environment_name if settings.github_scope == "environment" else "",
        "main_branch": settings.main_branch,
        "frontend_branch": branch,
        # A workflow must not move a branch that people push to.
        "moves_branch": branch if branch != settings.main_branch else "",
        "proves_frontend": "" if production and branch == settings.main_branch else branch,
        "cloudflare_account": settings.cloudflare_account_id,
        "pages_project": settings.pages_project,
        "fly_file": "fly.toml" if settings.stack == "production" else f"fly.{settings.stack}.toml",
        "group": f"deploy-{settings.fly_app}",
        "repository": f"{settings.github_owner}/{settings.github_repository}",
        "always_on": "yes",
        "stops": "",
        "port": str(application.PORT),
        "health_path": application.HEALTH_PATH,
        "release_command": settings.migration_command,
        "migration": in_image + settings.migration_command,
        "revision": in_image + application.REVISION,
        "heads": in_image + application.HEADS,
        "env": {"PORT": str(application.PORT), **application.plain_settings(settings)},
        **names,
    }


def _settings(stack: str, files: StackFiles) -> Settings:
    """Return a stack's settings, with stand-ins for its secrets, which no hand-off file holds."""
    read = read_files(stack, files)
    if bad := sorted(read.unknown):
        problem = f"Pulumi.{stack}.yaml: wrong, missing or encrypted: {', '.join(bad)}. To see why:"
        raise HandoffError(f"{problem}\n  bin/doctor {stack}")
    if not read.settings.fly_app:
        raise HandoffError(f"Pulumi.{stack}.yaml: flyApp is missing, so there is nothing to deploy into.")
    settings = with_facts(read.settings, neighbours(stack, files))
    if not settings.audio_host:
        raise HandoffError(
            "Pulumi.yaml: bucketPublicHost is missing. To write it, name the stack that manages the bucket:\n"
            "  bin/adopt production --write"
        )
    return settings.model_copy(update={"own_keys": frozenset(files.stacks[stack])})


def _pins() -> dict[str, str]:
    """Return the actions' commits and flyctl's version in this repository's workflows, which Dependabot raises."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github").rglob("*.yml")))
    pins = dict(_PIN.findall(text))
    version = re.search(r"setup-flyctl@.*\n(?:.*\n)*?\s+version: (\S+)", text)
    if version is None:
        raise HandoffError(".github/actions/set-up/action.yml pins no version of flyctl.")
    return {
        "checkout": pins["actions/checkout"],
        "setup_flyctl": pins["superfly/flyctl-actions/setup-flyctl"],
        "flyctl_version": version[1],
    }
