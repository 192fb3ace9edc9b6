"""Present the `neon` package as kislerdm/neon 0.15.0 does through Pulumi's bridge."""

# ruff: noqa: RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, many, nest, number, snake, text
from sandbox.providers.values import Properties
from sandbox.world import neon
from sandbox.world.store import Document

_YES_NO = ("yes", "no", "")
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
        "quota": Field(kind="unmodelled"),
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

    def create(self, at: At, inputs: Properties) -> Document:
        """Create a project."""
        return neon.create_project(at.tx, self.body(inputs))

    def read(self, at: At, state: Properties) -> Document:
        """Read the project; its connection strings have the password of today."""
        return neon.project(at.tx, state["id"])

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the project in place; remove settings that the program no longer declares."""
        gone = {snake(name): None for name, spec in self.inputs.items() if name not in inputs and not spec.computed}
        return neon.update_project(at.tx, state["id"], {**gone, **self.body(inputs)})

    def delete(self, at: At, state: Properties) -> None:
        """Delete the project."""
        neon.delete_project(at.tx, state["id"])

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the state with the connection settings."""
        return {
            **super().shown(at, found, given),
            "storePassword": given.get("storePassword", "yes"),
            "connectionUri": neon.connection_uri(found),
            "connectionUriPooler": neon.connection_uri(found, pooled=True),
            "databaseHost": neon.host(found),
            "databaseHostPooler": neon.host(found, pooled=True),
            "databaseName": found["branch"]["database_name"],
            "databasePassword": found["password"],
            "databaseUser": found["branch"]["role_name"],
            "defaultBranchId": found["branch"]["id"],
            "defaultEndpointId": found["endpoint"]["id"],
        }


class Endpoint(Resource):
    """The default compute of a project. Making another one is not modelled: a branch has one that reads and writes."""

    type_name = "neon:index/endpoint:Endpoint"
    label = "endpoint"
    import_id = ("projectId", "id")
    id_is = "id"
    inputs = {
        **each("projectId branchId", text(required=True)),
        "regionId": text(computed=True, replace=True),
        "computeProvisioner": text(computed=True, enum=("k8s-pod", "k8s-neonvm")),
        **each("autoscalingLimitMinCu autoscalingLimitMaxCu", Field(kind="number", computed=True)),
        "suspendTimeoutSeconds": number(computed=True),
        "type": text(default="read_write", enum=("read_write", "read_only")),
        **each("poolerEnabled poolerMode disabled pgSettings", Field(kind="unmodelled")),
    }
    outputs = each("host proxyHost", text())

    def read(self, at: At, state: Properties) -> Document:
        """Read the compute."""
        return neon.endpoint(at.tx, state["projectId"], state["id"])

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change its size in place."""
        return neon.update_endpoint(at.tx, state["projectId"], state["id"], self.body(inputs))

    def delete(self, at: At, state: Properties) -> None:
        """Refuse: the program leaves the compute that it imported."""
        raise NotImplementedError


PACKAGE_VERSION = "0.15.0"
CONFIG: tuple[str, ...] = ()
CREDENTIALS = ("apiKey",)
RESOURCES: tuple[Resource, ...] = (Project(), Endpoint())
