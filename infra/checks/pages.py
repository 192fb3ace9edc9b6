"""Compare a Pages project, as Cloudflare has it, with the settings.

Cloudflare's provider does not see that all variables were removed, and names no changed variable. So one read-only
request asks Cloudflare itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_camel

from infra import application
from infra.checks.findings import Finding
from infra.clouds import cloudflare
from infra.clouds.http import CloudError, MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.clouds.http import Client
    from infra.config.settings import Settings

_CONTEXTS = {"preview": "previews", "production": "production"}


def check(settings: Settings, client: Client) -> Iterator[Finding]:
    """Read the Pages project and report every difference from the settings; a missing project has none.

    Args:
        settings: The settings of the stack that owns the project.
        client: A client of Cloudflare's API.
    """
    name, stack = settings.pages_project, settings.stack
    try:
        project = cloudflare.get(client, settings.cloudflare_account_id, f"pages/projects/{name}")
        with client.documented():
            found = [*differences(settings, project)]
            wiped = not all(variables_of(project, context) for context in _CONTEXTS)
    except MissingError:
        return
    except CloudError as error:
        yield Finding("note", f"Not checked: whether Pages project {name} is as configured: {error}")
        return
    if found:
        # The provider sees a removed variable only if another variable is left.
        first = "Set any variable for production and for previews in Cloudflare's dashboard, then: " if wiped else ""
        refresh = f"{first}`pulumi up --refresh -s {stack}`"
        yield Finding("wrong", f"Pages project {name} is not as configured: {'; '.join(found)}", refresh)
    else:
        yield Finding("ok", f"Pages project {name} is as configured")


def differences(settings: Settings, project: Mapping[str, Any]) -> Iterator[str]:
    """Yield each difference between a project, as Cloudflare's API shows it, and the settings."""
    yield from _of_variables(settings, project)
    kept = settings.pages_keep
    if not project.get("source") and "source" not in kept:
        yield "it is connected to no repository"
        return
    source = {} if "source" in kept else source_of(settings)
    for path, value in {**_branch_and_build(settings), **source}.items():
        actual = member(project, path)
        # Cloudflare shows an empty text or list as null, or leaves it out.
        if (actual or None) != (value or None) and spelling(path) not in kept:
            yield f"{path.rpartition('.')[2]} is {actual!r} instead of {value!r}"


def member(project: Mapping[str, Any], path: str) -> Any:
    """Return a member of a project by its path in the API's spelling; None where there is none."""
    found: Any = project
    for key in path.split("."):
        found = (found or {}).get(key)
    return found


def spelling(path: str) -> str:
    """Return a member's path, given in the API's spelling, in Pulumi's."""
    return ".".join(map(to_camel, path.split(".")))


def _of_variables(settings: Settings, project: Mapping[str, Any]) -> Iterator[str]:
    """Yield each variable that differs, by name. Show values of plain variables alone."""
    for context, title in _CONTEXTS.items():
        wanted, found = application.pages_variables(settings)[context], variables_of(project, context)
        for name in sorted(wanted.keys() | found.keys()):
            if variable_path(context, name) in settings.pages_keep:
                continue
            if name not in found:
                yield f"variable {name} of {title} is missing"
            elif name not in wanted:
                yield f"variable {name} of {title} is not configured"
            elif found[name]["type"] != "plain_text":
                yield f"variable {name} of {title} is a secret"
            elif found[name]["value"] != wanted[name]:
                yield f"variable {name} of {title} is {found[name]['value']!r} instead of {wanted[name]!r}"


def variable_path(context: str, name: str) -> str:
    """Return the path of a variable in Pulumi's spelling."""
    return f"deploymentConfigs.{context}.envVars.{name}"


def variables_of(project: Mapping[str, Any], context: str) -> dict[str, Any]:
    """Return the variables of previews or of production by name, as the API shows them."""
    return dict(project["deployment_configs"][context].get("env_vars") or {})


def _branch_and_build(settings: Settings) -> dict[str, Any]:
    """Return the settings of branch and build by their place in the API's answer."""
    build = settings.pages_build
    return {
        "production_branch": settings.production_branch,
        "build_config.build_caching": build.caching,
        "build_config.build_command": build.command,
        "build_config.destination_dir": build.output_dir,
        "build_config.root_dir": build.root_dir,
    }


def source_of(settings: Settings) -> dict[str, Any]:
    """Return the wanted source by its place in the API's answer."""
    return {
        "source.type": "github",
        "source.config.owner": settings.github_owner,
        "source.config.repo_name": settings.github_repository,
        "source.config.production_branch": settings.production_branch,
        "source.config.production_deployments_enabled": True,
        "source.config.preview_deployment_setting": "all",
        "source.config.preview_branch_includes": ["*"],
        "source.config.preview_branch_excludes": [],
        "source.config.path_includes": ["*"],
        "source.config.path_excludes": [],
    }
