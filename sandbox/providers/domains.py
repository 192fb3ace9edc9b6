"""Present DNS records, and the names of Pages projects and buckets, like the `cloudflare` package 6.23.1."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from sandbox.providers.pages import many
from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, nest, text
from sandbox.providers.values import Properties
from sandbox.world import zones
from sandbox.world.store import Document, Transaction

ZONES = "cloudflare:index/getZones:getZones"
_KEY = text(required=True, replace=True)
_TYPES = (
    *("A", "AAAA", "CNAME", "MX", "NS", "OPENPGPKEY", "PTR", "TXT", "CAA", "CERT", "DNSKEY", "DS", "HTTPS", "LOC"),
    *("NAPTR", "SMIMEA", "SRV", "SSHFP", "SVCB", "TLSA", "URI"),
)


class DnsRecord(Resource):
    """A DNS record. The provider imports it by its id alone."""

    type_name = "cloudflare:index/dnsRecord:DnsRecord"
    label = "dns-record"
    model = zones
    kind = "dns"
    import_id = ("zoneId", "id")
    id_is = "id"
    inputs = {
        "zoneId": _KEY,
        "name": text(required=True),
        "type": text(required=True, enum=_TYPES),
        "ttl": Field(kind="number", required=True),
        "content": text(computed=True),
        "proxied": flag(default=False),
        "comment": text(),
        "tags": many(computed=True),
        "priority": Field(kind="number"),
        "settings": nest(each("flattenCname ipv4Only ipv6Only", flag(default=False)), computed=True),
        "data": Field(kind="unmodelled", computed=True),
        **each("privateRouting includeShadowMetadata", flag(computed=True)),
    }
    outputs = {**each("commentModifiedOn createdOn modifiedOn tagsModifiedOn meta", text()), "proxiable": flag()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the record."""
        return zones.put_record(at.tx, inputs["zoneId"], self._record(inputs))

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the record in place, whatever changed."""
        return zones.put_record(at.tx, inputs["zoneId"], self._record(inputs), state["id"])

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Leave out what the record's zone says, which the answer names otherwise."""
        shown = super().shown(at, {**found, "meta": None}, given)
        return {**shown, "zoneId": given["zoneId"], "id": found["id"]}

    def _record(self, inputs: Properties) -> Document:
        body: Document = self.body(inputs)
        return {name: value for name, value in body.items() if name != "zone_id"}


class PagesDomain(Resource):
    """A name of a Pages project. Cloudflare changes its status without a call."""

    type_name = "cloudflare:index/pagesDomain:PagesDomain"
    label = "pages-domain"
    model = zones
    kind = "pages-domain"
    import_id = ("accountId", "projectName", "name")
    id_is = "name"
    inputs = each("accountId projectName name", _KEY)
    outputs = {
        **each("certificateAuthority createdOn domainId status zoneTag", text()),
        "validationData": nest(each("errorMessage method status txtName txtValue", text())),
        "verificationData": nest(each("errorMessage status", text())),
    }

    def create(self, at: At, inputs: Properties) -> Document:
        """Add the name."""
        return zones.add_pages_domain(at.tx, *self.place(at, inputs))

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Add the inputs, which the answer does not repeat."""
        return {**super().shown(at, found, given), **{name: given[name] for name in self.import_id}}


class R2CustomDomain(Resource):
    """A bucket's name. Making it is a POST, so that a name that is there is refused; it has no import."""

    type_name = "cloudflare:index/r2CustomDomain:R2CustomDomain"
    label = "bucket-custom-domain"
    model = zones
    kind = "bucket-domain"
    path = ("accountId", "bucketName", "domain")
    id_is = "id"
    inputs = {
        **each("accountId bucketName domain zoneId", _KEY),
        "enabled": flag(required=True),
        "jurisdiction": text(default="default"),
        "minTls": text(enum=("1.0", "1.1", "1.2", "1.3")),
        "ciphers": many(),
    }
    outputs = {"status": nest(each("ownership ssl", text())), "zoneName": text()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Serve the bucket at the name."""
        return zones.add_bucket_domain(at.tx, inputs["accountId"], inputs["bucketName"], self.body(inputs))

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change its settings in place."""
        return zones.change_bucket_domain(at.tx, inputs["accountId"], inputs["bucketName"], self.body(inputs))

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Add the id that Pulumi's bridge makes."""
        identity = f"{given['accountId']}__{given['zoneId']}"
        return {**super().shown(at, found, given), "id": identity}


def get_zones(tx: Transaction, args: Properties) -> Properties:
    """Return the zones that match the filters."""
    found = zones.zones(tx, args.get("name"), (args.get("account") or {}).get("id"))
    return {**args, "results": [{"id": zone["id"], "name": zone["name"], "status": zone["status"]} for zone in found]}


RESOURCES: tuple[Resource, ...] = (DnsRecord(), PagesDomain(), R2CustomDomain())
