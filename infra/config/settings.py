"""Define the configuration of one stack: every key that `Pulumi.yaml` or `Pulumi.<stack>.yaml` may set.

A field's name in camelCase is its key, and the text below a field its description. `infra.config.load` reads them.
A property derives a fact from several keys, so that nobody configures it twice.
"""

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from infra.application import LOCAL_API_URL, LOCAL_FRONTEND_URL, STORAGE_KEYS
from infra.config.groups import Adopt, Frozen, PagesBuild, Retire, Rotate
from infra.config.tiers import TIERS, Tier
from infra.config.validators import AppName, EnvironmentName, Host, SecretName, WebUrl

Part = Literal["storage", "database", "backend", "frontend", "delivery"]

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]
_Secret = Annotated[SecretStr, Field(min_length=1)]  # a pipe into `pulumi config set` may bring nothing

NEON_HISTORY_LIMITS = {"free": 21_600, "launch": 604_800, "scale": 2_592_000}
"""Longest history retention of each Neon plan, in seconds (Neon's plans page, 2026-03)."""


class Settings(Frozen):
    """The configuration of one stack, checked as a whole before any resource is touched."""

    stack: _Text = Field(exclude=True)
    """The stack's name; not a configuration key."""

    # Kind of stack
    tier: Tier = Field(examples=["staging"])
    """The policy of protection and delivery: development, staging or production."""
    manage: frozenset[Part] = Field(examples=[["database"]])
    """The parts this stack owns. Production can be taken over one part at a time."""
    adopt: Adopt = Adopt()
    """Existing resources that this stack takes over (see Adopt)."""
    unprotect: bool = False
    """Lifts protection: set true and run `pulumi up`, and Pulumi may destroy the stack's own resources."""

    # Accounts
    fly_organization: _Text = Field(examples=["personal"])
    """Fly.io organization, by slug."""
    cloudflare_account_id: str = Field(pattern=r"^[0-9a-f]{32}$", examples=["0123456789abcdef0123456789abcdef"])
    """Cloudflare account id, 32 hexadecimal digits."""
    github_owner: _Text = Field(examples=["relay-music"])
    """GitHub user or organization that owns the repository."""
    github_repository: _Text = Field(examples=["relay"])
    """Repository that holds the application and deploys it."""
    neon_organization_id: str | None = None
    """Neon organization (`org-…`); needed with a personal API key that sees several."""

    # Database
    neon_project: _Text = Field(examples=["relay-staging"])
    """Name of this environment's Neon project."""
    neon_region: str = Field(pattern=r"^(aws|azure)-[a-z0-9-]+$", examples=["aws-us-east-1"])
    """Neon region id; a change would replace the database."""
    neon_plan: Literal["free", "launch", "scale"] = "free"
    """Neon plan, whose limits this program checks."""
    postgres_version: int = Field(17, ge=14, le=18)
    """Major version of Postgres; a change would replace it."""
    history_retention_seconds: int = Field(21_600, ge=0)
    """How far back the database can be restored, in seconds. Free plan: at most 21600 (6 h)."""
    default_branch_protected: bool = False
    """Whether Neon protects the default branch (paid plans). At adoption, declare the real value."""

    # Backend
    fly_app: AppName | None = None
    """Name of the Fly app, unique in all of Fly.io."""
    fly_region: str = Field(pattern=r"^[a-z]{3}$", examples=["iad"])
    """Fly.io region, three letters."""
    api_url_override: WebUrl | None = Field(None, alias="apiUrl")
    """URL of the API on a custom domain. Default: https://APP.fly.dev."""
    atproto_namespace: str = Field("app.relay", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
    """Production's record namespace; every other environment gets `-<stack>` appended."""
    rollout: bool = False
    """Restart machines when secrets change. Default: stage them for the next deploy."""
    extra_secrets: dict[SecretName, _Secret] = Field({})
    """A team's own secrets for the Fly app: `pulumi config set --secret --path`."""
    logfire_token: _Secret | None = None
    """Logfire write token. Without one Logfire is switched off."""

    mint_deploy_token: bool = False
    """Mint the deploy token here instead of taking `flyDeployToken`; needs a personal Fly token."""
    deploy_token_hours: int = Field(8760, ge=24)
    """How long a minted deploy token lives, in hours; counts from the next rotation on."""
    rotate: Rotate = Rotate()
    """Keys and tokens to replace (see Rotate)."""
    retire: Retire = Retire()
    """Older tokens to revoke (see Retire)."""

    # Storage
    bucket: _BucketName = Field(examples=["relay-audio"])
    """The R2 bucket all environments share."""
    extra_buckets: frozenset[_BucketName] = frozenset()
    """Further R2 buckets that the owner of the storage provisions, private, by name."""
    bucket_public_host: Host = Field(examples=["pub-0123456789abcdef0123456789abcdef.r2.dev"])
    """Public host of the bucket (`pub-….r2.dev`)."""
    storage_from: str | None = None
    """Stack to take the bucket's keys from, instead of configuring them; both share a passphrase."""
    storage_access_key_id: SecretStr | None = Field(None, min_length=16)
    """S3 access key id for the bucket."""
    storage_secret_access_key: _Secret | None = None
    """S3 secret access key for the bucket."""

    # Frontend
    pages_project: _Text = Field(examples=["relay"])
    """Name of the Cloudflare Pages project."""
    pages_host: Host = Field(examples=["relay-4i6.pages.dev"])
    """Host that Cloudflare gave the Pages project (`….pages.dev`)."""
    pages_build: PagesBuild = PagesBuild()
    """Build settings (see PagesBuild)."""
    pages_variables: dict[str, str] = Field({})
    """Further plain build variables, the same in previews and production."""
    production_branch: _Text = "main"
    """Branch whose pushes deploy the frontend to production."""
    preview_branch: _Text = "staging"
    """Branch whose preview deployment is staging's frontend."""
    preview_stack: str | None = None
    """The stack whose API the Pages previews use. Never the one that owns the project."""
    frontend_url_override: WebUrl | None = Field(None, alias="frontendUrl")
    """URL users see, on a custom domain. Default: from `pagesHost`."""

    # Delivery
    main_branch: _Text = "main"
    """Branch whose pushes deploy the backend to staging."""
    release_tags: _Text = "v*"
    """Pattern of the release tags that deploy to production."""
    github_scope: Literal["environment", "repository"] = "environment"
    """Where secrets and variables go. `repository` (private repositories on the free plan have no environments)
    appends the stack to each name: FLY_API_TOKEN_STAGING."""
    github_environment: EnvironmentName | None = None
    """GitHub environment. Default: the stack's name."""
    reviewers: frozenset[int] = Field(frozenset(), max_length=6)
    """GitHub user ids who must approve a deployment; at most six."""
    fly_deploy_token: _Secret | None = None
    """Fly deploy token that GitHub deploys with; a person makes it once the app exists."""
    neon_restore_key: _Secret | None = None
    """Neon API key with which a release takes a restore point of the database before it deploys. Project-scoped where
    the account is an organization. Without one no restore point is taken."""

    # Facts of other stacks, from their files. No configuration keys.
    preview_api_url: str | None = Field(None, exclude=True)
    """API URL of `previewStack`."""

    @property
    def environment(self) -> str:
        """The environment's name in Logfire and GitHub: `development` for stack `dev`, else the stack's own."""
        return "development" if self.tier == "development" else self.stack

    @property
    def api_url(self) -> str:
        """Where the API answers, without a trailing slash."""
        return self.api_url_override or (f"https://{self.fly_app}.fly.dev" if self.fly_app else LOCAL_API_URL)

    @property
    def frontend_url(self) -> str:
        """Where a user lands after signing in, without a trailing slash."""
        by_kind = {
            "laptop": LOCAL_FRONTEND_URL,
            "preview": self.preview_frontend_url,
            "production": f"https://{self.pages_host}",
        }
        return self.frontend_url_override or by_kind[TIERS[self.tier].frontend]

    @property
    def preview_frontend_url(self) -> str:
        """The preview deployment that is staging's frontend."""
        return f"https://{branch_alias(self.preview_branch)}.{self.pages_host}"

    @property
    def github_environment_name(self) -> str:
        """The GitHub environment this stack provisions."""
        return self.github_environment or self.stack

    def github_name(self, name: str) -> str:
        """Return the name a secret or variable has in GitHub; among a repository's own, the stack's is part of it."""
        return name if self.github_scope == "environment" else f"{name}_{self.stack.upper().replace('-', '_')}"

    @property
    def mints_storage_token(self) -> bool:
        """Whether this stack makes the bucket's keys, rather than being given them or keeping them."""
        return self.manages("storage") and not (self.storage_access_key_id or STORAGE_KEYS[0] in self.adopt.keep)

    @property
    def deploys_on(self) -> str:
        """The event that deploys the backend; empty where nothing is deployed."""
        return TIERS[self.tier].deploys_on.format(main_branch=self.main_branch, release_tags=self.release_tags)

    def manages(self, part: Part) -> bool:
        """Whether this stack owns the part."""
        return part in self.manage


def branch_alias(branch: str) -> str:
    """Return the alias Cloudflare Pages gives a branch's preview: lower case, other characters as hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")[:28].rstrip("-")
