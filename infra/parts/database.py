"""The environment's Postgres: one Neon project with its default branch, role and database."""

import re

import pulumi
import pulumi_neon as neon

from infra.config.settings import Settings

# What may stand in a URL's user, password and database name as it is (RFC 3986, unreserved).
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")


class Database(pulumi.ComponentResource):
    """A Neon project and the URL the backend reaches its database by.

    Attributes:
        url: SQLAlchemy URL of the database, a secret (see `sqlalchemy_url`).
        host: Direct host of the default branch's compute.
        project_id: Neon's id of the project.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("relay:infra:Database", "database")
        # Default branch, role and database are made with the project: declaring them again would answer 409.
        # What is declared here is declared because the provider would otherwise send its own default
        # (retention 86400 s, branch protection off) to an adopted project.
        project = neon.Project(
            "neon-project",
            name=settings.neon_project,
            org_id=settings.neon_organization_id,
            region_id=settings.neon_region,
            pg_version=settings.postgres_version,
            history_retention_seconds=settings.history_retention_seconds,
            default_branch_protected=settings.default_branch_protected,
            store_password="yes",  # noqa: S106  (Neon's yes/no; without it the provider cannot read the URL)
            opts=pulumi.ResourceOptions(parent=self, import_=settings.adopt.neon_project),
        )
        self.project_id = project.id
        self.host = project.database_host
        self.url: pulumi.Output[str] = pulumi.Output.secret(
            pulumi.Output.all(
                user=project.database_user,
                password=project.database_password,
                host=project.database_host,
                name=project.database_name,
            ).apply(lambda parts: sqlalchemy_url(**parts))
        )
        self.register_outputs({"url": self.url, "host": self.host, "project_id": self.project_id})


def sqlalchemy_url(*, user: str, password: str, host: str, name: str) -> str:
    """Return a URL that SQLAlchemy, alembic and a LISTEN connection can all use.

    Args:
        user: Role, as Neon made it.
        password: Its password.
        host: The direct host: a pooled one loses LISTEN and session state between transactions.
        name: Database.

    Returns:
        `postgresql+psycopg://USER:PASSWORD@HOST/NAME?sslmode=require`. Neon's own URL begins with
        `postgres://`, which SQLAlchemy refuses, and may carry `channel_binding`, which older libpq does.

    Raises:
        pulumi.RunError: The host is pooled, or a part would need percent-encoding: alembic reads its
            configuration with interpolation, where a `%` is a syntax error. Names the part, never its value.
    """
    if "-pooler" in host.split(".", maxsplit=1)[0]:
        raise pulumi.RunError(
            f"DATABASE_URL: {host} is Neon's pooled host, which LISTEN and migrations cannot use; the direct host "
            "has no `-pooler`. Refresh the stack, then run `pulumi up` again."
        )
    for part, value in {"role": user, "password": password, "database name": name}.items():
        if not _UNRESERVED.fullmatch(value):
            raise pulumi.RunError(
                f"DATABASE_URL: the {part} on {host} holds a character that a URL must write as %XX, and alembic "
                f"reads % as interpolation. Change the {part} in Neon's console (for a password: Reset password), "
                "then `pulumi refresh` and `pulumi up`."
            )
    return f"postgresql+psycopg://{user}:{password}@{host}/{name}?sslmode=require"
