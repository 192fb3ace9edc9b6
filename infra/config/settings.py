"""Derive facts for a stack's parts from its own keys and from the other stacks' files."""

from infra import application
from infra.config import validators as valid
from infra.config.keys import Keys, Part
from infra.config.tiers import TIERS


class Settings(Keys):
    """The configuration of one stack, checked as a whole before any resource is touched.

    The fields declared here are facts of the run and of the stack files, not configuration keys. A property derives a
    fact from several keys.
    """

    stack: valid.StackName
    """The stack's name."""
    own_keys: frozenset[str] = frozenset()
    """Keys that the stack's own file sets."""
    preview_api_url: str | None = None
    """API URL of `previewStack`."""
    bucket_origins: tuple[str, ...] = ()
    """Origins of every frontend of the bucket; `{pagesHost}` stands for a host that Cloudflare chooses in this `up`."""
    bucket_domain: str | None = None
    """`domains.audio` of the stack that manages the bucket."""

    @property
    def environment(self) -> str:
        """The environment's name in Logfire and GitHub: `development` for stack `dev`, else the stack's own."""
        return "development" if self.tier == "development" else self.stack

    @property
    def has_api(self) -> bool:
        """Whether the configuration names the API. Outside development, a rule requires that."""
        return bool(self.fly_app or self.api_url_override)

    @property
    def api_url(self) -> str:
        """The URL of the API, without a trailing slash."""
        if self.tier == "development" and not self.has_api:
            return application.LOCAL_API_URL
        return self.api_url_override or f"https://{self.domains.api or f'{self.fly_app}.fly.dev'}"

    @property
    def frontend_url(self) -> str | None:
        """The URL where a user lands after signing in, without a trailing slash; None while `pagesHost` is missing."""
        own = self.domains.frontend
        return self.frontend_url_override or (f"https://{own}" if own else self.pages_url)

    @property
    def pages_url(self) -> str | None:
        """The address that Pages gives the frontend of this stack; None while `pagesHost` is missing."""
        return {
            "laptop": application.LOCAL_FRONTEND_URL,
            "preview": self.preview_frontend_url,
            "production": f"https://{self.pages_host}" if self.pages_host else None,
        }["production" if self.manages("frontend") else TIERS[self.tier].frontend]

    @property
    def preview_frontend_url(self) -> str | None:
        """The preview deployment of `previewBranch`; None while `pagesHost` is missing."""
        return f"https://{valid.branch_alias(self.preview_branch)}.{self.pages_host}" if self.pages_host else None

    @property
    def audio_host(self) -> str | None:
        """The host that serves the bucket's objects; None while no stack file names it."""
        return self.bucket_domain or self.bucket_public_host

    @property
    def github_environment_name(self) -> str:
        """The GitHub environment this stack provisions."""
        return self.github_environment or self.stack

    def github_name(self, name: str) -> str:
        """Return a secret's or variable's name in GitHub; in the scope `repository` it ends with the stack's name."""
        return name if self.github_scope == "environment" else f"{name}_{self.stack.upper().replace('-', '_')}"

    @property
    def previews_may_call(self) -> bool:
        """Whether the API answers every preview of the Pages project."""
        return TIERS[self.tier].previews_may_call

    @property
    def suspend_seconds(self) -> int:
        """Idle time after which Neon suspends the compute; 0: never. The free plan always suspends, after 300 s."""
        by_tier = TIERS[self.tier].suspend_seconds if self.neon_plan != "free" else 300
        return by_tier if self.neon_compute.suspend_seconds is None else self.neon_compute.suspend_seconds

    @property
    def mints_storage_token(self) -> bool:
        """Whether this stack makes the bucket's keys: the configuration gives none, and the adopted app keeps none."""
        given = self.storage_access_key_id or application.STORAGE_KEYS[0] in self.adopt.keep
        return self.manages("storage") and not given

    @property
    def deploys_on(self) -> str:
        """The event on which the workflow of `bin/handoff` deploys the backend; empty for a laptop."""
        return TIERS[self.tier].deploys_on.format(main_branch=self.main_branch, release_tags=self.release_tags)

    def manages(self, part: Part) -> bool:
        """Whether this stack owns the part."""
        return part in self.manage
