"""Present Pages projects like the `cloudflare` package 6.23.1."""

# ruff: noqa: RUF012 -- the tables are class variables of Resource

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.providers import schema
from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, nest, number, table, text, to_api
from sandbox.providers.values import Properties
from sandbox.world import cloudflare
from sandbox.world.store import Document

_UNMODELLED = (
    "aiBindings analyticsEngineDatasets browsers d1Databases durableObjectNamespaces hyperdriveBindings kvNamespaces "
    "limits mtlsCertificates placement queueProducers r2Buckets services vectorizeBindings"
)
# Seen: Cloudflare's provider keeps four empty lists of `source` as null (for Terraform, 5.22.0).
# Believed: Cloudflare's provider keeps every other empty list as null, too.
many = partial(schema.many, null_when_empty=True)

_LIST = many(computed=True)
_VARIABLE = {"type": text(required=True, enum=("plain_text", "secret_text")), "value": text(required=True, secret=True)}
_ENVIRONMENT = nest(
    {
        "envVars": table(nest(_VARIABLE), computed=True),
        "alwaysUseLatestCompatibilityDate": flag(default=False),
        "buildImageMajorVersion": number(default=3),
        "compatibilityDate": text(computed=True),
        "compatibilityFlags": _LIST,
        "failOpen": flag(default=True),
        "usageModel": text(computed=True, enum=("standard", "bundled", "unbound")),
        "wranglerConfigHash": text(),
        **each(_UNMODELLED, Field(kind="unmodelled")),
    },
    computed=True,
)
_BUILD = {
    **each("buildCommand destinationDir rootDir webAnalyticsTag", text(computed=True)),
    "buildCaching": flag(computed=True),
    "webAnalyticsToken": text(computed=True, secret=True),
}
_SOURCE = {
    **each("owner ownerId repoName repoId productionBranch", text(computed=True)),
    **each("prCommentsEnabled productionDeploymentsEnabled deploymentsEnabled", flag(computed=True)),
    **each("previewBranchIncludes previewBranchExcludes pathIncludes pathExcludes", _LIST),
    "previewDeploymentSetting": text(computed=True, enum=("all", "none", "custom")),
}
_FROM = {"type": text(required=True, enum=("github", "gitlab")), "config": nest(_SOURCE, required=True)}


class PagesProject(Resource):
    """A Pages project. Cloudflare keeps undeclared settings.

    Seen: variables that somebody removed as a whole stay in the state. One that somebody changed or added is a
    difference without a path. One of several that somebody removed has its path (Cloudflare's for Terraform, 5.22.0).
    """

    type_name = "cloudflare:index/pagesProject:PagesProject"
    label = "pages"
    model = cloudflare
    kind = "pages"
    import_id = ("accountId", "name")
    id_is = "name"
    unnamed = r"deploymentConfigs\.\w+\.envVars\b.*"
    inputs = {
        **each("accountId name", text(required=True, replace=True)),
        "productionBranch": text(required=True),
        "buildConfig": nest(_BUILD, computed=True),
        "source": nest(_FROM),
        "deploymentConfigs": nest(each("preview production", _ENVIRONMENT), computed=True),
    }
    outputs = {
        **each("createdOn framework frameworkVersion previewScriptName productionScriptName subdomain", text()),
        "buildImageAutoUpgrade": nest(each("fromVersion toVersion", number())),
        **each("canonicalDeployment latestDeployment", nest(each("id url", text()))),
        "domains": many(),
        "usesFunctions": flag(),
    }

    def create(self, at: At, inputs: Properties) -> Document:
        """Create the project."""
        return cloudflare.create_pages(at.tx, inputs["accountId"], self.body(inputs))

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Patch the declared settings; send null for a variable that is no longer declared."""
        patch = self.body(inputs)
        for kind, wanted in inputs.get("deploymentConfigs", {}).items():
            if "envVars" in wanted:
                had = state.get("deploymentConfigs", {}).get(kind, {}).get("envVars", {})
                variables = to_api(_ENVIRONMENT.members["envVars"], wanted["envVars"])
                patch["deployment_configs"][kind]["env_vars"] = {**dict.fromkeys(had), **variables}
        return cloudflare.patch_pages(at.tx, inputs["accountId"], inputs["name"], patch)

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the state, with the old one's variables where somebody removed them all."""
        shown = super().shown(at, found, given)
        for kind, values in shown["deploymentConfigs"].items():
            known: dict[str, Any] = given.get("deploymentConfigs", {}).get(kind, {}).get("envVars", {})
            values["envVars"] = values.get("envVars") or known
        return shown
