"""Fly.io's apps, secrets, deploy tokens and certificates as Pulumi resources.

Every state refers to the four provider classes by this module's path: module and class names are frozen. The classes
have no attributes, which the state would hold: settings are inputs, and the token is in the environment.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import Resource

from infra.providers.fly.app_secrets import AppSecrets
from infra.providers.fly.apps import Apps
from infra.providers.fly.certificate import Certificates
from infra.providers.fly.deploy_tokens import DeployTokens


class AppProvider(Apps):
    """Provider of `App`."""


class SecretsProvider(AppSecrets):
    """Provider of `Secrets`."""


class DeployTokenProvider(DeployTokens):
    """Provider of `DeployToken`."""


class CertificateProvider(Certificates):
    """Provider of `Certificate`."""


class AppInputs(TypedDict):
    """Inputs of an app.

    Attributes:
        name: The app's name, unique in all of Fly.io. Another name is another app.
        organization: Slug of the organization it belongs to; never changed from here.
        adopt: Whether to import an app that exists; otherwise Pulumi creates it.
        managed_secrets: Names of the secrets to write, which an adopted app must not have yet.
    """

    name: str
    organization: str
    adopt: bool
    managed_secrets: Sequence[str]


class App(Resource, module="fly", name="App"):
    """A Fly app.

    Attributes:
        name: Its name.
        organization: Slug of its organization.
        hostname: `NAME.fly.dev`.
        adopted: Whether it existed before Pulumi, so that deleting it is refused.
    """

    name: Output[str]
    organization: Output[str]
    hostname: Output[str]
    adopted: Output[bool]

    def __init__(self, pulumi_name: str, *, opts: ResourceOptions | None = None, **inputs: Unpack[AppInputs]) -> None:
        """Declare an app.

        Args:
            pulumi_name: Pulumi's name for it.
            opts: Pulumi's options.
            inputs: See `AppInputs`.
        """
        super().__init__(AppProvider(), pulumi_name, {**_outputs(App), **inputs}, opts)


class SecretsInputs(TypedDict):
    """Inputs of an app's secrets.

    Attributes:
        app: The app's name.
        values: Name → value. The state keeps every value as a secret; flyctl's errors may show those given as text.
        keep: Names that must exist and are never written.
        digest_key: Url-safe base64 of 32 random bytes, the same in every run; made a secret.
        adopted: Whether the app existed before Pulumi, so that removing its secrets is refused.
        organization: Slug of the app's organization, which tells a wrong token from a deleted app.
        slots: Name → numbers of the resources that made its present value and the values before. A number may go
            only once all machines have the present value.
        rollout: Restart the machines with each change, rather than stage it for the next deployment.
    """

    app: Input[str]
    values: Mapping[str, Input[str]]
    keep: Sequence[str]
    digest_key: Input[str]
    adopted: Input[bool]
    organization: str
    slots: Mapping[str, Sequence[int]]
    rollout: bool


class Secrets(Resource, module="fly", name="Secrets"):
    """All secrets of a Fly app that this stack manages.

    Attributes:
        digests: Name → a keyed digest of the value; or `CHANGED` or `DELETED`, if somebody else touched the secret.
        staged: Managed names that machines do not have yet.
        foreign: Names on the app that are neither managed nor kept.
    """

    digests: Output[dict[str, str]]
    staged: Output[list[str]]
    foreign: Output[list[str]]

    def __init__(
        self, pulumi_name: str, *, opts: ResourceOptions | None = None, **inputs: Unpack[SecretsInputs]
    ) -> None:
        """Declare an app's secrets.

        Args:
            pulumi_name: Pulumi's name for them.
            opts: Pulumi's options.
            inputs: See `SecretsInputs`.
        """
        props = {
            **_outputs(Secrets),
            **inputs,
            "values": {name: Output.secret(value) for name, value in inputs["values"].items()},
            # Text in the program's hands is a setting. Secrets are outputs, marked as such from the first line on.
            "plain": sorted(name for name, value in inputs["values"].items() if isinstance(value, str)),
            "digest_key": Output.secret(inputs["digest_key"]),
        }
        super().__init__(SecretsProvider(), pulumi_name, props, opts)


class DeployTokenInputs(TypedDict):
    """Inputs of a deploy token.

    Attributes:
        app: The app's name.
        prefix: Begins the token's name; project and stack, as a rule.
        rotation: A number that, with this prefix, belongs to this resource alone; part of the token's name.
        expiry_hours: Hours until it ends. A change counts for the next token.
        organization: As for `Secrets`.
    """

    app: Input[str]
    prefix: str
    rotation: int
    expiry_hours: int
    organization: str


class DeployToken(Resource, module="fly", name="DeployToken"):
    """A token that may deploy one Fly app.

    Attributes:
        token: The token, a secret.
        token_id: Argument of `flyctl tokens revoke`.
        token_name: Its name in `flyctl tokens list`.
        expires_at: Its end, in ISO 8601; empty for never.
    """

    token: Output[str]
    token_id: Output[str]
    token_name: Output[str]
    expires_at: Output[str]

    def __init__(
        self, pulumi_name: str, *, opts: ResourceOptions | None = None, **inputs: Unpack[DeployTokenInputs]
    ) -> None:
        """Declare a deploy token.

        Args:
            pulumi_name: Pulumi's name for it.
            opts: Pulumi's options.
            inputs: See `DeployTokenInputs`.
        """
        opts = ResourceOptions.merge(opts, ResourceOptions(additional_secret_outputs=["token"]))
        super().__init__(DeployTokenProvider(), pulumi_name, {**_outputs(DeployToken), **inputs}, opts)


class CertificateInputs(TypedDict):
    """Inputs of a certificate.

    Attributes:
        app: The app's name.
        hostname: The name.
        organization: As for `Secrets`.
    """

    app: Input[str]
    hostname: str
    organization: str


class Certificate(Resource, module="fly", name="Certificate"):
    """The certificate of one name of a Fly app.

    Attributes:
        target: The name that a CNAME record of the host leads to.
        a: The app's IPv4 addresses.
        aaaa: Its IPv6 addresses.
        ownership: The content of the TXT record that proves whose name it is.
    """

    target: Output[str]
    a: Output[list[str]]
    aaaa: Output[list[str]]
    ownership: Output[str]

    def __init__(
        self, pulumi_name: str, *, opts: ResourceOptions | None = None, **inputs: Unpack[CertificateInputs]
    ) -> None:
        """Declare a certificate.

        Args:
            pulumi_name: Pulumi's name for it.
            opts: Pulumi's options.
            inputs: See `CertificateInputs`.
        """
        super().__init__(CertificateProvider(), pulumi_name, {**_outputs(Certificate), **inputs}, opts)


def _outputs(declared: type[Resource]) -> dict[str, None]:
    """Return a resource's outputs without values, from which the SDK sets the attributes."""
    return dict.fromkeys(declared.__annotations__)
