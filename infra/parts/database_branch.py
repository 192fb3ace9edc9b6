"""Make a pull request's Postgres: a branch of another stack's database, with a compute that suspends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_neon as neon

from infra import states
from infra.config.across_stacks import neighbours
from infra.config.stack_files import read_stack_files
from infra.parts.database import idle_seconds, sqlalchemy_url

if TYPE_CHECKING:
    from infra.config.settings import Settings


class DatabaseBranch(pulumi.ComponentResource):
    """A copy-on-write branch of the default branch of the copied stack's Neon project.

    The branch has its parent's role, database and password (Neon's documentation, "Protected branches").

    Attributes:
        url: SQLAlchemy URL of the database, a secret.
        host: Host of the branch's compute.
        project_id: Neon's id of the project.
        outputs: The stack's outputs of this part.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("relay:infra:Database", "database")
        self.project_id, others = parent(settings)
        inside = pulumi.InvokeOutputOptions(parent=self)
        project = neon.get_project_output(id=self.project_id, opts=inside)
        branch = neon.Branch(
            "neon-branch",
            project_id=self.project_id,
            parent_id=project.default_branch_id,
            name=settings.stack,
            # Provider 0.15.0 ignores a new parent, which would be a change in each plan.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["parent_id"]),
        )
        endpoint = neon.Endpoint(
            "neon-endpoint",
            project_id=self.project_id,
            branch_id=branch.id,
            autoscaling_limit_min_cu=settings.neon_compute.min_cu,
            autoscaling_limit_max_cu=settings.neon_compute.max_cu,
            suspend_timeout_seconds=idle_seconds(settings),
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = neon.get_branch_role_password_output(
            project_id=self.project_id, branch_id=branch.id, role_name=project.database_user, opts=inside
        )
        self.host: pulumi.Output[str] = endpoint.host.apply(partial(of_no_other_stack, others))
        self.url: pulumi.Output[str] = pulumi.Output.secret(
            pulumi.Output.all(
                user=project.database_user, password=role.password, host=self.host, name=project.database_name
            ).apply(lambda parts: sqlalchemy_url(**parts))
        )
        self.outputs: dict[str, Any] = {
            "neonProject": settings.neon_project,
            "neonProjectId": self.project_id,
            "neonBranch": settings.stack,
            "databaseHost": self.host,
            "databaseUrl": self.url,
        }
        self.register_outputs({})


def parent(settings: Settings) -> tuple[str, dict[str, str]]:
    """Return the Neon project to branch from, and the database hosts of the copied stack and of production by stack.

    Raises:
        pulumi.RunError: The copied stack has no database yet, or its project is production's.
    """
    copied = str(settings.branch_of)
    others = neighbours(settings.stack, read_stack_files())
    production = [stack for stack, read in others.items() if read.settings.tier == "production"]
    found: dict[str, dict[str, Any]] = {}
    for stack in (copied, *production):
        try:
            found[stack] = states.outputs(stack)
        except states.StateError:  # there is no such stack here
            found[stack] = {}
    project = found[copied].get("neonProjectId")
    if not isinstance(project, str) or not project:
        raise pulumi.RunError(
            f"branchOf: stack {copied} has no database to copy yet. Bring it up first:\n  pulumi up -s {copied}"
        )
    for stack in production:
        if found[stack].get("neonProjectId") == project:
            raise pulumi.RunError(
                f"branchOf: the database of stack {copied} is Neon project {project}, which is {stack}'s too: no pull "
                "request gets a copy of production's data. Name another stack under branchOf in Pulumi.pr.yaml."
            )
    return project, {
        stack: str(outputs["databaseHost"]) for stack, outputs in found.items() if "databaseHost" in outputs
    }


def of_no_other_stack(others: dict[str, str], host: str) -> str:
    """Return the host, if no other stack has it.

    Raises:
        pulumi.RunError: Another stack has it: the next migration would run on that stack's data.
    """
    for stack, theirs in others.items():
        if host.replace("-pooler", "") == theirs.replace("-pooler", ""):
            raise pulumi.RunError(f"DATABASE_URL: {host} is the database of stack {stack}: nothing was written to it.")
    return host
