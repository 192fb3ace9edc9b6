"""Write the dotenv files of a backend and a frontend that run on a laptop."""

import re
from collections.abc import Mapping
from typing import Any

import pulumi

from infra import application
from infra.config.settings import Settings
from infra.config.validators import dotenv_problem
from infra.parts.keys import oauth_key
from infra.parts.storage_keys import StorageKeys
from infra.parts.values import app_secrets


class Laptop(pulumi.ComponentResource):
    """The settings of a backend and a frontend that run on a developer's machine.

    Attributes:
        dotenv: The backend's `.env`, a secret.
        frontend_dotenv: The frontend's `.env`.
        outputs: The stack's outputs of this part.
    """

    def __init__(
        self, settings: Settings, *, database_url: pulumi.Output[str], storage_keys: StorageKeys | None
    ) -> None:
        super().__init__("relay:infra:Laptop", "laptop")
        key = oauth_key(settings, pulumi.ResourceOptions(parent=self))
        plain = application.plain_settings(settings) if storage_keys else application.local_plain_settings()
        secrets = app_secrets(settings, application.secrets(settings, database_url, storage_keys, key))
        self.dotenv: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.all(**plain, **secrets).apply(dotenv))
        self.frontend_dotenv = dotenv(application.frontend_variables(settings.api_url))
        self.outputs: dict[str, Any] = {"dotenv": self.dotenv, "frontendDotenv": self.frontend_dotenv}
        self.register_outputs({})


def dotenv(values: Mapping[str, str]) -> str:
    """Return the values as lines of a dotenv file; quote each value that a reader could interpret.

    Raises:
        pulumi.RunError: Readers of dotenv files disagree on a value.
    """
    lines = []
    for name, value in sorted(values.items()):
        if problem := dotenv_problem(value):
            raise pulumi.RunError(f"dotenv: the value of {name} {problem}")
        plain = re.fullmatch(r"[A-Za-z0-9_./:@+=-]*", value)
        lines.append(f"{name}={value}" if plain else f"{name}='{value}'")
    return "\n".join(lines)
