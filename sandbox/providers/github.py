"""The `github` package 6.15.0 (integrations/github v6.13.0 behind Pulumi's bridge)."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from sandbox.clouds import github
from sandbox.providers.resource import Resource
from sandbox.providers.schema import flag, many, nest, number, text
from sandbox.providers.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.providers.values import Properties
    from sandbox.world import Document, Transaction

_REPOSITORY = text(required=True)
_ENVIRONMENT = text(required=True, replace=True)
_DATES = {"createdAt": text(), "updatedAt": text(), "repositoryId": number()}
_VALUES = ("value", "valueEncrypted", "encryptedValue", "plaintextValue")


class _OnRepository(Resource):
    separator = ":"

    def replaced_by(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> set[str]:
        """Follow a renamed repository in place; one with another id replaces."""
        found = tx.get("github", "repository", f"{owner}/{inputs['repository']}")
        moved = inputs["repository"] != state["repository"]
        return {"repository"} if moved and (found or {}).get("id") != state.get("repositoryId") else set()

    def identity(self, state: Properties) -> str:
        """Return the id; a colon inside an environment's name is written `??`."""
        return self.separator.join(str(state[name]).replace(":", "??") for name in self.import_id)

    def locate(self, identity: str) -> Properties:
        """Take the id apart again."""
        return {name: value.replace("??", ":") for name, value in super().locate(identity).items()}

    def where(self, owner: str, properties: Properties) -> tuple[str, str, str | None]:
        """Return owner, repository and environment; None for a thing of the repository itself."""
        return owner, properties["repository"], properties.get("environment")

    def shown(self, tx: Transaction, owner: str, found: Document, given: Properties) -> Properties:
        """Return what GitHub answered, with what names it."""
        names: Properties = {name: given[name] for name in ("repository", "environment") if name in given}
        repository = github.repository(tx, owner, given["repository"])
        return {**self.state(found), **names, "repositoryId": repository["id"]}


def _bad_name(inputs: Properties, key: str) -> Iterator[tuple[str, str]]:
    if inputs[key] != UNKNOWN and not github.valid_name(inputs[key]):
        yield key, "only letters, digits and _, no digit first, and not starting with GITHUB_"


class RepositoryEnvironment(_OnRepository):
    """An environment with its protection rules. Creating and updating are one PUT: undeclared means gone."""

    type_name = "github:index/repositoryEnvironment:RepositoryEnvironment"
    label = "environment"
    import_id = ("repository", "environment")
    lenient_delete = True
    inputs = {
        "repository": _REPOSITORY,
        "environment": _ENVIRONMENT,
        "waitTimer": number(),
        "canAdminsBypass": flag(default=True),
        "preventSelfReview": flag(default=False),
        "reviewers": many(nest({"teams": many(number()), "users": many(number())})),
        "deploymentBranchPolicy": nest(
            {"protectedBranches": flag(required=True), "customBranchPolicies": flag(required=True)}
        ),
    }
    outputs = {"repositoryId": number()}

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse a wait that GitHub has no room for."""
        if isinstance(inputs.get("waitTimer"), int) and not 0 <= inputs["waitTimer"] <= 43_200:
            yield "waitTimer", "must be between 0 and 43200 minutes"

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make or overwrite the environment."""
        name, repo = inputs["environment"], inputs["repository"]
        return self.shown(tx, owner, github.put_environment(tx, owner, repo, name, self.body(inputs)), inputs)

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it. Reviewers removed outside go unnoticed: the real provider reads them only where there are any."""
        found = github.environment(tx, owner, state["repository"], state["environment"])
        if not found["reviewers"]:
            found |= {
                name: state[wire]
                for name, wire in (("reviewers", "reviewers"), ("prevent_self_review", "preventSelfReview"))
                if wire in state
            }
        return self.shown(tx, owner, found, state)

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Overwrite it."""
        return self.create(tx, owner, inputs)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete it with all that is in it."""
        github.delete_environment(tx, owner, state["repository"], state["environment"])


class DeploymentPolicy(_OnRepository):
    """A pattern of branches or tags that may deploy to an environment."""

    type_name = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
    label = "deployment-policy"
    import_id = ("repository", "environment", "policyId")
    one_of = ("branchPattern", "tagPattern")
    inputs = {"repository": _REPOSITORY, "environment": _ENVIRONMENT, "branchPattern": text(), "tagPattern": text()}
    outputs = {"policyId": number(), "repositoryId": number()}

    def replaced_by(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> set[str]:
        """Replace where a branch pattern becomes a tag pattern, or the other way round."""
        switched = {name for name in self.one_of if (name in state) != (name in inputs)}
        return switched | super().replaced_by(tx, owner, state, inputs)

    def locate(self, identity: str) -> Properties:
        """Take the id apart; its last segment is a number."""
        found = super().locate(identity)
        return {**found, "policyId": int(found["policyId"])}

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the policy."""
        kind = "branch" if "branchPattern" in inputs else "tag"
        repo, env = inputs["repository"], inputs["environment"]
        return self._shown(
            tx, owner, github.create_policy(tx, owner, repo, env, inputs[f"{kind}Pattern"], kind), inputs
        )

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it."""
        found = github.policy(tx, owner, state["repository"], state["environment"], state["policyId"])
        return self._shown(tx, owner, found, state)

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Give it another pattern."""
        pattern = inputs.get("branchPattern") or inputs["tagPattern"]
        repo, env = inputs["repository"], inputs["environment"]
        return self._shown(tx, owner, github.update_policy(tx, owner, repo, env, state["policyId"], pattern), inputs)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete it."""
        github.delete_policy(tx, owner, state["repository"], state["environment"], state["policyId"])

    def _shown(self, tx: Transaction, owner: str, found: Document, given: Properties) -> Properties:
        pattern = {f"{found['type']}Pattern": found["name"], "policyId": found["id"]}
        return {**self.shown(tx, owner, found, given), **pattern}


class ActionsSecret(_OnRepository):
    """A secret for workflows. Creating is a PUT. Its value can be set, never read."""

    type_name = "github:index/actionsSecret:ActionsSecret"
    label = "secret"
    import_id: ClassVar[tuple[str, ...]] = ("repository", "secretName")
    one_of = _VALUES
    inputs = {
        "repository": _REPOSITORY,
        "secretName": text(required=True, replace=True),
        "keyId": text(computed=True),
        **{name: text(secret=True) for name in _VALUES},
        "destroyOnDrift": flag(),
    }
    outputs = {**_DATES, "remoteUpdatedAt": text()}

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse what the real provider's own validation refuses."""
        yield from _bad_name(inputs, "secretName")
        if "keyId" in inputs and not {"valueEncrypted", "encryptedValue"} & inputs.keys():
            yield "keyId", "goes with valueEncrypted only"
        for sealed in ("valueEncrypted", "encryptedValue"):
            if inputs.get(sealed, UNKNOWN) != UNKNOWN and not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", inputs[sealed]):
                yield sealed, "must be base64"

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Set the secret, whether or not it exists."""
        name, value = inputs["secretName"], next(inputs[name] for name in _VALUES if name in inputs)
        found = github.put_secret(tx, *self.where(owner, inputs), name, value)
        return {"keyId": "568250167242549743", **inputs, **self._shown(tx, owner, found, inputs)}

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read its dates. A value changed outside is not noticed: see the provider's own issue tracker."""
        found = github.item(tx, "secret", *self.where(owner, state), state["secretName"])
        return {**state, **self._shown(tx, owner, found, state)}

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Set the secret."""
        return self.create(tx, owner, inputs)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete it; one that is gone is an error, as in the real provider."""
        github.delete_item(tx, "secret", *self.where(owner, state), state["secretName"])

    def _shown(self, tx: Transaction, owner: str, found: Document, given: Properties) -> Properties:
        dates = {"createdAt": found["created_at"], "updatedAt": found["updated_at"]}
        named = {"secretName": found["name"], "remoteUpdatedAt": found["updated_at"]}
        shown = self.shown(tx, owner, {}, given)
        return {**shown, **dates, **named}


class ActionsEnvironmentSecret(ActionsSecret):
    """The same within an environment."""

    type_name = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
    label = "environment-secret"
    import_id = ("repository", "environment", "secretName")
    inputs = {
        "environment": _ENVIRONMENT,
        **{name: spec for name, spec in ActionsSecret.inputs.items() if name != "destroyOnDrift"},
    }


class ActionsVariable(_OnRepository):
    """A variable for workflows. Creating is a POST: one that exists is refused."""

    type_name = "github:index/actionsVariable:ActionsVariable"
    label = "variable"
    import_id: ClassVar[tuple[str, ...]] = ("repository", "variableName")
    inputs = {
        "repository": _REPOSITORY,
        "variableName": text(required=True, replace=True),
        "value": text(required=True),
    }
    outputs = dict(_DATES)

    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse a name that GitHub does not take."""
        return _bad_name(inputs, "variableName")

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the variable."""
        name, value = inputs["variableName"], inputs["value"]
        return self._shown(tx, owner, github.create_variable(tx, *self.where(owner, inputs), name, value), inputs)

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it."""
        found = github.item(tx, "variable", *self.where(owner, state), state["variableName"])
        return self._shown(tx, owner, found, state)

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Give it another value."""
        name, value = state["variableName"], inputs["value"]
        return self._shown(tx, owner, github.update_variable(tx, *self.where(owner, inputs), name, value), inputs)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete it."""
        github.delete_item(tx, "variable", *self.where(owner, state), state["variableName"])

    def _shown(self, tx: Transaction, owner: str, found: Document, given: Properties) -> Properties:
        # GitHub upper-cases the name and finds it in any case; the real provider never reads it back.
        return {**self.shown(tx, owner, found, given), "variableName": given["variableName"]}


class ActionsEnvironmentVariable(ActionsVariable):
    """The same within an environment."""

    type_name = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
    label = "environment-variable"
    import_id = ("repository", "environment", "variableName")
    inputs = {**ActionsVariable.inputs, "environment": _ENVIRONMENT}


PACKAGE_VERSION = "6.15.0"
CREDENTIALS = ("token",)
CONFIG = (
    *CREDENTIALS,
    "owner",
    "baseUrl",
    "writeDelayMs",
    "readDelayMs",
    "maxRetries",
    "retryDelayMs",
    "parallelRequests",
    "legacyClient",
    "maxPerPage",
)
RESOURCES: tuple[Resource, ...] = (
    RepositoryEnvironment(),
    DeploymentPolicy(),
    ActionsSecret(),
    ActionsEnvironmentSecret(),
    ActionsVariable(),
    ActionsEnvironmentVariable(),
)
