"""Look for the existing Pages project of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra import application, kinds
from infra.checks.pages import member, source_of, spelling, variable_path, variables_of
from infra.clouds import cloudflare
from infra.clouds.http import MissingError
from infra.config.hosts import other_hosts
from ops.adopt.rows import Look, Row, absent, differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.config.settings import Settings

_CONTEXTS = ("preview", "production")
Values = dict[str, dict[str, str]]
"""The values of the variables by context and name."""


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
        yield absent(resource, adopted=bool(settings.adopt.pages_project))
        return
    key = kind.import_id({"accountId": account, "name": name})
    there = (look.line(kind, key, project.get("created_on"), name),)
    owner = look.inventory.owner(kind, key)
    with client.documented():
        host = other_hosts(settings, {"pagesHost": project["subdomain"]})
        if owner:
            yield Row(resource, there, settings=host if owner == settings.stack else {})
            return
        variables = {context: variables_of(project, context) for context in _CONTEXTS}
        found = [*variables["preview"].items(), *variables["production"].items()]
        if encrypted := sorted({variable for variable, given in found if given["type"] != "plain_text"}):
            problem = f"{', '.join(encrypted)}: encrypted. `up` would remove it, and nobody can read it back"
            yield Row(resource, there, notes=(problem, "Leave `frontend` out of `manage`, or make it a plain variable"))
            return
        values = {place: {each: given["value"] for each, given in all_.items()} for place, all_ in variables.items()}
        real = _real(project, values, settings) | {"pagesKeep": sorted(_kept(project, values, settings))}
        real = differing(settings, real)
        notes = ("pagesKeep: `up` leaves these as they are; remove a name from the list to let `up` change it",)
        yield Row(resource, there, {"pagesProject": name}, real, notes if real.get("pagesKeep") else ())


def _real(project: dict[str, Any], values: Values, settings: Settings) -> dict[str, Any]:
    """Return a project's real values by configuration path; None for a variable that the project lacks."""
    build, production = project["build_config"], project["deployment_configs"]["production"]
    date, flags = settings.pages_build.compatibility_date, settings.pages_build.compatibility_flags
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
        # `up` leaves the runtime alone where the settings declare none.
        **({"pagesBuild.compatibilityDate": production.get("compatibility_date")} if date else {}),
        **({"pagesBuild.compatibilityFlags": production.get("compatibility_flags") or []} if flags else {}),
        **_group("pagesVariables", shared, settings.pages_variables),
        **_group("pagesPreviewVariables", own, settings.pages_preview_variables),
    }


def _group(key: str, real: dict[str, str], configured: dict[str, str]) -> dict[str, str | None]:
    return {f"{key}.{name}": real.get(name) for name in {**configured, **real}}


def _kept(project: dict[str, Any], values: Values, settings: Settings) -> Iterator[str]:
    """Yield each member, in Pulumi's spelling, that the program would change and no other setting declares."""
    if member(project, "source.type") == "github":
        source = {**source_of(settings), "source.config.production_branch": project["production_branch"]}
        alike = {"source.config.pr_comments_enabled": True} | source
        yield from (
            spelling(path) for path, value in alike.items() if (member(project, path) or None) != (value or None)
        )
    else:
        yield "source"
    build = settings.pages_build
    like_production = {
        "build_image_major_version": True,
        "compatibility_date": build.compatibility_date,
        "compatibility_flags": build.compatibility_flags,
    }
    contexts = project["deployment_configs"]
    for context in _CONTEXTS:
        place, found = f"deploymentConfigs.{context}", contexts[context]
        if not found.get("fail_open"):
            yield f"{place}.failOpen"
        if found.get("always_use_latest_compatibility_date"):
            yield f"{place}.alwaysUseLatestCompatibilityDate"
        for name, declared in like_production.items():
            if declared and found.get(name) != contexts["production"].get(name):
                yield spelling(f"{place}.{name}")
    computed = application.frontend_variables(settings.api_url)
    for name in sorted({*values["production"], *computed} - values["preview"].keys()):
        yield variable_path("preview", name)
    for name, value in computed.items():
        if values["production"].get(name) != value:
            yield variable_path("production", name)
