"""`bin/handoff`: writes deploy/, the files with which the application deploys itself into what is provisioned here.

They are written from the stack files, and the facts they were written from are kept beside them in `settings.json`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from infra import application
from infra.config.load import SECRET_KEYS
from infra.config.settings import Settings
from infra.config.stack_files import StackFileError, read_stack_files
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

Facts = dict[str, Any]

FACTS_FILE = "settings.json"
_TEMPLATES = Path(__file__).with_name("templates")
# Which files, of which template; a fly file is one stack's.
_FILES = {
    "fly.toml": ("fly.toml", "production"),
    "fly.staging.toml": ("fly.toml", "staging"),
    "deploy-backend.yml": ("deploy-backend.yml", ""),
    "deploy-production.yml": ("deploy-production.yml", ""),
    "README.md": ("README.md", ""),
}
_PIN = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40} # v\S+)")


class HandoffError(Exception):
    """The files cannot be written. The message says what is missing in which file."""


def facts(root: Path) -> Facts:
    """Return what the files tell: names, addresses and rules of staging and production, and the actions' pins.

    Args:
        root: The folder with the stack files.

    Raises:
        HandoffError: A stack is missing or its configuration is wrong.
    """
    files = read_stack_files(root)
    by_tier = {}
    for tier in ("staging", "production"):
        named = [name for name in files.stacks if files.effective(name).get("tier") == tier]
        if not named:
            raise HandoffError(f"no Pulumi.*.yaml has `tier: {tier}`")
        by_tier[tier] = _settings(
            tier if tier in named else named[0], files.effective(tier if tier in named else named[0])
        )
    production = by_tier["production"]
    found: Facts = {
        "main_branch": by_tier["staging"].main_branch,
        "production_branch": production.production_branch,
        "release_branch": production.production_branch != production.main_branch,
        "frontend_folder": production.pages_build.root_dir,
        "pages_project": production.pages_project,
        "port": application.PORT,
        "health_path": application.HEALTH_PATH,
        "migration": application.MIGRATION,
        **_pins(),
    }
    for tier, settings in by_tier.items():
        found[tier] = {
            "name": settings.stack,
            "app": settings.fly_app,
            "region": settings.fly_region,
            "api_url": settings.api_url,
            "frontend_url": settings.frontend_url,
            "neon_project": settings.neon_project,
            "deploys_on": "a published release" if tier == "production" else f"a push to `{settings.main_branch}`",
            "environments": settings.github_scope == "environment",
            "environment": settings.github_environment_name,
            "plain_settings": {"PORT": str(application.PORT), **application.plain_settings(settings)},
            "fly_token_secret": settings.github_name("FLY_API_TOKEN"),
            "neon_key_secret": settings.github_name("NEON_API_KEY"),
            "fly_app_variable": settings.github_name("FLY_APP"),
            "api_url_variable": settings.github_name("API_URL"),
            "neon_project_variable": settings.github_name("NEON_PROJECT_ID"),
        }
    return found


def files(found: Facts) -> dict[str, str]:
    """Return the files by name, the facts among them."""
    written = {FACTS_FILE: json.dumps(found, indent=2) + "\n"}
    for name, (template, tier) in _FILES.items():
        own = dict(found[tier]) if tier else {}
        if tier:
            own["env"] = "\n".join(f'  {key} = "{value}"' for key, value in own["plain_settings"].items())
        written[name] = render((_TEMPLATES / template).read_text(encoding="utf-8"), found | own)
    return written


def render(template: str, found: Facts) -> str:
    """Fill in a template: `{{a.b}}` stands for a fact; lines from `%if a.b` to `%end` are left out unless it holds.

    Raises:
        KeyError: A fact that the template names does not exist.
    """
    lines, shown = [], True
    for line in template.splitlines():
        if line.startswith("%if "):
            shown = bool(_fact(line.removeprefix("%if "), found))
        elif line == "%end":
            shown = True
        elif shown:
            lines.append(re.sub(r"\{\{([\w.]+)\}\}", lambda match: str(_fact(match[1], found)), line))
    return "\n".join(lines) + "\n"


def _fact(path: str, found: Facts) -> Any:
    value: Any = found
    for step in path.split("."):
        value = value[step]
    return value


def _settings(stack: str, configured: dict[str, Any]) -> Settings:
    """Return a stack's settings without its secrets, which no file here tells."""
    values = {key: _value(value) for key, value in configured.items() if key not in SECRET_KEYS}
    try:
        settings = Settings.model_validate(values | {"stack": stack})
    except ValidationError as error:
        keys = ", ".join(sorted({str(detail["loc"][0]) for detail in error.errors(include_input=False)}))
        raise HandoffError(f"Pulumi.{stack}.yaml: wrong or missing: {keys}. `bin/doctor` tells more") from None
    if not settings.fly_app:
        raise HandoffError(f"Pulumi.{stack}.yaml: flyApp is missing, so there is nothing to deploy into")
    return settings


def _value(value: Any) -> Any:
    """Return a configured value; `pulumi config set` writes lists and objects as JSON."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return json.loads(value)
    return value


def _pins() -> dict[str, str]:
    """Return the actions' commits and flyctl's version from this repository's workflows, where they are raised."""
    own = sorted((ROOT / ".github").rglob("*.yml"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in own)
    pins = dict(_PIN.findall(text))
    version = re.search(r"setup-flyctl@.*\n(?:.*\n)*?\s+version: (\S+)", text)
    if version is None:
        raise HandoffError(".github/actions/set-up/action.yml pins no version of flyctl")
    return {
        "checkout": pins["actions/checkout"],
        "setup_flyctl": pins["superfly/flyctl-actions/setup-flyctl"],
        "flyctl_version": version[1],
    }


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or compare the files, and return the exit code: 1 where they cannot be written, or differ."""
    parser = argparse.ArgumentParser(prog="bin/handoff", description="Write deploy/ from the stack files.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the files are out of step")
    options = parser.parse_args(arguments)
    folder = root / "deploy"
    try:
        wanted = files(facts(root))
    except (HandoffError, StackFileError) as error:
        print(f"bin/handoff: {error}.", file=sys.stderr)
        return 1
    old = [name for name, text in wanted.items() if not _same(folder / name, text)]
    if options.check:
        for name in old:
            print(f"deploy/{name} is not what the stack files say: run `bin/handoff`.", file=sys.stderr)
        return 1 if old else 0
    folder.mkdir(exist_ok=True)
    for name in old:
        (folder / name).write_text(wanted[name], encoding="utf-8")
        print(f"wrote deploy/{name}")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
