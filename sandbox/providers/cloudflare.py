"""Present the `cloudflare` package 6.23.1 (terraform-provider-cloudflare 5.22 and later behind Pulumi's bridge)."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from sandbox.providers import domains
from sandbox.providers.pages import PagesProject, many
from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import Field, each, flag, nest, project, text
from sandbox.providers.values import Properties
from sandbox.world import cloudflare, cloudflare_tokens
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction

PERMISSION_GROUPS = "cloudflare:index/getAccountApiTokenPermissionGroupsList:getAccountApiTokenPermissionGroupsList"
_KEY = text(required=True, replace=True)
_JURISDICTION = text(default="default", enum=("default", "eu", "fedramp"))
_METHOD = text(enum=("GET", "PUT", "POST", "DELETE", "HEAD"))
_ALLOWED = {"methods": many(_METHOD, required=True), "origins": many(required=True), "headers": many()}
_RULE = {
    "allowed": nest(_ALLOWED, required=True),
    "id": text(),
    "exposeHeaders": many(),
    "maxAgeSeconds": Field(kind="number"),
}
_POLICY = {
    "effect": text(required=True, enum=("allow", "deny")),
    "permissionGroups": many(nest({"id": text(required=True)}), required=True),
    "resources": Field(kind="json", required=True),
}


class R2Bucket(Resource):
    """A bucket. A call names the jurisdiction in a header, so it finds no bucket of another jurisdiction."""

    type_name = "cloudflare:index/r2Bucket:R2Bucket"
    label = "bucket"
    model = cloudflare
    kind = "bucket"
    import_id = ("accountId", "name", "jurisdiction")
    path = ("accountId", "jurisdiction", "name")
    id_is = "name"
    inputs = {
        "accountId": _KEY,
        "name": _KEY,
        "jurisdiction": _JURISDICTION,
        "location": Field(kind="unmodelled", computed=True),
        "storageClass": text(default="Standard", enum=("Standard", "InfrequentAccess")),
    }
    outputs = {"creationDate": text()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the bucket."""
        return cloudflare.create_bucket(at.tx, inputs["accountId"], self.body(inputs))

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the storage class."""
        return cloudflare.update_bucket(at.tx, *self.place(at, inputs), storage_class=inputs["storageClass"])


class _OnBucket(Resource):
    """A setting of a bucket. Pulumi gives it the account's id, which identifies nothing; it has no import."""

    model = cloudflare
    kind = "bucket"
    path = ("accountId", "jurisdiction", "bucketName")
    id_is = "accountId"
    inputs = {"accountId": _KEY, "bucketName": _KEY, "jurisdiction": _JURISDICTION}

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        return {**given, **super().shown(at, {**found, "rules": found.get("cors")}, given)}


class R2BucketCors(_OnBucket):
    """A bucket's CORS rules. A write replaces all of them and succeeds over existing ones."""

    type_name = "cloudflare:index/r2BucketCors:R2BucketCors"
    label = "bucket-cors"
    inputs = {**_OnBucket.inputs, "rules": many(nest(_RULE))}

    def create(self, at: At, inputs: Properties) -> Document:
        """Write the rules."""
        return cloudflare.update_bucket(at.tx, *self.place(at, inputs), cors=self.body(inputs).get("rules", []))

    def read(self, at: At, state: Properties) -> Document:
        """Read the rules; without any, Cloudflare answers 404.

        Seen: the provider then makes them again (Cloudflare's for Terraform, 5.22.0).
        Believed: The text and the code of the 404 with which Cloudflare answers for absent CORS rules.
        """
        found = super().read(at, state)
        if not found["cors"]:
            raise CloudError(404, "The CORS configuration does not exist.", code="10059")
        return found

    def delete(self, at: At, state: Properties) -> None:
        """Remove every rule."""
        cloudflare.update_bucket(at.tx, *self.place(at, state), cors=[])


class R2ManagedDomain(_OnBucket):
    """A bucket's r2.dev domain. The real provider neither reads nor deletes it."""

    type_name = "cloudflare:index/r2ManagedDomain:R2ManagedDomain"
    label = "bucket-managed-domain"
    blind = forgets = True
    inputs = {**_OnBucket.inputs, "enabled": flag(required=True)}
    outputs = {"bucketId": text(), "domain": text()}

    def create(self, at: At, inputs: Properties) -> Document:
        """Switch the domain on or off; a repetition succeeds."""
        return cloudflare.set_managed_domain(at.tx, *self.place(at, inputs), enabled=inputs["enabled"])


class AccountToken(Resource):
    """An API token of the account. Only the answer to its creation has its value."""

    type_name = "cloudflare:index/accountToken:AccountToken"
    label = "account-token"
    model = cloudflare
    kind = "token"
    import_id = ("accountId", "id")
    id_is = "id"
    inputs = {
        "accountId": text(required=True, replace=True),
        "name": text(required=True),
        "policies": many(nest(_POLICY), required=True),
        **each("condition expiresOn notBefore", Field(kind="unmodelled")),
        "status": text(computed=True, enum=("active", "disabled", "expired")),
    }
    outputs = {
        **each("creatorEmailAtCreation issuedOn lastUsedOn modifiedOn provisionerId provisionerType", text()),
        "value": text(secret=True),
    }

    def create(self, at: At, inputs: Properties) -> Document:
        """Make the token."""
        return cloudflare_tokens.create_token(at.tx, inputs["accountId"], self.body(inputs))

    def update(self, at: At, state: Properties, inputs: Properties) -> Document:
        """Change the token in place; id and value stay."""
        return cloudflare_tokens.update_token(at.tx, inputs["accountId"], state["id"], self.body(inputs))

    def shown(self, at: At, found: Document, given: Properties) -> Properties:
        """Keep the value from the state, and the program's spelling of JSON that means the same."""
        kept = {"value": given["value"]} if "value" in given else {}
        shown = {**kept, **super().shown(at, found, given)}
        if "policies" in given:
            shown["policies"] = project(self.inputs["policies"], given["policies"], shown["policies"])
        return shown


def permission_groups(tx: Transaction, args: Properties) -> Properties:
    """Return the account's permission groups."""
    cloudflare.account(tx, args["accountId"])
    return {**args, "results": cloudflare_tokens.permission_groups()}


PACKAGE_VERSION = "6.23.1"
CREDENTIALS = ("apiToken", "apiKey", "apiUserServiceKey")
RESOURCES: tuple[Resource, ...] = (
    PagesProject(),
    R2Bucket(),
    R2BucketCors(),
    R2ManagedDomain(),
    AccountToken(),
    *domains.RESOURCES,
)
FUNCTIONS = {
    PERMISSION_GROUPS: ("permission-groups.list", permission_groups),
    domains.ZONES: ("zones.list", domains.get_zones),
}
"""By token, each function's name in the call log, and its work."""
