"""Turn configured values into inputs of resources."""

from collections.abc import Mapping

import pulumi
from pydantic import SecretStr

from infra.application import Values
from infra.config.settings import Settings


def reveal(secret: SecretStr) -> pulumi.Output[str]:
    """Return a configured secret as a secret output, the only form in which it may leave the settings."""
    return pulumi.Output.secret(secret.get_secret_value())


def inputs_of(values: Mapping[str, SecretStr | pulumi.Input[str] | None]) -> dict[str, pulumi.Input[str]]:
    """Return the values that are not None, as inputs of a resource."""
    return {
        name: reveal(value) if isinstance(value, SecretStr) else value
        for name, value in values.items()
        if value is not None
    }


def app_secrets(settings: Settings, values: Values) -> dict[str, pulumi.Input[str]]:
    """Return the secrets to set: the application's, `extraSecrets` and `secretAliases`, without those the app keeps."""
    found = inputs_of({**values, **settings.extra_secrets})
    found |= aliased(found, settings.secret_aliases)
    return {name: value for name, value in found.items() if name not in settings.adopt.keep}


def aliased(values: Mapping[str, pulumi.Input[str]], aliases: Mapping[str, str]) -> dict[str, pulumi.Input[str]]:
    """Return values under further names, as far as this stack sets them."""
    return {alias: values[name] for alias, name in aliases.items() if name in values}
