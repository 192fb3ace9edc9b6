"""The `neon` package as kislerdm/neon 0.15.0 presents it through Pulumi's bridge."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.clouds import neon
from sandbox.providers.resource import Resource
from sandbox.providers.schema import Field, flag, many, nest, number, snake, text

if TYPE_CHECKING:
    from sandbox.providers.values import Properties
    from sandbox.world import Document, Transaction

_YES_NO = {"enum": ("yes", "no", "")}
_DECIMAL = Field(kind="number", computed=True)


class Project(Resource):
    """A Neon project."""

    type_name = "neon:index/project:Project"
    label = "project"
    import_id = ("id",)
    autoname = "name"
    lenient_delete = True
    inputs = {
        "name": text(computed=True),
        "orgId": text(computed=True, replace=True),
        "regionId": text(computed=True, replace=True),
        "pgVersion": number(computed=True, replace=True),
        "storePassword": text(default="yes", **_YES_NO),
        "historyRetentionSeconds": number(default=86_400),
        "computeProvisioner": text(computed=True, enum=("k8s-pod", "k8s-neonvm")),
        "branch": nest(
            {name: text(computed=True) for name in ("id", "name", "roleName", "databaseName")},
            computed=True,
            replace=True,
        ),
        "defaultEndpointSettings": nest(
            {
                "id": text(computed=True),
                "autoscalingLimitMinCu": _DECIMAL,
                "autoscalingLimitMaxCu": _DECIMAL,
                "suspendTimeoutSeconds": number(computed=True),
            },
            computed=True,
        ),
        "quota": nest(
            {
                name: number(computed=True)
                for name in (
                    "activeTimeSeconds",
                    "computeTimeSeconds",
                    "writtenDataBytes",
                    "dataTransferBytes",
                    "logicalSizeBytes",
                )
            },
            computed=True,
        ),
        "maintenanceWindow": nest(
            {
                "weekdays": many(number(), required=True),
                "startTime": text(required=True),
                "endTime": text(required=True),
            },
            computed=True,
        ),
        "allowedIps": many(),
        "allowedIpsProtectedBranchesOnly": text(**_YES_NO),
        "blockPublicConnections": text(**_YES_NO),
        "blockVpcConnections": text(**_YES_NO),
        "enableLogicalReplication": text(**_YES_NO),
        "hipaa": text(**_YES_NO),
        "defaultBranchProtected": flag(default=False),
    }
    outputs = {
        "connectionUri": text(secret=True),
        "connectionUriPooler": text(secret=True),
        "databaseHost": text(),
        "databaseHostPooler": text(),
        "databaseName": text(),
        "databasePassword": text(secret=True),
        "databaseUser": text(),
        "defaultBranchId": text(),
        "defaultEndpointId": text(),
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
