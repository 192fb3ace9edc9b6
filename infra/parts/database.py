"""Make the environment's Postgres: one Neon project with its default branch, role and database."""

import re
from typing import Any

import pulumi
import pulumi_neon as neon

from infra.application import DATABASE_SCHEME
from infra.config.settings import Settings
from infra.states import State

# The characters that a URL holds unescaped in any of its parts (RFC 3986, unreserved).
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")

# An update sends these as the state has them. The program declares none of them: without this list, an update would
# lift an adopted project's restrictions.
_BY_HAND = [
    *("allowedIps", "allowedIpsProtectedBranchesOnly", "blockPublicConnections", "blockVpcConnections"),
    *("enableLogicalReplication", "hipaa", "maintenanceWindow"),
]


class Database(pulumi.ComponentResource):
    """A Neon project and the URL by which the backend reaches its database.

    Neon makes the default branch, role and database with the project, and answers 409 to a second one. Pulumi imports
    an existing compute by the project's id, which the last `up` left in the state.

    Attributes:
        url: SQLAlchemy URL of the database, a secret (see `sqlalchemy_url`).
        host: Direct host of the default branch's compute.
        project_id: Neon's id of the project.
        outputs: The stack's outputs of this part.
    """

    def __init__(self, settings: Settings, before: State) -> None:
        super().__init__("relay:infra:Database", "database")
        adopt = settings.adopt
        # Retention and branch protection are declared because the provider would send its own defaults (86400 s, off)
        # to an adopted project.
        by_hand = _BY_HAND if adopt.neon_project else None
        project = neon.Project(
            "neon-project",
            name=settings.neon_project,
            org_id=settings.neon_organization_id,
            region_id=settings.neon_region,
            pg_version=settings.postgres_version,
            history_retention_seconds=settings.history_retention_seconds,
            default_branch_protected=settings.default_branch_protected,
            default_endpoint_settings=None if adopt.neon_project else _compute(settings),
            store_password="yes",  # noqa: S106  (Neon's yes/no; without it the provider cannot read the URL)
            opts=pulumi.ResourceOptions(parent=self, import_=adopt.neon_project, ignore_changes=by_hand),
        )
        known = adopt.neon_project or (before["neon-project"].id if "neon-project" in before else "")
        if adopt.neon_endpoint and known:
            self._endpoint(settings, project, f"{known}/{adopt.neon_endpoint}")
        self.project_id = project.id
        self.host = project.database_host
        self.url = _url(project)
        self.outputs: dict[str, Any] = {
            "neonProject": settings.neon_project,
            "neonProjectId": self.project_id,
            "databaseHost": self.host,
            "databaseUrl": self.url,
        }
        self.register_outputs({})

    def _endpoint(self, settings: Settings, project: neon.Project, identity: str) -> None:
        """Import the existing compute: provider 0.15.0 applies a project's settings only to computes made later."""
        compute = settings.neon_compute
        neon.Endpoint(
            "neon-endpoint",
            project_id=project.id,
            branch_id=project.default_branch_id,
            autoscaling_limit_min_cu=compute.min_cu,
            autoscaling_limit_max_cu=compute.max_cu,
            suspend_timeout_seconds=None if compute.suspend_seconds is None else idle_seconds(settings),
            opts=pulumi.ResourceOptions(parent=self, import_=identity),
        )


def _url(project: neon.Project) -> pulumi.Output[str]:
    """Return the database's URL. No other code reads a project's password, which a newer provider keeps elsewhere."""
    parts = pulumi.Output.all(
        user=project.database_user,
        password=project.database_password,
        host=project.database_host,
        name=project.database_name,
    )
    return pulumi.Output.secret(parts.apply(lambda found: sqlalchemy_url(**found)))


def _compute(settings: Settings) -> neon.ProjectDefaultEndpointSettingsArgs:
    """Return the size of the computes that Neon makes for a project."""
    return neon.ProjectDefaultEndpointSettingsArgs(
        autoscaling_limit_min_cu=settings.neon_compute.min_cu,
        autoscaling_limit_max_cu=settings.neon_compute.max_cu,
        suspend_timeout_seconds=idle_seconds(settings),
    )


def idle_seconds(settings: Settings) -> float | None:
    """Return the idle seconds after which Neon suspends; -1: never. The free plan refuses even its own value: None."""
    return None if settings.neon_plan == "free" else float(settings.suspend_seconds or -1)


def sqlalchemy_url(*, user: str, password: str, host: str, name: str) -> str:
    """Return a URL that SQLAlchemy, alembic and a LISTEN connection accept.

    Args:
        user: The role's name.
        password: The role's password.
        host: The direct host: a pooled one loses LISTEN and session state between transactions.
        name: The database's name.

    Returns:
        `postgresql+psycopg://USER:PASSWORD@HOST/NAME?sslmode=require`. SQLAlchemy refuses `postgres://`, with which
        Neon's own URL begins; older libpq refuses its `channel_binding`.

    Raises:
        pulumi.RunError: The host is pooled, or a part needs percent-encoding, which alembic's interpolated
            configuration refuses. The message names the part, never its value.
    """
    if "-pooler" in host.split(".", maxsplit=1)[0]:
        raise pulumi.RunError(
            f"DATABASE_URL: {host} is Neon's pooled host, which LISTEN and migrations cannot use; the direct host "
            f"has no `-pooler`. To read it again:\n  pulumi up --refresh -s {pulumi.get_stack()}"
        )
    for part, value in {"role": user, "password": password, "database name": name}.items():
        if not _UNRESERVED.fullmatch(value):
            raise pulumi.RunError(
                f"DATABASE_URL: the {part} on {host} holds a character that a URL must write as %XX, and alembic "
                f"reads % as interpolation. Change the {part} in Neon's console (for a password: Reset password), "
                f"then:\n  pulumi up --refresh -s {pulumi.get_stack()}"
            )
    return f"{DATABASE_SCHEME}://{user}:{password}@{host}/{name}?sslmode=require"
