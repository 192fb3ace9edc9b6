"""Define the team's own domain names of a stack, and derive the DNS records that they need."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from infra.config.groups import Frozen
from infra.config.validators import Host

Role = Literal["api", "frontend", "www", "audio"]
ROLES: tuple[Role, ...] = get_args(Role)


class Names(Frozen):
    """Names that the stack serves beside `domains`, while users move. Browsers on them may still call the API."""

    zone: Host | None = None
    """The Cloudflare zone that every name is in, in the account of `cloudflareAccountId`."""
    api: Host | None = None
    """Name of the API, on the Fly app."""
    frontend: Host | None = None
    """Name of the frontend that users of this stack see, on the Pages project."""
    www: Host | None = None
    """A second name of that frontend, `www` as a rule."""
    audio: Host | None = None
    """Name of the bucket, for the stack that manages it."""

    def named(self) -> dict[Role, str]:
        """Return the name of each role that has one."""
        return {role: name for role in ROLES if (name := getattr(self, role))}

    def origins(self) -> list[str]:
        """Return the origins of the frontends."""
        return [f"https://{name}" for name in (self.frontend, self.www) if name]


class Domains(Names):
    """The team's own domain names, within one Cloudflare zone. Every key but `zone` is optional.

    The stack then owns certificate, DNS records, Pages domain and bucket domain; URLs, CORS and OAuth addresses follow.
    """

    r2_dev: bool = True
    """Keep the bucket's public `r2.dev` address beside `audio`."""


class Domain(NamedTuple):
    """A name that a stack serves.

    Attributes:
        host: The name.
        role: The service behind it.
        zone: The zone that it is in.
    """

    host: str
    role: Role
    zone: str

    def ownership(self) -> str:
        """Return the name of the record that proves to Fly.io who owns the host."""
        return f"_fly-ownership.{self.host}"


def record_keys(domain: Domain) -> list[str]:
    """Return type and name of each DNS record that a domain may need. R2 makes a bucket's record itself."""
    if domain.role == "audio":
        return []
    if domain.role != "api":
        return [f"CNAME {domain.host}"]
    return [*(f"{type_} {domain.host}" for type_ in ("CNAME", "A", "AAAA")), f"TXT {domain.ownership()}"]


def all_of(*groups: Names) -> Iterator[Domain]:
    """Yield each name of each group."""
    for group in groups:
        for role, host in group.named().items():
            yield Domain(host, role, str(group.zone))
