"""Make the clients that checks ask the services with."""

from infra.clouds import cloudflare, github, neon
from infra.clouds.http import Client, send

_SERVICES = {service.name: service for service in (neon.SERVICE, cloudflare.SERVICE, github.SERVICE)}


def client(service: str, credential: str) -> Client:
    """Return a client of a service, by its name in `CREDENTIALS`."""
    return Client(_SERVICES[service], credential, transport=send)
