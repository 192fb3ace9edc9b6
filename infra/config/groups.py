"""Define the groups of settings: keys below another key in a stack file."""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from infra.config.validators import Folder, Secret, SecretName, Text


class Frozen(BaseModel):
    """Refuse unknown keys, and never show a value in an error."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # the settings contain every group: building each group alone as well takes a third longer
    )


class Adopt(Frozen):
    """Existing resources that the stack imports instead of creating, by their name or their cloud's id.

    Importing an absent id is an error, so a stack in an empty account has no `adopt` key.
    """

    neon_project: str | None = Field(None, pattern=r"^[a-z0-9-]+$")
    """Id of the Neon project (from its console URL). Neon accepts a name twice, so only the id is unambiguous."""
    neon_endpoint: str | None = Field(None, pattern=r"^ep-[a-z0-9-]+$")
    """Id of the database's existing compute (first label of its host): Neon then applies `neonCompute` to it."""
    pages_project: str | None = None
    """Name of the Cloudflare Pages project."""
    bucket: str | None = None
    """Name of the R2 bucket."""
    extra_buckets: frozenset[str] = frozenset()
    """Names of `extraBuckets` that exist already."""
    fly_app: str | None = None
    """Name of the Fly app."""
    keep: frozenset[SecretName] = frozenset()
    """Secrets that must exist on the adopted Fly app, and that Pulumi never writes."""
    apps: frozenset[str] = frozenset()
    """Names of `apps` that exist already. Pulumi leaves their other secrets as they are."""
    github_environment: str | None = None
    """Name of the GitHub environment. Unless it is set, Pulumi overwrites the rules of an environment of that name."""
    github_deployment_policy: int | None = None
    """Id of that environment's deployment branch or tag policy, if that is the policy configured here."""
    github_variables: frozenset[str] = frozenset()
    """Variables that the environment has already: GitHub refuses to create them again."""
    domains: frozenset[str] = frozenset()
    """Names of `domains` that Fly.io, Pages or the bucket serves already."""
    dns_records: dict[str, str] = {}
    """Ids of existing DNS records by type and name, as `CNAME api.example.com`."""


class PagesBuild(Frozen):
    """The build of the frontend by Cloudflare Pages. Pulumi sends every member, because an undeclared one drifts."""

    command: str = "bun install && bun run build"
    """Build command."""
    root_dir: Folder = "frontend"
    """Folder of the repository in which the command runs."""
    output_dir: Folder = ".svelte-kit/cloudflare"
    """Folder below `rootDir` that Cloudflare publishes."""
    caching: bool = True
    """Keep dependencies between builds."""
    image_version: int = Field(3, ge=2, le=3)
    """Major version of Cloudflare's build image."""
    compatibility_date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    """Date of the Workers runtime's behaviour, as `'2026-09-01'`. A `wrangler.toml` in the root folder overrides it."""
    compatibility_flags: tuple[Text, ...] = ()
    """Flags of the Workers runtime, such as `nodejs_compat`. A `wrangler.toml` in the root folder overrides them."""


class NeonPlan(NamedTuple):
    """The limits of a Neon plan.

    Attributes:
        history_seconds: The longest history retention.
        largest_cu: The largest compute, in compute units.
        idle_seconds: The idle times after which Neon may suspend a compute; 0: never. Empty: never, or from 60 s on.
        protects: Whether the plan has protected branches.
    """

    history_seconds: int
    largest_cu: float
    idle_seconds: frozenset[int] = frozenset()
    protects: bool = True


NEON_PLANS = {
    "free": NeonPlan(21_600, 2.0, frozenset({300}), protects=False),
    "launch": NeonPlan(604_800, 16.0, frozenset({0, 300})),
    "scale": NeonPlan(2_592_000, 56.0),
}
"""The plans by name (Neon's plans page, 2026-03)."""


class NeonCompute(Frozen):
    """Size of the database's compute, in Neon's compute units, and when Neon suspends it."""

    min_cu: float = Field(0.25, ge=0.25, le=56)
    """Smallest size. Neon scales between `minCu` and `maxCu`."""
    max_cu: float = Field(2, ge=0.25, le=56)
    """Largest size. Free plan: at most 2."""
    suspend_seconds: int | None = Field(None, ge=0, le=604_800)
    """Idle time after which Neon suspends the compute; 0: never. Default: 300, and in production 0 on a paid plan; an
    adopted compute keeps its own."""


class ExtraBucket(Frozen):
    """A further R2 bucket. The stack's minted key reaches it too."""

    public: bool = False
    """Serve its objects at a public `r2.dev` address."""
    cors: bool = False
    """Let the frontends read it from a browser."""


class FurtherApp(Frozen):
    """A further Fly app beside the backend, such as a worker or Redis. A team deploys it by a workflow of its own."""

    extra_secrets: dict[SecretName, Secret] = {}
    """Secrets of this app alone: `pulumi config set --secret --path`."""
    secret_aliases: dict[SecretName, SecretName] = {}
    """Secrets with a value of the backend's: each name on this app, with the name of the backend's secret."""


class Approval(Frozen):
    """Rules of a deployment from the GitHub environment: its reviewers, its wait, its refs."""

    users: frozenset[int] = frozenset()
    """GitHub user ids; at most six users and teams together."""
    teams: frozenset[int] = frozenset()
    """GitHub team ids."""
    wait_minutes: int = Field(0, ge=0, le=43_200)
    """Minutes that a deployment waits before it starts."""
    self_review: bool = True
    """Whoever started a deployment may approve it."""
    admins_bypass: bool = True
    """Administrators of the repository may skip these rules."""
    deploys_from: Literal["policy", "protected", "any"] = "policy"
    """Refs that may deploy: `mainBranch`, in production `releaseTags` (`policy`); `protected` branches; `any` ref."""


class Rotate(Frozen):
    """Counters of rotations. A higher number makes a new key or token; `up` refuses a lower number."""

    oauth_key: int = Field(0, ge=0)
    """Counter of the OAuth key. A new key replaces the old one, and logs everybody out once it is live."""
    storage_token: int = Field(0, ge=0)
    """Counter of the bucket's token. The old token works until `retire.storageToken` follows."""
    deploy_token: int = Field(0, ge=0)
    """Counter of the minted deploy token. `up` gives GitHub the new token, then revokes the old one."""


class Retire(Frozen):
    """Revokes the bucket's older tokens. `up` refuses while a machine may use such a token."""

    storage_token: int = Field(0, ge=0)
    """Follows `rotate.storageToken`: `up` revokes tokens made before this number."""
    confirmed: dict[str, int] = {}
    """Other stacks that use the bucket's keys, each with the rotation number of its live keys."""
