"""Serve a stack at the team's own domain names: certificates, DNS records, Pages domains, the bucket's domain."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from infra.config.domains import Domain, all_of
from infra.config.settings import Settings
from infra.providers.fly.resources import Certificate
from infra.states import State

_AUTOMATIC = 1
"""The time to live that Cloudflare chooses."""


class Domains(pulumi.ComponentResource):
    """The resources behind each name of `domains` and `formerDomains`, called after the name that they serve.

    Attributes:
        records: The ids of its DNS records.
        outputs: The stack's outputs of this part.
    """

    def __init__(
        self,
        settings: Settings,
        zones: Mapping[str, str],
        before: State,
        *,
        pages_url: pulumi.Input[str] | None,
        after: Sequence[pulumi.Resource],
    ) -> None:
        """Declare the names.

        Args:
            settings: The stack's settings.
            zones: The ids of the zones by name; see `zone_ids`.
            before: The state that the last `up` left.
            pages_url: The address that Pages gives the stack's frontend.
            after: The parts that serve the names, as far as this stack manages them.
        """
        super().__init__("relay:infra:Domains", "domains")
        self._settings, self._zones, self._before = settings, zones, before
        self._opts = pulumi.ResourceOptions(parent=self)
        self._served = pulumi.ResourceOptions(parent=self, depends_on=after)
        self.records: list[pulumi.Output[str]] = []
        domains = [*all_of(settings.domains, settings.former_domains)]
        for domain in domains:
            if domain.role == "api":
                self._api(domain)
            elif domain.role != "audio":
                self._pages(domain, pulumi.Output.from_input(pages_url))
            elif domain.host not in settings.adopt.domains:  # Cloudflare's provider cannot import it
                self._bucket(domain)
        self.outputs: dict[str, Any] = {"domains": {domain.host: domain.role for domain in domains}}
        self.register_outputs({})

    def _api(self, domain: Domain) -> None:
        """Let Fly.io serve the API at a name.

        The record is not proxied, because Fly.io checks the name whenever it renews the certificate. A CNAME works even
        before the first deployment gives the app addresses (Fly.io's documentation, "Custom domains").
        """
        settings = self._settings
        certificate = Certificate(
            f"certificate-{domain.host}",
            app=str(settings.fly_app),
            hostname=domain.host,
            organization=settings.fly_organization,
            opts=self._served,
        )
        addresses = {f"A {domain.host}": certificate.a, f"AAAA {domain.host}": certificate.aaaa}
        # An adopted record keeps its type, even if `adopt` no longer lists it.
        by_hand = {
            key: found.apply(lambda values: str(values[0]))
            for key, found in addresses.items()
            if key in settings.adopt.dns_records or _resource(key) in self._before
        }
        for key, content in (by_hand or {f"CNAME {domain.host}": certificate.target}).items():
            self._record(domain, key, content, proxied=False)
        ownership = certificate.ownership.apply('"{}"'.format)  # Cloudflare adds missing quotes
        self._record(domain, f"TXT {domain.ownership()}", ownership, proxied=False)

    def _pages(self, domain: Domain, pages_url: pulumi.Output[Any]) -> None:
        """Let Pages serve the frontend at a name.

        Only a proxied record leads to the deployment of a branch (Cloudflare's documentation, "Add a custom domain to a
        branch").
        """
        settings = self._settings
        account, project = settings.cloudflare_account_id, settings.pages_project
        adopted = f"{account}/{project}/{domain.host}" if domain.host in settings.adopt.domains else None
        opts = pulumi.ResourceOptions.merge(self._served, pulumi.ResourceOptions(import_=adopted))
        made = cloudflare.PagesDomain(
            f"pages-domain-{domain.host}", account_id=account, project_name=project, name=domain.host, opts=opts
        )
        target = pulumi.Output.all(pages_url, made.name).apply(lambda found: str(found[0]).removeprefix("https://"))
        self._record(domain, f"CNAME {domain.host}", target, proxied=True)

    def _bucket(self, domain: Domain) -> None:
        """Serve the bucket at a name, whose DNS record R2 makes itself."""
        cloudflare.R2CustomDomain(
            f"bucket-domain-{domain.host}",
            account_id=self._settings.cloudflare_account_id,
            bucket_name=self._settings.bucket,
            domain=domain.host,
            zone_id=self._zones[domain.zone],
            enabled=True,
            min_tls="1.2",
            opts=self._served,
        )

    def _record(self, domain: Domain, key: str, content: pulumi.Input[str], *, proxied: bool) -> None:
        zone, identity = self._zones[domain.zone], self._settings.adopt.dns_records.get(key)
        type_, name = key.split()
        import_ = pulumi.ResourceOptions(import_=f"{zone}/{identity}" if identity else None)
        record = cloudflare.DnsRecord(
            _resource(key),
            zone_id=zone,
            type=type_,
            name=name,
            content=content,
            proxied=proxied,
            ttl=_AUTOMATIC,
            opts=pulumi.ResourceOptions.merge(self._opts, import_),
        )
        self.records.append(record.id)


def _resource(key: str) -> str:
    """Return the logical name of a DNS record, from its type and name."""
    return f"record-{key.replace(' ', '-')}"


async def zone_ids(settings: Settings) -> dict[str, str]:
    """Look up the ids of the zones that the stack's names are in.

    Raises:
        pulumi.RunError: Cloudflare does not list the zones, or has no such zone in the configured account.
    """
    account = settings.cloudflare_account_id
    found = {}
    for zone in sorted({domain.zone for domain in all_of(settings.domains, settings.former_domains)}):
        try:
            listed = await cloudflare.get_zones_output(name=zone, account={"id": account}).future()
        except Exception as error:  # noqa: BLE001  (the engine's errors have no type of their own)
            raise _unknown(settings, zone, f"Cloudflare did not list the zones: {str(error).splitlines()[0]}") from None
        ids = [one.id for one in (listed.results if listed else []) if one.name == zone]
        if not ids:
            raise _unknown(settings, zone, f"CLOUDFLARE_API_TOKEN sees no zone of that name in account {account}")
        found[zone] = ids[0]
    return found


def _unknown(settings: Settings, zone: str, problem: str) -> pulumi.RunError:
    return pulumi.RunError(
        f"domains.zone {zone!r}: {problem}. The token needs Zone Read and DNS Write on the zone, which must be in the "
        f"account of cloudflareAccountId. To check it:\n  bin/doctor --for {settings.stack}"
    )
