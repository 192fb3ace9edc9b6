"""Make the backend on Fly.io: the app and its secrets. The application deploys its own code into it."""

from typing import Any

import pulumi

from infra import application
from infra.config.rotation import DEPLOY_TOKEN, OAUTH_KEY, STORAGE_TOKEN, storage_slots
from infra.config.settings import Settings
from infra.parts.keys import oauth_key, random_key
from infra.parts.storage_keys import StorageKeys
from infra.parts.values import app_secrets
from infra.providers.fly.resources import App, DeployToken, Secrets


class Backend(pulumi.ComponentResource):
    """A Fly app with every secret that the backend needs.

    Attributes:
        managed: Names of the secrets that Pulumi writes.
        staged: Names of secrets that are set but not live, when Pulumi last read them.
        deploy_token: A minted deploy token, a secret; None unless `mintDeployToken`.
        outputs: The stack's outputs of this part.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        database_url: pulumi.Output[str] | None,
        storage_keys: StorageKeys | None,
        frontend_url: pulumi.Output[str] | None = None,
    ) -> None:
        super().__init__("relay:infra:Backend", "backend")
        if settings.fly_app is None:  # a rule of the configuration; here for the type checker
            raise pulumi.RunError("flyApp is missing")
        child = pulumi.ResourceOptions(parent=self)
        keep = settings.adopt.keep
        key = None if keep.issuperset(OAUTH_KEY.secrets) else oauth_key(settings, child)
        values = app_secrets(settings, application.secrets(settings, database_url, storage_keys, key, frontend_url))
        app = App(
            "fly-app",
            name=settings.fly_app,
            organization=settings.fly_organization,
            adopt=settings.adopt.fly_app is not None,
            managed_secrets=sorted(values),
            opts=child,
        )
        secrets = Secrets(
            "fly-secrets",
            app=app.name,
            organization=settings.fly_organization,
            values=values,
            keep=sorted(keep),
            digest_key=random_key("digest-key", child),
            adopted=app.adopted,
            slots=_slots(settings),
            rollout=settings.rollout,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[app]),
        )
        self.deploy_token = _deploy_token(settings, app, child) if settings.mint_deploy_token else None
        self.managed, self.staged = frozenset(values), secrets.staged
        plain = application.plain_settings(settings)
        self.outputs: dict[str, Any] = {"flyApp": settings.fly_app, "flyRegion": settings.fly_region, "flyEnv": plain}
        self.register_outputs({})


def _slots(settings: Settings) -> dict[str, list[int]]:
    """Return the tokens that made the present values of the bucket's secrets, and the ones before them."""
    slots = list(storage_slots(settings))
    return dict.fromkeys(STORAGE_TOKEN.secrets, slots) if slots else {}


def _deploy_token(settings: Settings, app: App, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Mint a deploy token; Pulumi revokes the one of an earlier rotation after GitHub has the new one."""
    return DeployToken(
        DEPLOY_TOKEN.resource,
        app=app.name,
        organization=settings.fly_organization,
        prefix=f"{pulumi.get_project()}-{settings.stack}",
        rotation=DEPLOY_TOKEN.counter(settings),
        expiry_hours=settings.deploy_token_hours,
        opts=opts,
    ).token
