"""Define the keys that `Pulumi.yaml` or `Pulumi.<stack>.yaml` may set.

A field's name in camelCase is the key. The text below the field is the description.
"""

from typing import Literal

from pydantic import Field, SecretStr

from infra import application
from infra.config import groups
from infra.config import validators as valid
from infra.config.domains import Domains, Names
from infra.config.tiers import Tier

Part = Literal["storage", "database", "backend", "frontend", "delivery"]


class Keys(groups.Frozen):
    """The configuration keys of one stack."""

    # Kind of stack
    tier: Tier = Field(examples=["staging"])
    """The policy of protection and delivery: development, preview, staging or production."""
    manage: frozenset[Part] = Field(examples=[["database"]])
    """The parts this stack owns. Production can be taken over one part at a time."""
    adopt: groups.Adopt = groups.Adopt()
    """Existing resources that this stack imports (see Adopt)."""
    production_stacks: frozenset[str] = frozenset()
    """The stacks of the production tier, where a project has more than one."""
    unprotect: bool = False
    """Lifts protection: after `pulumi up` with true, Pulumi may destroy the stack's own resources."""

    # Accounts
    fly_organization: valid.OrganizationSlug = Field(examples=["personal"])
    """Fly.io organization, by slug."""
    cloudflare_account_id: str = Field(pattern=r"^[0-9a-f]{32}$", examples=["0123456789abcdef0123456789abcdef"])
    """Cloudflare account id, 32 hexadecimal digits."""
    github_owner: valid.Owner = Field(examples=["relay-music"])
    """GitHub user or organization that owns the repository."""
    github_repository: valid.Repository = Field(examples=["relay"])
    """Repository that holds the application and deploys it."""
    neon_organization_id: str | None = Field(None, pattern=r"^org-[a-z0-9-]+$")
    """Neon organization (`org-…`). A personal API key that sees several organizations needs it."""

    # Database
    neon_project: valid.Text = Field(examples=["relay-staging"])
    """Name of this environment's Neon project."""
    neon_region: valid.NeonRegion = Field(examples=["aws-us-east-1"])
    """Neon region id; a change would replace the database."""
    neon_plan: Literal["free", "launch", "scale"] = "free"
    """Neon plan, whose limits this program checks."""
    postgres_version: int = Field(17, ge=14, le=18)
    """Major version of Postgres; a change would replace the database."""
    history_retention_seconds: int = Field(21_600, ge=0)
    """History from which Neon can restore the database, in seconds. Free plan: at most 21600 (6 h)."""
    default_branch_protected: bool = False
    """Whether Neon protects the default branch (paid plans). At adoption, declare the real value."""
    neon_compute: groups.NeonCompute = groups.NeonCompute()
    """Size of the database's compute (see NeonCompute)."""
    branch_of: valid.StackName | None = None
    """In `Pulumi.pr.yaml`: the stack whose database each pull request gets a branch of, `staging` as a rule."""
    preview_limit: int = Field(5, ge=1, le=100)
    """In `Pulumi.pr.yaml`: the most pull requests that have an environment at once."""

    # Backend
    fly_app: valid.AppName | None = None
    """Name of the Fly app, unique in all of Fly.io."""
    fly_region: valid.FlyRegion = Field(examples=["iad"])
    """Fly.io region, three letters."""
    api_url_override: valid.WebUrl | None = Field(None, alias="apiUrl")
    """URL of the API on a custom domain. Default: from `domains.api`, else https://APP.fly.dev."""
    atproto_namespace: str = Field(application.NAMESPACE, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
    """Namespace of the AT Protocol records. Outside production `-<stack>` follows, unless the stack's file sets it."""
    client_metadata_path: valid.Path = application.CLIENT_METADATA_PATH
    """Path at which the API serves its OAuth client metadata."""
    oauth_scope: valid.Text = application.OAUTH_SCOPE
    """Scope that a laptop's OAuth client declares; `{namespace}` stands for the record namespace."""
    cors_origins: frozenset[valid.Origin] = frozenset()
    """Further origins that may call the API and read the buckets; the first label may be `*`."""
    migration_command: valid.Text = application.MIGRATION
    """Command that migrates the database, in the application's image: `release_command` and the rehearsal run it."""
    rollout: bool = False
    """Restart machines when secrets change. Default: stage the secrets for the next deployment."""
    extra_secrets: dict[valid.SecretName, valid.Secret] = Field({})
    """A team's own secrets for the Fly app: `pulumi config set --secret --path`."""
    secret_aliases: dict[valid.SecretName, valid.SecretName] = Field({})
    """Further names of the Fly app's secrets: each new name, with the name of the secret that has the value."""
    apps: dict[valid.AppName, groups.FurtherApp] = Field({})
    """Further Fly apps, by name (see FurtherApp)."""
    logfire_token: valid.Secret | None = None
    """Logfire write token. Without a token, Logfire is off."""
    mint_deploy_token: bool = False
    """Mint the deploy token here instead of taking `flyDeployToken`; needs a personal Fly token."""
    deploy_token_hours: int = Field(8760, ge=24)
    """Hours that a minted deploy token lives. A change counts from the next rotation on."""
    rotate: groups.Rotate = groups.Rotate()
    """Keys and tokens to replace (see Rotate)."""
    retire: groups.Retire = groups.Retire()
    """Older tokens to revoke (see Retire)."""

    # Storage
    bucket: valid.BucketName = Field(examples=["relay-audio"])
    """The R2 bucket. One stack manages it; other stacks share it by naming it."""
    extra_buckets: dict[valid.BucketName, groups.ExtraBucket] = Field({})
    """Further R2 buckets of a stack that manages storage, by name (see ExtraBucket)."""
    bucket_public_host: valid.Host | None = Field(None, examples=["pub-0123456789abcdef0123456789abcdef.r2.dev"])
    """Public host of the bucket (`pub-….r2.dev`), which Cloudflare chooses in its owner's first `up`."""
    storage_from: valid.StackName | None = None
    """Stack to take the bucket's keys from; both share a passphrase. Default, unless keys are set: the keys' maker."""
    storage_access_key_id: SecretStr | None = Field(None, min_length=16)
    """S3 access key id for the bucket."""
    storage_secret_access_key: valid.Secret | None = None
    """S3 secret access key for the bucket."""

    # Frontend
    pages_project: valid.PagesName = Field(examples=["relay"])
    """Name of the Cloudflare Pages project."""
    pages_host: valid.Host | None = Field(None, examples=["relay-4i6.pages.dev"])
    """Host of the Pages project (`….pages.dev`), which Cloudflare chooses in its owner's first `up`."""
    pages_build: groups.PagesBuild = groups.PagesBuild()
    """Build settings (see PagesBuild)."""
    pages_variables: dict[str, str] = Field({})
    """Further plain build variables, the same in previews and production."""
    pages_preview_variables: dict[str, str] = Field({})
    """Build variables of previews alone, which win over all others. At adoption, declare the real values."""
    pages_keep: frozenset[valid.PagesMember] = frozenset()
    """Members of the Pages project that `up` leaves as they are, as `source.config.owner`. `bin/adopt` lists those that
    differ and that no other setting declares."""
    production_branch: valid.Branch = "release"
    """Branch whose pushes deploy the frontend to production. A release moves it forward."""
    preview_branch: valid.Branch = "main"
    """Branch whose preview deployment is staging's frontend. A deployment of staging moves it forward."""
    preview_stack: str | None = None
    """The stack whose API the Pages previews use. Production never serves previews; another stack may serve its own."""
    frontend_url_override: valid.WebUrl | None = Field(None, alias="frontendUrl")
    """URL users see, on a custom domain. Default: from `domains.frontend`, else from `pagesHost`."""

    # Domains
    domains: Domains = Domains()
    """The team's own domain names (see Domains)."""
    former_domains: Names = Names()
    """Names that the stack serves until users have moved to those of `domains` (see Names)."""

    # Delivery
    main_branch: valid.Branch = "main"
    """Branch whose pushes deploy the backend to staging."""
    release_tags: valid.TagPattern = "v*"
    """Pattern of the release tags that deploy to production."""
    github_scope: Literal["environment", "repository"] = "environment"
    """Place of secrets and variables. `repository`, for private code on the free plan, adds the stack: NAME_STAGING."""
    github_environment: valid.EnvironmentName | None = None
    """GitHub environment. Default: the stack's name."""
    approval: groups.Approval = groups.Approval()
    """Rules of a deployment from the GitHub environment (see Approval)."""
    fly_deploy_token: valid.Secret | None = None
    """Fly deploy token that GitHub deploys with; a person makes it once the app exists."""
    github_secrets: dict[valid.SecretName, valid.Secret] = Field({})
    """Further secrets for GitHub: `pulumi config set --secret --path`."""
    github_secret_aliases: dict[valid.SecretName, valid.SecretName] = Field({})
    """Further secrets for GitHub: each name, with the name of the Fly app's secret whose value it has."""
    github_variables: dict[valid.SecretName, valid.Text] = Field({})
    """Further variables for GitHub."""
    neon_restore_key: valid.Secret | None = None
    """Neon key for restore points of releases; in an organization, scoped to the project. Without it there are none."""
