"""Make the clients that tools ask the clouds with, from the credentials that the providers take."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from infra.checks.credentials import CREDENTIALS
from infra.clouds import cloudflare, github, neon
from infra.clouds.http import Client, CloudError
from ops import stacks

_SERVICES = {service.name: service for service in (neon.SERVICE, cloudflare.SERVICE, github.SERVICE)}


class Access(NamedTuple):
    """A stack's access to the clouds.

    Attributes:
        configured: The providers' own settings by `namespace:key`, decrypted.
    """

    configured: dict[str, str]

    @classmethod
    def of(cls, stack: str) -> Access:
        """Return the access of a stack: a provider takes its credential from Pulumi's configuration first.

        Raises:
            StackError: The CLI cannot be run.
        """
        done = stacks.ask("config", "--json", "--show-secrets", "--stack", stack, root=stacks.folder())
        # Without the stack, or its passphrase, the environment alone counts.
        values = json.loads(done.stdout) if done.returncode == 0 else {}
        wanted = {credential.config for credential in CREDENTIALS.values()}
        return cls({key: str(entry.get("value", "")) for key, entry in values.items() if key in wanted})

    def client(self, service: str) -> Client:
        """Return a client of a service, by its name in `CREDENTIALS`.

        Raises:
            CloudError: There is no credential.
        """
        wanted = CREDENTIALS[service]
        value = self.configured.get(wanted.config) or wanted.in_environment(os.environ)
        if not value:
            raise CloudError(f"{wanted.variables[-1]} is not set. It takes {wanted.wanted(frozenset())}")
        return Client(_SERVICES[service], value)
