"""Present the `neon` package as kislerdm/neon 0.15.0 does through Pulumi's bridge."""

# ruff: noqa: RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, nest, number, text
from sandbox.providers.values import Properties
from sandbox.world import neon
from sandbox.world import neon_branches as branches
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

_YES_NO = ("yes", "no", "")
_SIZE = {
    **each("autoscalingLimitMinCu autoscalingLimitMaxCu", Field(kind="number", computed=True)),
    "suspendTimeoutSeconds": number(computed=True),
}
_COMPUTE = {"id": text(computed=True), **_SIZE}


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
        "defaultEndpointSettings": nest(_COMPUTE, computed=True),
        "defaultBranchProtected": flag(default=False),
        "branch": Field(kind="unmodelled", computed=True, replace=True),
        **each("computeProvisioner maintenanceWindow", Field(kind="unmodelled", computed=True)),
        **each("quota allowedIps allowedIpsProtectedBranchesOnly blockPublicConnections", Field(kind="unmodelled")),
        **each("blockVpcConnections enableLogicalReplication hipaa", Field(kind="unmodelled")),
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
        """Change the project in place."""
        return neon.update_project(at.tx, state["id"], self.body(inputs))

    def delete(self, at: At, state: Properties) -> None:
        """Delete the project."""
        neon.delete_project(at.tx, state["id"])

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the state with the connection settings."""
        return {
            **super().shown(at, found, given),
            "storePassword": given.get("storePassword", "yes"),
            **_connection(found),
            "defaultEndpointId": found["endpoint"]["id"],
        }


class Branch(Resource):
    """A branch beside the default one. The provider knows no expiry, and shows a new parent without sending it."""

    type_name = "neon:index/branch:Branch"
    label = "branch"
    import_id = ("projectId", "id")
    id_is = "id"
    lenient_delete = True
    inputs = {
        "projectId": text(required=True),
        "name": text(computed=True),
        "parentId": text(computed=True),
        **each("parentLsn parentTimestamp", Field(kind="unmodelled", replace=True)),
        "protected": Field(kind="unmodelled"),
    }
    outputs = {"logicalSize": number()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Make a branch; it has no compute yet."""
        return branches.create_branch(at.tx, inputs["projectId"], self.body(inputs))

    def read(self, at: At, state: Properties) -> Document:
        """Read the branch."""
        return branches.branch(at.tx, state["projectId"], state["id"])

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Rename it in place."""
        return branches.update_branch(at.tx, state["projectId"], state["id"], {"name": inputs["name"]})

    def delete(self, at: At, state: Properties) -> None:
        """Delete the branch with its compute."""
        branches.delete_branch(at.tx, state["projectId"], state["id"])

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Return the state without protection, which the program does not set."""
        return super().shown(at, {**found, "protected": None}, given)


class Endpoint(Resource):
    """The compute of a branch. A branch has one that reads and writes; others are not modelled."""

    type_name = "neon:index/endpoint:Endpoint"
    label = "endpoint"
    import_id = ("projectId", "id")
    id_is = "id"
    inputs = {
        **each("projectId branchId", text(required=True)),
        "regionId": text(computed=True, replace=True),
        **_SIZE,
        "computeProvisioner": Field(kind="unmodelled", computed=True),
        "type": text(default="read_write", enum=("read_write", "read_only")),
        **each("poolerEnabled poolerMode disabled pgSettings", Field(kind="unmodelled")),
    }
    outputs = each("host proxyHost", text())

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the compute of a branch."""
        return branches.create_endpoint(at.tx, inputs["projectId"], inputs["branchId"], self.body(inputs))

    def read(self, at: At, state: Properties) -> Document:
        """Read the compute."""
        return branches.endpoint(at.tx, state["projectId"], state["id"])[1]

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change its size in place."""
        return branches.update_endpoint(at.tx, state["projectId"], state["id"], self.body(inputs))

    def delete(self, at: At, state: Properties) -> None:
        """Delete the compute; the default branch's is refused."""
        branches.delete_endpoint(at.tx, state["projectId"], state["id"])


def _get_project(tx: Transaction, args: Properties) -> Properties:
    """Return a project's name and its default branch's connection."""
    found = neon.project(tx, args["id"])
    return {"id": found["id"], "name": found["name"], **_connection(found)}


def _get_branch_role_password(tx: Transaction, args: Properties) -> Properties:
    """Return the password that a role has on a branch."""
    found = branches.branch(tx, args["projectId"], args["branchId"])
    if args["roleName"] != found["role_name"]:
        raise CloudError(404, f"role not found: {args['roleName']}")
    return {**args, "id": f"{args['projectId']}/{args['branchId']}/{args['roleName']}", "password": found["password"]}


def _connection(found: Document) -> Properties:
    """Return the connection settings of a project's default branch."""
    return {
        "connectionUri": neon.connection_uri(found),
        "connectionUriPooler": neon.connection_uri(found, pooled=True),
        "databaseHost": neon.host(found),
        "databaseHostPooler": neon.host(found, pooled=True),
        "databaseName": found["branch"]["database_name"],
        "databasePassword": found["password"],
        "databaseUser": found["branch"]["role_name"],
        "defaultBranchId": found["branch"]["id"],
    }


PACKAGE_VERSION = "0.15.0"
CREDENTIALS = ("apiKey",)
RESOURCES: tuple[Resource, ...] = (Project(), Branch(), Endpoint())
FUNCTIONS = {
    "neon:index/getProject:getProject": ("project.get", _get_project),
    "neon:index/getBranchRolePassword:getBranchRolePassword": ("role-password.get", _get_branch_role_password),
}
