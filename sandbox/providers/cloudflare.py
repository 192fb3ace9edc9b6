"""The `cloudflare` package 6.23.1 (terraform-provider-cloudflare 5.22 and later behind Pulumi's bridge)."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clouds import cloudflare
from sandbox.providers.account_token import AccountToken
from sandbox.providers.pages import PagesProject
from sandbox.providers.resource import Resource
from sandbox.providers.schema import Field, flag, many, nest, number, text

if TYPE_CHECKING:
    from sandbox.providers.values import Properties
    from sandbox.world import Transaction

_KEY = text(required=True, replace=True)
_JURISDICTION = text(default="default", enum=("default", "eu", "fedramp"))

_CORS_RULE = nest(
    {
        "allowed": nest(
            {
                "methods": many(text(enum=("GET", "PUT", "POST", "DELETE", "HEAD")), required=True),
                "origins": many(required=True),
                "headers": many(),
            },
            required=True,
        ),
        "id": text(),
        "exposeHeaders": many(),
        "maxAgeSeconds": Field(kind="number"),
    }
)
_AGE = nest({"type": text(required=True, enum=("Age",)), "maxAge": number(required=True)})
_WHEN = {"type": text(required=True, enum=("Age", "Date")), "date": text(), "maxAge": number()}
_LIFECYCLE_RULE = nest(
    {
        "id": text(required=True),
        "enabled": flag(required=True),
        "conditions": nest({"prefix": text(required=True)}, required=True),
        "abortMultipartUploadsTransition": nest({"condition": _AGE}),
        "deleteObjectsTransition": nest({"condition": nest(_WHEN)}),
        "storageClassTransitions": many(
            nest(
                {
                    "condition": nest(_WHEN, required=True),
                    "storageClass": text(required=True, enum=("InfrequentAccess",)),
                }
            )
        ),
    }
)


class R2Bucket(Resource):
    """A bucket."""

    type_name = "cloudflare:index/r2Bucket:R2Bucket"
    label = "bucket"
    import_id = ("accountId", "name", "jurisdiction")
    inputs = {
        "accountId": _KEY,
        "name": _KEY,
        "jurisdiction": _JURISDICTION,
        "location": text(
            computed=True, frozen=True, enum=("apac", "eeur", "enam", "weur", "wnam", "oc"), any_case=True
        ),
        "storageClass": text(default="Standard", enum=("Standard", "InfrequentAccess")),
    }
    outputs = {"creationDate": text()}

    def identity(self, state: Properties) -> str:
        """Return the bucket's name."""
        return str(state["name"])

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the bucket."""
        return self.state(cloudflare.create_bucket(tx, inputs["accountId"], self.body(inputs)))

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it."""
        return self.state(cloudflare.bucket(tx, state["accountId"], state["jurisdiction"], state["name"]))

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Change the storage class. Another jurisdiction is another header, and so a bucket that is not there."""
        where = (inputs["accountId"], inputs["jurisdiction"], inputs["name"])
        return self.state(cloudflare.update_bucket(tx, *where, {"storage_class": inputs["storageClass"]}))

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Delete it, if it is empty."""
        cloudflare.delete_bucket(tx, state["accountId"], state["jurisdiction"], state["name"])


class _OnBucket(Resource):
    """What hangs on a bucket. Pulumi fills its id with the account's, which identifies nothing."""

    keys = {"accountId": _KEY, "bucketName": _KEY, "jurisdiction": _JURISDICTION}

    def identity(self, state: Properties) -> str:
        return str(state["accountId"])

    def where(self, state: Properties) -> tuple[str, str, str]:
        """Return account, jurisdiction and bucket."""
        return state["accountId"], state["jurisdiction"], state["bucketName"]


class _Rules(_OnBucket):
    """A set of rules that is written as a whole; writing over existing ones is no error."""

    member: str

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Write the rules."""
        rules = self.body(inputs).get("rules", [])
        cloudflare.update_bucket(tx, *self.where(inputs), {self.member: rules})
        return inputs

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read the rules."""
        rules = cloudflare.bucket(tx, *self.where(state))[self.member]
        return {**state, **self.state({"rules": rules})}

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Write the rules."""
        return self.create(tx, owner, inputs)


class R2BucketCors(_Rules):
    """A bucket's CORS rules."""

    type_name = "cloudflare:index/r2BucketCors:R2BucketCors"
    label = "bucket-cors"
    member = "cors"
    inputs = {**_OnBucket.keys, "rules": many(_CORS_RULE)}

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Remove every rule."""
        cloudflare.update_bucket(tx, *self.where(state), {"cors": []})


class R2BucketLifecycle(_Rules):
    """A bucket's lifecycle rules. Destroying it leaves the rules as they are."""

    type_name = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"
    label = "bucket-lifecycle"
    member = "lifecycle"
    forgets = True
    inputs = {**_OnBucket.keys, "rules": many(_LIFECYCLE_RULE)}


class R2ManagedDomain(_OnBucket):
    """A bucket's r2.dev domain. The real provider neither reads nor deletes it."""

    type_name = "cloudflare:index/r2ManagedDomain:R2ManagedDomain"
    label = "bucket-managed-domain"
    blind = True
    forgets = True
    inputs = {**_OnBucket.keys, "enabled": flag(required=True)}
    outputs = {"bucketId": text(), "domain": text()}

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Switch it on or off; doing so twice is no error."""
        domain = cloudflare.set_managed_domain(tx, *self.where(inputs), enabled=inputs["enabled"])
        return {**inputs, **self.state(domain)}

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Switch it on or off."""
        return self.create(tx, owner, inputs)


PACKAGE_VERSION = "6.23.1"
CREDENTIALS = ("apiToken", "apiKey", "apiUserServiceKey")
CONFIG = (*CREDENTIALS, "email", "baseUrl", "userAgentOperatorSuffix")
RESOURCES: tuple[Resource, ...] = (
    PagesProject(),
    R2Bucket(),
    R2BucketCors(),
    R2BucketLifecycle(),
    R2ManagedDomain(),
    AccountToken(),
)
