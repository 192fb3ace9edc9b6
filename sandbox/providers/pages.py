"""Pages projects and their domains, as the `cloudflare` package 6.23.1 presents them."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clouds import cloudflare
from sandbox.providers.resource import Resource
from sandbox.providers.schema import Field, flag, many, nest, number, table, text, to_api

if TYPE_CHECKING:
    from sandbox.providers.values import Properties
    from sandbox.world import Document, Transaction

_KEY = text(required=True, replace=True)
_KEPT_TEXT = text(computed=True)
_KEPT_FLAG = flag(computed=True)
_KEPT_TEXTS = many(computed=True)

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
        "compatibilityDate": _KEPT_TEXT,
        "compatibilityFlags": _KEPT_TEXTS,
        "failOpen": flag(default=True),
        "usageModel": text(computed=True, enum=("standard", "bundled", "unbound")),
        "wranglerConfigHash": text(),
        "limits": nest({"cpuMs": number(required=True)}),
        "placement": nest({"mode": text()}),
        **{name: _binding(members) for name, members in _BINDINGS.items()},
    },
    computed=True,
)


class PagesProject(Resource):
    """A Pages project. What the program leaves out of it stays, except `source`: that is taken away."""

    type_name = "cloudflare:index/pagesProject:PagesProject"
    label = "pages"
    import_id = ("accountId", "name")
    inputs = {
        "accountId": _KEY,
        "name": _KEY,
        "productionBranch": text(required=True),
        "buildConfig": nest(
            {
                "buildCaching": _KEPT_FLAG,
                "buildCommand": _KEPT_TEXT,
                "destinationDir": _KEPT_TEXT,
                "rootDir": _KEPT_TEXT,
                "webAnalyticsTag": _KEPT_TEXT,
                "webAnalyticsToken": text(computed=True, secret=True),
            },
            computed=True,
        ),
        "source": nest(
            {
                "type": text(required=True, enum=("github", "gitlab")),
                "config": nest(
                    {
                        "owner": _KEPT_TEXT,
                        "ownerId": _KEPT_TEXT,
                        "repoName": _KEPT_TEXT,
                        "repoId": _KEPT_TEXT,
                        "productionBranch": _KEPT_TEXT,
                        "prCommentsEnabled": _KEPT_FLAG,
                        "productionDeploymentsEnabled": _KEPT_FLAG,
                        "deploymentsEnabled": _KEPT_FLAG,
                        "previewDeploymentSetting": text(computed=True, enum=("all", "none", "custom")),
                        "previewBranchIncludes": _KEPT_TEXTS,
                        "previewBranchExcludes": _KEPT_TEXTS,
                        "pathIncludes": _KEPT_TEXTS,
                        "pathExcludes": _KEPT_TEXTS,
                    },
                    required=True,
                ),
            }
        ),
        "deploymentConfigs": nest({"preview": _ENVIRONMENT, "production": _ENVIRONMENT}, computed=True),
    }
    outputs = {
        "buildImageAutoUpgrade": nest({"fromVersion": number(), "toVersion": number()}),
        "canonicalDeployment": nest({"id": text(), "url": text()}),
        "createdOn": text(),
        "domains": many(),
        "framework": text(),
        "frameworkVersion": text(),
        "latestDeployment": nest({"id": text(), "url": text()}),
        "previewScriptName": text(),
        "productionScriptName": text(),
        "subdomain": text(),
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


class PagesDomain(Resource):
    """A domain of one's own on a Pages project."""

    type_name = "cloudflare:index/pagesDomain:PagesDomain"
    label = "pages-domain"
    import_id = ("accountId", "projectName", "name")
    inputs = {"accountId": _KEY, "projectName": _KEY, "name": _KEY}
    outputs = {
        "certificateAuthority": text(),
        "createdOn": text(),
        "domainId": text(),
        "status": text(),
        "validationData": nest({name: text() for name in ("errorMessage", "method", "status", "txtName", "txtValue")}),
        "verificationData": nest({"errorMessage": text(), "status": text()}),
        "zoneTag": text(),
    }

    def identity(self, state: Properties) -> str:
        """Return the domain."""
        return str(state["name"])

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Attach the domain."""
        where = (inputs["accountId"], inputs["projectName"], inputs["name"])
        return self._shown(cloudflare.create_pages_domain(tx, *where), inputs)

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it."""
        where = (state["accountId"], state["projectName"], state["name"])
        return self._shown(cloudflare.pages_domain(tx, *where), state)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Detach it."""
        cloudflare.delete_pages_domain(tx, state["accountId"], state["projectName"], state["name"])

    def _shown(self, found: Document, given: Properties) -> Properties:
        return {**{name: given[name] for name in self.inputs}, **self.state(found), "domainId": found["id"]}
