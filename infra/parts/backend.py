"""Make the backend on Fly.io: the app and its secrets, and further apps. The application deploys its own code."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import pulumi

from infra import application
from infra.config.rotation import DEPLOY_TOKEN, OAUTH_KEY, STORAGE_TOKEN, storage_slots
from infra.config.settings import Settings
from infra.parts.keys import oauth_key, random_key
from infra.parts.storage_keys import StorageKeys
from infra.parts.values import aliased, app_secrets, inputs_of
from infra.providers.fly.resources import App, DeployToken, Secrets


class FlyApp(NamedTuple):
    """A Fly app of the stack.

    Attributes:
        name: The app's name; an output, so that a user of it waits for the app.
        managed: Names of the secrets that Pulumi writes.
        staged: Names of secrets that were set and not live when Pulumi last read them.
    """

    name: pulumi.Output[str]
    managed: frozenset[str]
    staged: pulumi.Output[list[str]]


class Backend(pulumi.ComponentResource):
    """A Fly app with every secret that the backend needs, and the further apps that the settings name.

    Attributes:
        values: The backend's secrets, by name.
        apps: The Fly apps by name, the backend's own first.
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
        backend = str(settings.fly_app)  # a rule requires it
        child = pulumi.ResourceOptions(parent=self)
        keep, adopt = settings.adopt.keep, settings.adopt
        key = None if keep.issuperset(OAUTH_KEY.secrets) else oauth_key(settings, child)
        self.values = app_secrets(
            settings, application.secrets(settings, database_url, storage_keys, key, frontend_url)
        )
        self._settings, self._digest_key = settings, random_key("digest-key", child)
        rotating = {name: name for name in STORAGE_TOKEN.secrets}
        own = self._app(backend, self.values, rotating, keep=keep, adopt=adopt.fly_app is not None)
        self.apps = {backend: own}
        for name, further in sorted(settings.apps.items()):
            values = inputs_of(further.extra_secrets) | aliased(self.values, further.secret_aliases)
            self.apps[name] = self._app(name, values, further.secret_aliases, adopt=name in adopt.apps)
        self.deploy_token = _deploy_token(settings, own.name, child) if settings.mint_deploy_token else None
        plain = application.plain_settings(settings)
        self.outputs: dict[str, Any] = {"flyApp": backend, "flyRegion": settings.fly_region, "flyEnv": plain}
        self.register_outputs({})

    def _app(
        self,
        name: str,
        values: Mapping[str, pulumi.Input[str]],
        sources: Mapping[str, str],
        *,
        adopt: bool,
        keep: Collection[str] = (),
    ) -> FlyApp:
        """Declare an app and its secrets.

        Args:
            name: The app's name.
            values: Its secrets.
            sources: Secrets of this app, each with the backend's name for its value.
            adopt: Whether the app exists already.
            keep: Existing secrets that stay.
        """
        settings, opts = self._settings, pulumi.ResourceOptions(parent=self)
        suffix = "" if name == settings.fly_app else f"-{name}"
        org, names = settings.fly_organization, sorted(values)
        app = App(f"fly-app{suffix}", name=name, organization=org, adopt=adopt, managed_secrets=names, opts=opts)
        slots = list(storage_slots(settings))
        secrets = Secrets(
            f"fly-secrets{suffix}",
            app=app.name,
            organization=org,
            values=values,
            keep=sorted(keep),
            digest_key=self._digest_key,
            adopted=app.adopted,
            slots={key: slots for key, source in sources.items() if slots and source in STORAGE_TOKEN.secrets},
            rollout=settings.rollout,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[app])),
        )
        return FlyApp(app.name, frozenset(values), secrets.staged)


def _deploy_token(settings: Settings, app: pulumi.Output[str], opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Mint a deploy token. Pulumi revokes an earlier rotation's token after GitHub has the new token."""
    return DeployToken(
        DEPLOY_TOKEN.resource,
        app=app,
        organization=settings.fly_organization,
        prefix=f"{pulumi.get_project()}-{settings.stack}",
        rotation=DEPLOY_TOKEN.counter(settings),
        expiry_hours=settings.deploy_token_hours,
        opts=opts,
    ).token
