"""The `neon` package as kislerdm/neon 0.15.0 presents it through Pulumi's bridge."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clouds import neon
from sandbox.providers.resource import Resource
from sandbox.providers.schema import Field, each, flag, many, nest, number, snake, text

if TYPE_CHECKING:
    from sandbox.providers.values import Properties
    from sandbox.world import Document, Transaction

_YES_NO = ("yes", "no", "")
_QUOTAS = "activeTimeSeconds computeTimeSeconds writtenDataBytes dataTransferBytes logicalSizeBytes"
_COMPUTE = {
    "id": text(computed=True),
    **each("autoscalingLimitMinCu autoscalingLimitMaxCu", Field(kind="number", computed=True)),
    "suspendTimeoutSeconds": number(computed=True),
}
_WINDOW = {"weekdays": many(number(), required=True), **each("startTime endTime", text(required=True))}


class Project(Resource):
    """A Neon project."""

    type_name = "neon:index/project:Project"
    label = "project"
    import_id = ("id",)
    autoname = "name"
    lenient_delete = True
    inputs = {
        "name": text(computed=True),
        **each("orgId regionId", text(computed=True, replace=True)),
        "pgVersion": number(computed=True, replace=True),
        "storePassword": text(default="yes", enum=_YES_NO),
        "historyRetentionSeconds": number(default=86_400),
        "computeProvisioner": text(computed=True, enum=("k8s-pod", "k8s-neonvm")),
        "branch": nest(each("id name roleName databaseName", text(computed=True)), computed=True, replace=True),
        "defaultEndpointSettings": nest(_COMPUTE, computed=True),
        "quota": nest(each(_QUOTAS, number(computed=True)), computed=True),
        "maintenanceWindow": nest(_WINDOW, computed=True),
        "allowedIps": many(),
        **each("allowedIpsProtectedBranchesOnly blockPublicConnections", text(enum=_YES_NO)),
        **each("blockVpcConnections enableLogicalReplication hipaa", text(enum=_YES_NO)),
        "defaultBranchProtected": flag(default=False),
    }
    outputs = {
        **each("connectionUri connectionUriPooler databasePassword", text(secret=True)),
        **each("databaseHost databaseHostPooler databaseName databaseUser", text()),
        **each("defaultBranchId defaultEndpointId", text()),
    }

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make a project. The real provider reads the password back, which needs a stored one."""
        return self._shown(neon.create_project(tx, self.body(inputs)), inputs)

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read the project; its connection strings follow an outside change of the password."""
        return self._shown(neon.project(tx, state["id"]), state)

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Change the project in place; what the program no longer sets is taken away."""
        body = self.body(inputs)
        gone = {snake(name): None for name, spec in self.inputs.items() if name not in inputs and not spec.computed}
        return self._shown(neon.update_project(tx, state["id"], {**gone, **body}), inputs)

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete the project."""
        neon.delete_project(tx, state["id"])

    def _shown(self, found: Document, given: Properties) -> Properties:
        branch: dict[str, Any] = found["branch"]
        return self.state(
            found,
            id=found["id"],
            storePassword=given.get("storePassword", "yes"),
            connectionUri=neon.connection_uri(found),
            connectionUriPooler=neon.connection_uri(found, pooled=True),
            databaseHost=neon.host(found),
            databaseHostPooler=neon.host(found, pooled=True),
            databaseName=branch["database_name"],
            databasePassword=found["password"],
            databaseUser=branch["role_name"],
            defaultBranchId=branch["id"],
            defaultEndpointId=found["endpoint"]["id"],
        )


PACKAGE_VERSION = "0.15.0"
CONFIG = ("apiKey",)
CREDENTIALS = ("apiKey",)
RESOURCES: tuple[Resource, ...] = (Project(),)
