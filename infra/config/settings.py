"""One stack's typed configuration: every key that may stand in `Pulumi.yaml` or `Pulumi.<stack>.yaml`.

The names of the fields, in camelCase, are the configuration keys. `infra.config.load` reads them.
What follows from them (URLs, client id, CORS) is a property here, so that no fact is typed twice.
The text below a field is its description: `ops.docs.__main__.described` reads it.
"""

import re
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from infra.config.validators import AppName, EnvironmentName, Host, SecretName, WebUrl

Part = Literal["storage", "database", "backend", "frontend", "delivery"]
Tier = Literal["development", "staging", "production"]

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]
_Secret = Annotated[SecretStr, Field(min_length=1)]  # a pipe into `pulumi config set` may bring nothing

NEON_HISTORY_LIMITS = {"free": 21_600, "launch": 604_800, "scale": 2_592_000}
"""Longest history retention of each Neon plan, in seconds (Neon's plans page, 2026-03)."""

LOCAL_API_URL = "http://localhost:8000"
LOCAL_FRONTEND_URL = "http://localhost:5173"


class _Frozen(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


class Adopt(_Frozen):
    """What exists already and is taken over rather than created, by the id its cloud gave it.

    Importing an absent id is an error, so an account that has none of it has no `adopt` key at all.
    """

    neon_project: str | None = Field(None, pattern=r"^[a-z0-9-]+$")
    """Id of the Neon project (as in its console URL). Neon accepts a name twice, so only the id tells."""
    pages_project: str | None = None
    """Name of the Cloudflare Pages project."""
    bucket: str | None = None
    """Name of the R2 bucket."""
    extra_buckets: frozenset[str] = frozenset()
    """Those of `extraBuckets` that exist already."""
    fly_app: str | None = None
    """Name of the Fly app."""
    keep: frozenset[SecretName] = frozenset()
    """Secrets on the adopted Fly app that must exist and are never written."""
    github_environment: str | None = None
    """Name of the GitHub environment; unset, one of that name is overwritten with the rules here."""
    github_deployment_policy: int | None = None
    """Id of that environment's deployment branch or tag policy, where it has the one wanted here."""
    github_variables: frozenset[str] = frozenset()
    """Variables that environment has already: GitHub refuses to create them again."""


class PagesBuild(_Frozen):
    """How Cloudflare Pages builds the frontend. Every member is sent: an undeclared one would drift."""

    command: str = "npm run build"
    """Build command."""
    root_dir: str = "frontend"
    """Folder of the repository the command runs in."""
    output_dir: str = "build"
    """Folder, below the root, that is published."""
    caching: bool = True
    """Keep dependencies between builds."""
    image_version: int = Field(3, ge=2, le=3)
    """Major version of Cloudflare's build image."""


class Rotate(_Frozen):
    """Counters of rotations: one higher makes a new key or token and sets it, beside the old one, which still works."""

    oauth_key: int = Field(0, ge=0)
    """Counter of the OAuth key. A new one, once live, logs everybody out."""
    storage_token: int = Field(0, ge=0)
    """Counter of the bucket's token."""
    deploy_token: int = Field(0, ge=0)
    """Counter of the minted deploy token."""


class Retire(_Frozen):
    """The same counters, following: what is below is revoked. Refused while a machine may use it."""

    oauth_key: int = Field(0, ge=0)
    """OAuth keys made before this number of rotations are forgotten."""
    storage_token: int = Field(0, ge=0)
    """Tokens of the bucket made before this number are revoked."""
    deploy_token: int = Field(0, ge=0)
    """Deploy tokens made before this number are revoked."""
    confirmed: dict[str, int] = {}
    """Other stacks that use the bucket's keys, each with the number of the rotation it is live with."""


class Settings(_Frozen):
    """The configuration of one stack, checked as a whole before any resource is touched."""

    stack: _Text = Field(exclude=True)
    """The stack's name; not a configuration key."""

    # What this stack is
    tier: Tier = Field(examples=["staging"])
    """Which policy of protection and delivery holds: development, staging or production."""
    manage: frozenset[Part] = Field(examples=[["database"]])
    """The parts this stack owns. Production can be taken over one part at a time."""
    adopt: Adopt = Adopt()
    """What exists already and is taken over (see Adopt)."""
    unprotect: bool = False
    """The one escape from protection: set true, run `pulumi up`, and the stack's own can be destroyed."""

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
    """Neon plan, for its limits."""
    postgres_version: int = Field(17, ge=14, le=18)
    """Major version of Postgres; a change would replace it."""
    history_retention_seconds: int = Field(21_600, ge=0)
    """How far back the database can be restored, in seconds. Free plan: at most 21600 (6 h)."""
    default_branch_protected: bool = False
    """Whether Neon protects the default branch (paid plans). Declare what is real at adoption."""

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
    extra_secrets: dict[SecretName, _Secret] = {}
    """A team's own secrets for the Fly app: `pulumi config set --secret --path`."""
    logfire_token: _Secret | None = None
    """Logfire write token. Without one Logfire is switched off."""

    mint_deploy_token: bool = False
    """Mint the deploy token here instead of taking `flyDeployToken`; needs a personal Fly token."""
    deploy_token_hours: int = Field(8760, ge=24)
    """How long a minted deploy token lives, in hours; counts from the next rotation on."""
    rotate: Rotate = Rotate()
    """What to make anew (see Rotate)."""
    retire: Retire = Retire()
    """What of the old to revoke (see Retire)."""

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
    pages_variables: dict[str, str] = {}
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
    """Fly deploy token that GitHub deploys with; made after the app exists."""
    neon_restore_key: _Secret | None = None
    """Neon API key with which a release takes a restore point of the database before it deploys. Project-scoped where
    the account is an organization. Without one no restore point is taken."""

    # Facts of other stacks, read from their files, not from this stack's configuration.
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
        by_tier = {
            "development": LOCAL_FRONTEND_URL,
            "staging": self.preview_frontend_url,
            "production": f"https://{self.pages_host}",
        }
        return self.frontend_url_override or by_tier[self.tier]

    @property
    def preview_frontend_url(self) -> str:
        """The preview deployment that is staging's frontend."""
        return f"https://{branch_alias(self.preview_branch)}.{self.pages_host}"

    @property
    def cors_origin_regex(self) -> str:
        """Origins that may call the API, as a regular expression for the whole of an origin.

        Production answers its own frontend alone: a preview that reached it would be a mix-up. Elsewhere every
        preview deployment matches, by its branch alias (hyphens and all) or its hash.
        """
        own = re.escape(self.frontend_url)
        if self.tier == "staging":
            preview = rf"https://[a-z0-9-]+\.{re.escape(self.pages_host)}"
            return f"^({own}|{preview})$"
        return f"^{own}$"

    @property
    def atproto_client_id(self) -> str:
        """The OAuth client id: the URL of the client's metadata; on a laptop, AT Protocol's loopback client."""
        if self.tier == "development":
            return f"http://localhost?redirect_uri={quote(self.atproto_redirect_uri, safe='')}"
        return f"{self.api_url}/client-metadata.json"

    @property
    def atproto_redirect_uri(self) -> str:
        """The OAuth redirect URI. AT Protocol's loopback clients must name 127.0.0.1, not localhost."""
        base = LOCAL_API_URL.replace("localhost", "127.0.0.1") if self.tier == "development" else self.api_url
        return f"{base}/auth/callback"

    @property
    def app_namespace(self) -> str | None:
        """The record namespace to set; None in production, whose backend has it as its default."""
        return None if self.tier == "production" else f"{self.atproto_namespace}-{self.stack}"

    @property
    def github_environment_name(self) -> str:
        """The GitHub environment this stack provisions."""
        return self.github_environment or self.stack

    def github_name(self, name: str) -> str:
        """Return the name a secret or variable has in GitHub; among a repository's own, the stack's is part of it."""
        return name if self.github_scope == "environment" else f"{name}_{self.stack.upper().replace('-', '_')}"

    @property
    def plain_settings(self) -> dict[str, str]:
        """What the backend needs beside its secrets: the `[env]` of its fly file."""
        return {
            "STORAGE_BACKEND": "r2",  # anything else silently means the machine's own disk
            "R2_BUCKET": self.bucket,
            # A function of the account id (Cloudflare's R2 documentation).
            "R2_ENDPOINT_URL": f"https://{self.cloudflare_account_id}.r2.cloudflarestorage.com",
            "R2_PUBLIC_BUCKET_URL": f"https://{self.bucket_public_host}",
        }

    @property
    def mints_storage_token(self) -> bool:
        """Whether this stack makes the bucket's keys, rather than being given them or keeping them."""
        return self.manages("storage") and not (self.storage_access_key_id or "AWS_ACCESS_KEY_ID" in self.adopt.keep)

    def manages(self, part: Part) -> bool:
        """Whether this stack owns the part."""
        return part in self.manage


def branch_alias(branch: str) -> str:
    """Return the alias Cloudflare Pages gives a branch's preview: lower case, other characters as hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")[:28].rstrip("-")
