"""The backend on Fly.io: the app and its secrets. Deploying code into it is the application's own work."""

import pulumi

from infra import application
from infra.config.rotation import DEPLOY_TOKEN, newest, secret_slots
from infra.config.settings import Settings
from infra.parts.keys import UNKNOWN_FINGERPRINT, fingerprint, oauth_key, random_key
from infra.parts.storage_keys import StorageKeys
from infra.parts.values import app_secrets
from infra.providers.fly.resources import App, DeployToken, Secrets


class Backend(pulumi.ComponentResource):
    """A Fly app with every secret the backend needs.

    Attributes:
        staged: Names of secrets that are set but not live yet, when last looked at.
        foreign: Names of secrets on the app that nobody here manages or keeps.
        deploy_token: A minted deploy token, a secret; None unless `mintDeployToken`.
        oauth_key_fingerprint: See `infra.parts.keys.fingerprint`; `unknown` where the key is kept.
    """

    def __init__(
        self, settings: Settings, *, database_url: pulumi.Output[str] | None, storage_keys: StorageKeys | None
    ) -> None:
        super().__init__("relay:infra:Backend", "backend")
        if settings.fly_app is None:  # a rule of the configuration; here for the type checker
            raise pulumi.RunError("flyApp is missing")
        child = pulumi.ResourceOptions(parent=self)
        keep = settings.adopt.keep
        key = None if application.OAUTH_KEY in keep else oauth_key(settings, child)
        self.oauth_key_fingerprint = fingerprint(key) if key else UNKNOWN_FINGERPRINT
        values = app_secrets(settings, application.secrets(settings, database_url, storage_keys, key))

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
            slots=secret_slots(settings),
            rollout=settings.rollout,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[app]),
        )
        self.deploy_token = _deploy_token(settings, app, child) if settings.mint_deploy_token else None
        self.staged = secrets.staged
        self.foreign = secrets.foreign
        self.register_outputs({"hostname": app.hostname, "staged": self.staged, "foreign": self.foreign})


def _deploy_token(settings: Settings, app: App, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Mint a deploy token in each slot that is in use, and return the current one."""
    minted = [
        DeployToken(
            name,
            app=app.name,
            organization=settings.fly_organization,
            prefix=f"{pulumi.get_project()}-{settings.stack}",
            rotation=slot,
            expiry_hours=settings.deploy_token_hours,
            opts=opts,
        )
        for name, slot in zip(DEPLOY_TOKEN.names(settings), DEPLOY_TOKEN.slots(settings), strict=True)
    ]
    return newest([token.token for token in minted])
