"""Pages projects, as the `cloudflare` package 6.23.1 presents them."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clouds import cloudflare
from sandbox.providers.resource import Resource
from sandbox.providers.schema import Field, each, flag, many, nest, number, table, text, to_api

if TYPE_CHECKING:
    from sandbox.providers.values import Properties
    from sandbox.world import Document, Transaction
# Binding → its members, the required ones marked with a star.
_BINDINGS = {
    "aiBindings": "projectId*",
    "analyticsEngineDatasets": "dataset*",
    "browsers": "",
    "d1Databases": "id*",
    "durableObjectNamespaces": "namespaceId*",
    "hyperdriveBindings": "id*",
    "kvNamespaces": "namespaceId*",
    "mtlsCertificates": "certificateId*",
    "queueProducers": "name*",
    "r2Buckets": "name* jurisdiction",
    "services": "service* entrypoint environment",
    "vectorizeBindings": "indexName*",
}


def _binding(members: str) -> Field:
    named = {name.rstrip("*"): text(required=name.endswith("*")) for name in members.split()}
    return table(nest(named), computed=True)


_ENVIRONMENT = nest(
    {
        "envVars": table(
            nest(
                {
                    "type": text(required=True, enum=("plain_text", "secret_text")),
                    "value": text(required=True, secret=True),
                }
            ),
            computed=True,
        ),
        "alwaysUseLatestCompatibilityDate": flag(default=False),
        "buildImageMajorVersion": number(default=3),
        "compatibilityDate": text(computed=True),
        "compatibilityFlags": many(computed=True),
        "failOpen": flag(default=True),
        "usageModel": text(computed=True, enum=("standard", "bundled", "unbound")),
        "wranglerConfigHash": text(),
        "limits": nest({"cpuMs": number(required=True)}),
        "placement": nest({"mode": text()}),
        **{name: _binding(members) for name, members in _BINDINGS.items()},
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
    **each("previewBranchIncludes previewBranchExcludes pathIncludes pathExcludes", many(computed=True)),
    "previewDeploymentSetting": text(computed=True, enum=("all", "none", "custom")),
}
_DEPLOYMENT = nest(each("id url", text()))


class PagesProject(Resource):
    """A Pages project. What the program leaves out of it stays, except `source`: that is taken away."""

    type_name = "cloudflare:index/pagesProject:PagesProject"
    label = "pages"
    import_id = ("accountId", "name")
    inputs = {
        **each("accountId name", text(required=True, replace=True)),
        "productionBranch": text(required=True),
        "buildConfig": nest(_BUILD, computed=True),
        "source": nest(
            {"type": text(required=True, enum=("github", "gitlab")), "config": nest(_SOURCE, required=True)}
        ),
        "deploymentConfigs": nest({"preview": _ENVIRONMENT, "production": _ENVIRONMENT}, computed=True),
    }
    outputs = {
        **each("createdOn framework frameworkVersion previewScriptName productionScriptName subdomain", text()),
        "buildImageAutoUpgrade": nest(each("fromVersion toVersion", number())),
        "canonicalDeployment": _DEPLOYMENT,
        "latestDeployment": _DEPLOYMENT,
        "domains": many(),
        "usesFunctions": flag(),
    }

    def identity(self, state: Properties) -> str:
        """Return the project's name."""
        return str(state["name"])

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the project."""
        return self._shown(cloudflare.create_pages(tx, inputs["accountId"], self.body(inputs)), inputs)

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it. The API hides secret_text values, so those stay as the state has them."""
        return self._shown(cloudflare.pages(tx, state["accountId"], state["name"]), state)

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Patch what the program sets; a variable it no longer sets goes out as null, and so does `source`."""
        patch = {"source": None, **self.body(inputs)}
        kinds = self.inputs["deploymentConfigs"].members
        for kind, wanted in inputs.get("deploymentConfigs", {}).items():
            if "envVars" in wanted:
                had = state.get("deploymentConfigs", {}).get(kind, {}).get("envVars", {})
                variables = to_api(kinds[kind].members["envVars"], wanted["envVars"])
                patch["deployment_configs"][kind]["env_vars"] = {**dict.fromkeys(had), **variables}
        return self._shown(cloudflare.patch_pages(tx, inputs["accountId"], inputs["name"], patch), inputs)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete it."""
        cloudflare.delete_pages(tx, state["accountId"], state["name"])

    def _shown(self, found: Document, given: Properties) -> Properties:
        shown = self.state(found)
        for kind, values in shown["deploymentConfigs"].items():
            known: dict[str, Any] = given.get("deploymentConfigs", {}).get(kind, {}).get("envVars", {})
            for name, variable in values["envVars"].items():
                if variable["type"] == "secret_text":
                    variable["value"] = known.get(name, {}).get("value", "")
        return shown
