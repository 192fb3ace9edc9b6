"""Fly.io's apps, secrets and deploy tokens as Pulumi resources.

Every state holds references to the three provider classes by this module's path: module and class names are frozen for
ever. So is that they have no attributes, which would be stored with them: settings are inputs, the token is in the
environment.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi.dynamic import Resource

from infra.providers.fly.app_secrets import AppSecrets
from infra.providers.fly.apps import Apps
from infra.providers.fly.deploy_tokens import OUTPUTS, DeployTokens


class AppProvider(Apps):
    """Provider of `App`."""


class SecretsProvider(AppSecrets):
    """Provider of `Secrets`."""


class DeployTokenProvider(DeployTokens):
    """Provider of `DeployToken`."""


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
        props = {
            "name": name,
            "organization": organization,
            "adopt": adopt,
            "managed_secrets": sorted(managed_secrets),
            "delete_adopted": delete_adopted,
            **dict.fromkeys(("hostname", "adopted")),
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
        organization: str | None = None,
        slots: Mapping[str, Sequence[int]] | None = None,
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
            digest_key: Url-safe base64 of 32 random bytes, the same in every run; made a secret.
            adopted: Whether the app existed before Pulumi, so that removing its secrets is refused.
            organization: Slug of the app's organization: without it, a token that sees neither is taken for a deleted
                app.
            slots: Name → numbers of the resources that made its present value and the ones before it. A number may
                only go once all machines have the present value.
            rollout: Restart the machines with each change, rather than stage it for the next deployment.
            delete_adopted: Let the managed secrets of an adopted app be removed; counts from the `up` after it was set.
            opts: Pulumi's options.
        """
        props = {
            "app": app,
            "organization": organization,
            "values": {name: pulumi.Output.secret(value) for name, value in values.items()},
            "keep": sorted(keep),
            "digest_key": pulumi.Output.secret(digest_key),
            "adopted": adopted,
            "slots": {name: list(numbers) for name, numbers in (slots or {}).items()},
            "rollout": rollout,
            "delete_adopted": delete_adopted,
            **dict.fromkeys(("digests", "staged", "foreign")),
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
        rotation: int,
        expiry_hours: int,
        organization: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a deploy token.

        Args:
            resource_name: Pulumi's name for it.
            app: The app's name.
            prefix: Begins the token's name; project and stack, as a rule.
            rotation: A number that, with this prefix, belongs to this resource alone; part of the token's name.
            expiry_hours: Hours until it ends; counts when a token is minted, and never touches one that was.
            organization: As for `Secrets`.
            opts: Pulumi's options.
        """
        props = {
            "app": app,
            "organization": organization,
            "prefix": prefix,
            "rotation": rotation,
            "expiry_hours": expiry_hours,
            **dict.fromkeys(OUTPUTS),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token"])
        super().__init__(DeployTokenProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))
