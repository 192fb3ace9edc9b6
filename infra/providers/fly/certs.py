"""Parse flyctl's answers about certificates."""

import json
from typing import NamedTuple


class Certificate(NamedTuple):
    """The DNS records that a certificate needs, as `certs add` and `certs check` show them.

    Attributes:
        target: The name that a CNAME record of the host leads to; empty where Fly.io names none.
        a: The app's IPv4 addresses.
        aaaa: Its IPv6 addresses.
        ownership: The content of the TXT record that proves whose name it is; empty where Fly.io wants none.
    """

    target: str
    a: list[str]
    aaaa: list[str]
    ownership: str


def parse_certificate(stdout: str) -> Certificate:
    """Read `certs add --json` or `certs check --json`."""
    wanted = json.loads(stdout)["dns_requirements"]
    return Certificate(
        target=str(wanted["cname"]),
        a=list(wanted["a"] or []),
        aaaa=list(wanted["aaaa"] or []),
        ownership=str(wanted["ownership"]["app_value"]),
    )


def parse_hosts(stdout: str) -> dict[str, str]:
    """Read `certs list --json`: by name, Fly.io's word for its progress; empty for a name that Fly.io serves.

    Beyond 50 names, flyctl adds a sentence that makes the answer no JSON.
    """
    return {row["hostname"]: "" if row["configured"] else str(row["status"]) for row in json.loads(stdout) or []}
