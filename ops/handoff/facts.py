"""Collect from the stack files the names, addresses and rules that the application's deployment files need."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from infra import application
from infra.config.load import SECRET_KEYS
from infra.config.settings import Settings
from infra.config.stack_files import read_stack_files
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Facts = dict[str, Any]

_PIN = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40} # v\S+)")


class HandoffError(Exception):
    """The files cannot be written. The message names the file and what is wrong in it."""


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
        raise HandoffError("no Pulumi.*.yaml has `tier: staging` or `tier: production`")
    pins = _pins()
    return [_facts(_settings(stack, files.effective(stack))) | pins for stack in deployed]


def _facts(settings: Settings) -> Facts:
    production = settings.tier == "production"
    branch = settings.production_branch if production else settings.preview_branch
    names = {
        name: settings.github_name(name)
        for name in ("FLY_API_TOKEN", "NEON_API_KEY", "FLY_APP", "API_URL", "NEON_PROJECT_ID")
    }
    return {
        "stack": settings.stack,
        "tier": settings.tier,
        "app": settings.fly_app,
        "region": settings.fly_region,
        "environment": settings.github_environment_name if settings.github_scope == "environment" else "",
        "main_branch": settings.main_branch,
        "frontend_files": f"{settings.pages_build.root_dir}/**",
        "frontend_branch": branch if branch != settings.main_branch else "",
        "fly_file": "fly.toml" if settings.stack == "production" else f"fly.{settings.stack}.toml",
        "group": f"deploy-{settings.fly_app}",
        "port": str(application.PORT),
        "health_path": application.HEALTH_PATH,
        "migration": application.MIGRATION,
        "env": {"PORT": str(application.PORT), **application.plain_settings(settings)},
        **names,
    }


def _settings(stack: str, configured: Mapping[str, Any]) -> Settings:
    """Return a stack's settings without its secrets, which no hand-off file holds."""
    values = {key: _value(value) for key, value in configured.items() if key not in SECRET_KEYS}
    try:
        settings = Settings.model_validate(values | {"stack": stack})
    except ValidationError as error:
        keys = ", ".join(sorted({str(detail["loc"][0]) for detail in error.errors(include_input=False)}))
        raise HandoffError(f"Pulumi.{stack}.yaml: wrong or missing: {keys}. `bin/doctor` says more") from None
    if not settings.fly_app:
        raise HandoffError(f"Pulumi.{stack}.yaml: flyApp is missing, so there is nothing to deploy into")
    return settings


def _value(value: Any) -> Any:
    """Return a configured value; `pulumi config set` writes lists and objects as JSON."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return json.loads(value)
    return value


def _pins() -> dict[str, str]:
    """Return the actions' commits and flyctl's version from this repository's workflows, which Dependabot raises."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github").rglob("*.yml")))
    pins = dict(_PIN.findall(text))
    version = re.search(r"setup-flyctl@.*\n(?:.*\n)*?\s+version: (\S+)", text)
    if version is None:
        raise HandoffError(".github/actions/set-up/action.yml pins no version of flyctl")
    return {
        "checkout": pins["actions/checkout"],
        "setup_flyctl": pins["superfly/flyctl-actions/setup-flyctl"],
        "flyctl_version": version[1],
    }
