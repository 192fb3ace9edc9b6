"""Turn configured values into inputs of resources."""

import pulumi
from pydantic import SecretStr

from infra.application import Values
from infra.config.settings import Settings


def reveal(secret: SecretStr) -> pulumi.Output[str]:
    """Return a configured secret as a secret output, the only form in which it may leave the settings."""
    return pulumi.Output.secret(secret.get_secret_value())


def app_secrets(settings: Settings, values: Values) -> dict[str, pulumi.Input[str]]:
    """Return the secrets to set: the application's and `extraSecrets`, without those that the app keeps."""
    return {
        name: reveal(value) if isinstance(value, SecretStr) else value
        for name, value in {**values, **settings.extra_secrets}.items()
        if value is not None and name not in settings.adopt.keep
    }
