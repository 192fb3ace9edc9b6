"""Look for the existing Pages project of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra import application, kinds
from infra.clouds import cloudflare
from infra.clouds.http import MissingError
from ops.adopt.rows import Look, Row, differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.config.settings import Settings

# Members that `infra.parts.frontend` declares the same for every project.
_SOURCE = {
    "pr_comments_enabled": True,
    "production_deployments_enabled": True,
    "preview_deployment_setting": "all",
    "preview_branch_includes": ["*"],
    "path_includes": ["*"],
}
_CONTEXTS = ("preview", "production")


def frontend(look: Look) -> Iterator[Row]:
    """Yield the findings of the Pages project.

    Raises:
        CloudError: Cloudflare gave no usable answer.
    """
    settings, kind = look.settings, kinds.PAGES_PROJECT
    name, account = settings.pages_project, settings.cloudflare_account_id
    resource, client = f"Pages project {name}", look.access.client("Cloudflare")
    try:
        project = cloudflare.get(client, account, f"pages/projects/{quote(name, safe='')}")
    except MissingError:
        absent = "adopt.pagesProject names it, and Cloudflare has no such project"
        yield Row(resource, notes=(absent,) if settings.adopt.pages_project else ())
        return
    key = kind.import_id({"accountId": account, "name": name})
    there = (look.line(kind, key, project.get("created_on"), name),)
    if look.inventory.owner(kind, key):
        yield Row(resource, there)
        return
    with client.documented():
        encrypted = sorted({variable for _, variable, kind_, _ in _variables(project) if kind_ != "plain_text"})
        if encrypted:
            problem = f"{', '.join(encrypted)}: encrypted. `up` would remove it, and nobody can read it back"
            yield Row(resource, there, notes=(problem, "Leave `frontend` out of `manage`, or make it a plain variable"))
            return
        real = differing(settings, _real(project, settings))
        yield Row(resource, there, {"pagesProject": name}, real, tuple(_unsettable(project, settings)))


def _variables(project: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield context, name, type and value of each variable."""
    for context in _CONTEXTS:
        for name, variable in (project["deployment_configs"][context].get("env_vars") or {}).items():
            yield context, name, variable["type"], variable.get("value", "")


def _real(project: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return a project's real values by configuration path; None for a variable that it lacks."""
    build, production = project["build_config"], project["deployment_configs"]["production"]
    values: dict[str, dict[str, str]] = {context: {} for context in _CONTEXTS}
    for context, name, _, value in _variables(project):
        values[context][name] = value
    computed = application.frontend_variables("")
    shared = {name: value for name, value in values["production"].items() if name not in computed}
    expected = {**shared, **application.frontend_variables(settings.preview_api_url or "")}
    own = {name: value for name, value in values["preview"].items() if expected.get(name) != value}
    return {
        "pagesHost": project["subdomain"],
        "productionBranch": project["production_branch"],
        "pagesBuild.command": build.get("build_command") or "",
        "pagesBuild.rootDir": build.get("root_dir") or "",
        "pagesBuild.outputDir": build.get("destination_dir") or "",
        "pagesBuild.caching": bool(build.get("build_caching")),
        "pagesBuild.imageVersion": production.get("build_image_major_version"),
        **_runtime(production, settings),
        **_group("pagesVariables", shared, settings.pages_variables),
        **_group("pagesPreviewVariables", own, settings.pages_preview_variables),
    }


def _runtime(production: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the real behaviour of the Workers runtime, where the settings declare one: `up` leaves another alone."""
    date, flags = settings.pages_build.compatibility_date, settings.pages_build.compatibility_flags
    real = {}
    if date:
        real["pagesBuild.compatibilityDate"] = production.get("compatibility_date")
    if flags:
        real["pagesBuild.compatibilityFlags"] = production.get("compatibility_flags") or []
    return real


def _group(key: str, real: dict[str, str], configured: dict[str, str]) -> dict[str, str | None]:
    return {f"{key}.{name}": real.get(name) for name in {**configured, **real}}


def _unsettable(project: dict[str, Any], settings: Settings) -> Iterator[str]:
    """Yield each difference that no setting keeps."""
    source = (project.get("source") or {}).get("config") or {}
    owner = {"owner": settings.github_owner, "repo_name": settings.github_repository}
    for name, value in {**_SOURCE, **owner, "production_branch": project["production_branch"]}.items():
        if source.get(name) != value:
            yield f"`up` sets source.{name} to {value}; it is {source.get(name)}"
    contexts = project["deployment_configs"]
    for context in _CONTEXTS:
        if not contexts[context].get("fail_open"):
            yield f"`up` sets fail_open of {context} to true"
    versions = [contexts[context].get("build_image_major_version") for context in _CONTEXTS]
    if len(set(versions)) > 1:
        yield f"`up` gives previews the build image of production, {versions[1]}; theirs is {versions[0]}"
    names = {context: {name for place, name, _, _ in _variables(project) if place == context} for context in _CONTEXTS}
    for name in sorted(names["production"] - names["preview"]):
        yield f"`up` adds {name} to previews"
    expected = application.frontend_variables(settings.api_url)
    for context, name, _, value in _variables(project):
        if context == "production" and expected.get(name, value) != value:
            yield f"`up` sets {name} of production to {expected[name]}; it is {value}"
