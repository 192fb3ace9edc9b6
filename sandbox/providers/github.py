"""Present the `github` package 6.15.0 (integrations/github v6.13.0 behind Pulumi's bridge)."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, many, nest, number, snake, text
from sandbox.providers.values import UNKNOWN, Properties
from sandbox.world import github
from sandbox.world.store import Document

_REPOSITORY = text(required=True)
_KEY = text(required=True, replace=True)
_DATES = {"createdAt": text(), "updatedAt": text(), "repositoryId": number()}
_SEALED = ("valueEncrypted", "encryptedValue", "plaintextValue")


class _OnRepository(Resource):
    model = github
    separator = ":"

    def place(self, at: At, properties: Properties) -> tuple[Any, ...]:
        """Return the path: the owner, then the segments of the import id."""
        return (at.owner, *super().place(at, properties))

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return GitHub's answer with the names of the state: the real provider never reads a name back."""
        repository = github.get(at.tx, "repository", at.owner, given["repository"])
        names = {name: given[name] for name in self.import_id if name in given}
        return {**super().shown(at, found, given), **names, "repositoryId": repository["id"]}


class _Named(_OnRepository):
    def check(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse a name that GitHub does not accept; it is the import id's last segment."""
        key = self.import_id[-1]
        if inputs[key] != UNKNOWN and not github.valid_name(inputs[key]):
            yield key, "only letters, digits and _, no digit first, and not starting with GITHUB_"


class RepositoryEnvironment(_OnRepository):
    """An environment with its protection rules. Creation and update are one PUT, which removes undeclared rules."""

    type_name = "github:index/repositoryEnvironment:RepositoryEnvironment"
    label = kind = "environment"
    import_id = ("repository", "environment")
    lenient_delete = True
    inputs = {
        "repository": _REPOSITORY,
        "environment": _KEY,
        "waitTimer": number(),
        "canAdminsBypass": flag(default=True),
        "preventSelfReview": flag(default=False),
        "reviewers": many(nest(each("teams users", many(number())))),
        "deploymentBranchPolicy": nest(each("protectedBranches customBranchPolicies", flag(required=True))),
    }
    outputs = {"repositoryId": number()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Create or overwrite the environment."""
        return github.put_environment(at.tx, *self.place(at, inputs), **self.body(inputs))

    def read(self, at: At, state: Properties) -> Document:
        """Read the environment. Like the real provider, read reviewers only where GitHub has some."""
        found = super().read(at, state)
        unread = {snake(name): state[name] for name in ("reviewers", "preventSelfReview") if name in state}
        return found if found["reviewers"] else found | unread


class DeploymentPolicy(_OnRepository):
    """A pattern of branches or tags that may deploy to an environment."""

    type_name = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
    label = kind = "deployment-policy"
    import_id = ("repository", "environment", "policyId")
    one_of = ("branchPattern", "tagPattern")
    inputs = {"repository": _REPOSITORY, "environment": _KEY, **each("branchPattern tagPattern", text())}
    outputs = {"policyId": number(), "repositoryId": number()}

    def replaced_by(self, state: Properties, inputs: Properties) -> set[str]:
        """Replace where a branch pattern becomes a tag pattern, or a tag pattern a branch pattern."""
        return {name for name in self.one_of if (name in state) != (name in inputs)}

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the policy."""
        (kind,) = (kind for kind in ("branch", "tag") if f"{kind}Pattern" in inputs)
        environment = (at.owner, inputs["repository"], inputs["environment"])
        return github.create_policy(at.tx, *environment, pattern=inputs[f"{kind}Pattern"], kind=kind)

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the pattern."""
        pattern = inputs.get("branchPattern") or inputs["tagPattern"]
        return github.update_policy(at.tx, *self.place(at, {**state, **inputs}), pattern=pattern)

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the pattern under `branchPattern` or `tagPattern`."""
        pattern = {f"{found['type']}Pattern": found["name"], "policyId": found["id"]}
        return {**super().shown(at, found, given), **pattern}


class ActionsSecret(_Named):
    """A secret for workflows. Creation is a PUT. GitHub never shows its value, so an outside change stays unseen."""

    type_name = "github:index/actionsSecret:ActionsSecret"
    label = kind = "secret"
    import_id: ClassVar[tuple[str, ...]] = ("repository", "secretName")
    one_of = ("value", *_SEALED)
    inputs = {
        "repository": _REPOSITORY,
        "secretName": _KEY,
        "value": text(secret=True),
        **each(" ".join(_SEALED), Field(kind="unmodelled", secret=True)),
        "keyId": Field(kind="unmodelled", computed=True),
        "destroyOnDrift": Field(kind="unmodelled"),
    }
    outputs = {**_DATES, "remoteUpdatedAt": text()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Set the secret, even where it exists."""
        return github.put_item(at.tx, self.kind, *self.place(at, inputs), value=inputs["value"])

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the secret's dates and the value from the state."""
        hidden = {"value": given.get("value"), "key_id": "568250167242549743", "remote_updated_at": found["updated_at"]}
        return super().shown(at, {**found, **hidden}, given)


class ActionsEnvironmentSecret(ActionsSecret):
    """A secret of an environment."""

    type_name = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
    label = "environment-secret"
    import_id = ("repository", "environment", "secretName")
    inputs = {**{k: v for k, v in ActionsSecret.inputs.items() if k != "destroyOnDrift"}, "environment": _KEY}


class ActionsVariable(_Named):
    """A variable for workflows. Creation is a POST, which GitHub refuses for an existing one."""

    type_name = "github:index/actionsVariable:ActionsVariable"
    label = kind = "variable"
    import_id: ClassVar[tuple[str, ...]] = ("repository", "variableName")
    inputs = {"repository": _REPOSITORY, "variableName": _KEY, "value": text(required=True)}
    outputs = dict(_DATES)

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the variable."""
        return github.put_item(at.tx, self.kind, *self.place(at, inputs), value=inputs["value"], new=True)

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the value; fail where the variable is gone."""
        self.read(at, inputs)
        return github.put_item(at.tx, self.kind, *self.place(at, inputs), value=inputs["value"])


class ActionsEnvironmentVariable(ActionsVariable):
    """A variable of an environment."""

    type_name = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
    label = "environment-variable"
    import_id = ("repository", "environment", "variableName")
    inputs = {**ActionsVariable.inputs, "environment": _KEY}


PACKAGE_VERSION = "6.15.0"
CREDENTIALS = ("token",)
RESOURCES: tuple[Resource, ...] = (
    *(RepositoryEnvironment(), DeploymentPolicy(), ActionsSecret(), ActionsEnvironmentSecret()),
    *(ActionsVariable(), ActionsEnvironmentVariable()),
)
