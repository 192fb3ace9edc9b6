"""Make the clients with which checks ask the services."""

from infra.checks.credentials import CREDENTIALS
from infra.clouds import cloudflare, github, neon
from infra.clouds.http import Client, send

SERVICES = {service.name: service for service in (neon.SERVICE, cloudflare.SERVICE, github.SERVICE)}
"""Each service that is asked over HTTP, by its name in `CREDENTIALS`."""


def client(service: str, credential: str | None = None) -> Client:
    """Return a client of a service, by its name in `CREDENTIALS`.

    Args:
        service: The service's name.
        credential: Default: the credential that the service's provider takes.
    """
    value = CREDENTIALS[service].value() if credential is None else credential
    return Client(SERVICES[service], value, transport=send)
