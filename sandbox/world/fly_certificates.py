"""Keep Fly.io's certificates for names of an app: ("fly", "certificate", "app/host"): {"hostname", "checks"}.

Standard library only.

Documented: the members, in fly-go v0.9.6, flyctl's own client; the records, in Fly.io's page on custom domains.
Reported: the word "active".
Believed: Fly refuses a name that any app has, says "pending" of a certificate, and issues at its second look.
Believed: A Fly app has its CNAME target before its first deployment, and its addresses only since.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sandbox.world import dns
from sandbox.world.errors import CloudError
from sandbox.world.fly_tokens import digest
from sandbox.world.store import Document, Transaction

AUTHORITY = "letsencrypt.org"


class Certificates(ABC):
    """The certificates of apps that a caller may see."""

    _transaction: Transaction

    @abstractmethod
    def app(self, name: str) -> Document:
        """Return an app that the caller may see."""

    def certificates(self, name: str) -> list[Document]:
        """Check the DNS records of an app's certificates, and return the certificates."""
        self.app(name)
        hosts = [found["hostname"] for found in self._within("certificate", name).values()]
        return [self.check_certificate(name, host) for host in hosts]

    def add_certificate(self, name: str, host: str) -> Document:
        """Add a name to an app, and ask for its certificate."""
        self.app(name)
        if any(key.endswith(f"/{host}") for key in self._transaction.list("fly", "certificate")):
            raise CloudError(422, f"Hostname {host} already exists")
        return self._put(name, {"hostname": host, "checks": 0})

    def check_certificate(self, name: str, host: str) -> Document:
        """Check a name's DNS records, and bring its certificate one step further."""
        found = self._certificate(name, host)
        right = not self.certificate_problems(name, host)
        return self._put(name, {**found, "checks": found["checks"] + 1 if right or _issued(found) else 0})

    def remove_certificate(self, name: str, host: str) -> None:
        """Remove a name from an app."""
        self._certificate(name, host)
        self._transaction.delete("fly", "certificate", f"{name}/{host}")

    def certificate_problems(self, name: str, host: str) -> list[str]:
        """Return the problems of a name's DNS records."""
        requirements = self.requirements(name, host)
        records = dns.records(self._transaction, host)
        right = {requirements["cname"], f"{name}.fly.dev", *requirements["a"], *requirements["aaaa"]}
        if not any(record["content"] in right for record in records):
            return [f"{host} does not lead to the app"]
        if any(record["proxied"] for record in records):
            return [f"{host} is behind a proxy"]
        if not dns.allowed(self._transaction, host, AUTHORITY):
            return [f"CAA records of {host} forbid {AUTHORITY}"]
        return []

    def requirements(self, name: str, host: str) -> Document:
        """Return the DNS records that a name needs."""
        app = self.app(name)
        number = int(app["number"]) if app["deployed"] else 0
        return {
            "a": [f"66.241.124.{number}"] if number else [],
            "aaaa": [f"2a09:8280:1::{number:x}:0"] if number else [],
            "cname": f"{digest(name)[:7]}.{name}.fly.dev",
            "acme_challenge": {"name": f"_acme-challenge.{host}", "target": f"{host}.{digest(name)[:7]}.flydns.net"},
            "ownership": {
                "name": f"_fly-ownership.{host}",
                "app_value": f"app-{digest(name)[:7]}",
                "org_value": f"org-{digest(app['organization'])[:7]}",
            },
        }

    def _certificate(self, name: str, host: str) -> Document:
        self.app(name)
        found = self._transaction.get("fly", "certificate", f"{name}/{host}")
        if found is None:
            raise CloudError(404, f"Hostname {host} not found", code="certificate")
        return {**found, "configured": _issued(found)}

    def _put(self, name: str, certificate: Document) -> Document:
        found = {**certificate, "configured": _issued(certificate)}
        self._transaction.put("fly", "certificate", f"{name}/{certificate['hostname']}", found)
        return found

    def _within(self, kind: str, name: str) -> dict[str, Document]:
        """Return an app's documents of a kind."""
        found = self._transaction.list("fly", kind)
        return {key: document for key, document in found.items() if key.startswith(f"{name}/")}


def _issued(certificate: Document) -> bool:
    return bool(certificate["checks"] > 1)
