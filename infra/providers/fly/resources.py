"""Fly.io's apps, secrets and deploy tokens as Pulumi resources.

The three provider classes are written into every state as references to this module's path, so module and class names
are frozen for ever. They hold no attributes: settings come as inputs, the token from the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import (
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from infra.providers.fly import app_secrets, apps, deploy_tokens, flyctl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Props = dict[str, Any]


class AppProvider(ResourceProvider):
    """Creates, adopts and destroys Fly apps; see `apps`."""

    # A reference to this class and nothing else: no secret, and a plan can show that it moved.
    serialize_as_secret_always = False

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Check the inputs; runs no flyctl."""
        return apps.check(olds, news)

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare; runs no flyctl."""
        return apps.diff(olds, news)

    def create(self, props: Props) -> CreateResult:
        """Create or adopt the app."""
        return apps.create(flyctl.shared(), props)

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look at the app."""
        return apps.read(flyctl.shared(), id_, props)

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Record the new settings; runs no flyctl."""
        return apps.update(olds, news)

    def delete(self, _id: str, props: Props) -> None:
        """Destroy the app, unless it was adopted."""
        apps.delete(flyctl.shared(), props)


class SecretsProvider(ResourceProvider):
    """Writes and removes the secrets of a Fly app; see `app_secrets`."""

    serialize_as_secret_always = False

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Check the inputs and add their digests; runs no flyctl."""
        return app_secrets.check(news)

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare by digests; runs no flyctl."""
        return app_secrets.diff(olds, news)

    def create(self, props: Props) -> CreateResult:
        """Write all secrets."""
        return app_secrets.create(flyctl.shared(), props)

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look for what somebody else changed."""
        return app_secrets.read(flyctl.shared(), id_, props)

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Write and remove what changed."""
        return app_secrets.update(flyctl.shared(), olds, news)

    def delete(self, _id: str, props: Props) -> None:
        """Remove the managed secrets, unless the app was adopted."""
        app_secrets.delete(flyctl.shared(), props)


class DeployTokenProvider(ResourceProvider):
    """Mints and revokes deploy tokens of a Fly app; see `deploy_tokens`."""

    serialize_as_secret_always = False

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Check the inputs; runs no flyctl."""
        return deploy_tokens.check(news)

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare; runs no flyctl."""
        return deploy_tokens.diff(olds, news)

    def create(self, props: Props) -> CreateResult:
        """Mint the token."""
        return deploy_tokens.create(flyctl.shared(), props)

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look whether the token still works."""
        return deploy_tokens.read(flyctl.shared(), id_, props)

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Rotate the token where that is asked for."""
        return deploy_tokens.update(flyctl.shared(), olds, news)

    def delete(self, _id: str, props: Props) -> None:
        """Revoke the token."""
        deploy_tokens.delete(flyctl.shared(), props)


class App(Resource, module="fly", name="App"):
    """A Fly app.

    Attributes:
        name: Its name.
        organization: Slug of its organization.
        hostname: `NAME.fly.dev`.
        adopted: Whether it existed before Pulumi, so that deleting it is refused.
    """

    name: pulumi.Output[str]
    organization: pulumi.Output[str]
    hostname: pulumi.Output[str]
    adopted: pulumi.Output[bool]

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        organization: str,
        adopt: bool,
        managed_secrets: Sequence[str],
        delete_adopted: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare an app.

        Args:
            resource_name: Pulumi's name for it.
            name: The app's name, unique in all of Fly.io. Another name is another app.
            organization: Slug of the organization it belongs to; never changed from here.
            adopt: The app exists and is to be taken over; otherwise it is to be created.
            managed_secrets: Names that are going to be written, and that an adopted app must not have yet.
            delete_adopted: Let an adopted app be destroyed; counts from the `up` after it was set.
            opts: Pulumi's options.
        """
        props: Props = {
            "name": name,
            "organization": organization,
            "adopt": adopt,
            "managed_secrets": sorted(managed_secrets),
            "delete_adopted": delete_adopted,
            "hostname": None,
            "adopted": None,
        }
        super().__init__(AppProvider(), resource_name, props, opts)


class Secrets(Resource, module="fly", name="Secrets"):
    """All secrets of a Fly app that this stack manages.

    Attributes:
        digests: Name → a keyed digest that changes with the value, or what somebody else did to the secret.
        staged: Managed names that machines do not have yet.
        foreign: Names on the app that are neither managed nor kept.
    """

    digests: pulumi.Output[dict[str, str]]
    staged: pulumi.Output[list[str]]
    foreign: pulumi.Output[list[str]]

    def __init__(
        self,
        resource_name: str,
        *,
        app: pulumi.Input[str],
        values: Mapping[str, pulumi.Input[str]],
        keep: Sequence[str],
        digest_key: pulumi.Input[str],
        adopted: pulumi.Input[bool],
        rollout: bool = False,
        delete_adopted: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare an app's secrets.

        Args:
            resource_name: Pulumi's name for them.
            app: The app's name.
            values: Name → value; each is made a secret.
            keep: Names that must exist and are never written.
            digest_key: Base64 of 32 random bytes, the same in every run; made a secret.
            adopted: Whether the app existed before Pulumi, so that removing its secrets is refused.
            rollout: Restart the machines with each change, rather than stage it for the next deployment.
            delete_adopted: Let the managed secrets of an adopted app be removed; counts from the `up` after it was set.
            opts: Pulumi's options.
        """
        props: Props = {
            "app": app,
            "values": {name: pulumi.Output.secret(value) for name, value in values.items()},
            "keep": sorted(keep),
            "digest_key": pulumi.Output.secret(digest_key),
            "adopted": adopted,
            "rollout": rollout,
            "delete_adopted": delete_adopted,
            "digests": None,
            "staged": None,
            "foreign": None,
        }
        super().__init__(SecretsProvider(), resource_name, props, opts)


class DeployToken(Resource, module="fly", name="DeployToken"):
    """A token that may deploy one Fly app.

    Attributes:
        token: The token, a secret.
        token_id: What `flyctl tokens revoke` takes.
        token_name: Its name in `flyctl tokens list`.
        expires_at: When it ends, in ISO 8601; empty for never.
    """

    token: pulumi.Output[str]
    token_id: pulumi.Output[str]
    token_name: pulumi.Output[str]
    expires_at: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        app: pulumi.Input[str],
        prefix: str,
        rotation: int = 0,
        expiry_hours: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a deploy token.

        Args:
            resource_name: Pulumi's name for it.
            app: The app's name.
            prefix: Begins the token's name and belongs to this resource alone; project and stack, as a rule.
            rotation: Another number mints a new token and revokes the old one.
            expiry_hours: Hours until it ends; a change mints a new token, too.
            opts: Pulumi's options.
        """
        props: Props = {
            "app": app,
            "prefix": prefix,
            "rotation": rotation,
            "expiry_hours": expiry_hours,
            "token": None,
            "token_id": None,
            "token_name": None,
            "expires_at": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(DeployTokenProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))
