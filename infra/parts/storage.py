"""Make the audio storage: the R2 bucket, its public address, CORS rules and S3 keys."""

import json
from functools import partial
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from infra.config.hosts import PAGES_HOST
from infra.config.rotation import storage_tokens
from infra.config.settings import Settings
from infra.parts.storage_keys import StorageKeys, s3_secret, token_name

JURISDICTION = "default"
_WRITE_PERMISSION = "Workers R2 Storage Bucket Item Write"


class Storage(pulumi.ComponentResource):
    """The bucket with its public address and CORS rules, and a token for it unless keys are configured or kept.

    Attributes:
        keys: S3 credentials of the bucket: its newest token's, or configured ones; None where the app keeps them.
        public_host: Host that serves the bucket's objects.
        outputs: The stack's outputs of this part.
    """

    def __init__(
        self, settings: Settings, given: StorageKeys | None, pages_host: pulumi.Output[str] | None = None
    ) -> None:
        """Declare the storage.

        Args:
            settings: The stack's settings.
            given: Configured keys of the bucket.
            pages_host: The host of the Pages project, if Cloudflare chooses it in this `up`.
        """
        super().__init__("relay:infra:Storage", "storage")
        account, name = settings.cloudflare_account_id, settings.bucket
        bucket = self._bucket("bucket", account, name, adopted=bool(settings.adopt.bucket))
        origins: list[pulumi.Input[str]] = [
            pages_host.apply(partial(origin.replace, PAGES_HOST)) if pages_host else origin
            for origin in settings.bucket_origins
        ]
        child = pulumi.ResourceOptions(parent=self, depends_on=[bucket])
        public = settings.domains.r2_dev
        self.public_host = _public_domain("bucket-public-domain", account, name, child, enabled=public).domain
        _cors("bucket-cors", account, name, origins, child)
        buckets = [bucket]
        for extra, wanted in sorted(settings.extra_buckets.items()):
            buckets.append(
                self._bucket(f"bucket-{extra}", account, extra, adopted=extra in settings.adopt.extra_buckets)
            )
            child = pulumi.ResourceOptions(parent=self, depends_on=buckets[-1:])
            if wanted.public:
                _public_domain(f"public-domain-{extra}", account, extra, child)
            if wanted.cors:
                _cors(f"cors-{extra}", account, extra, origins, child)
        after_all = pulumi.ResourceOptions(parent=self, depends_on=buckets)
        self.keys = self._keys(settings, after_all) if settings.mints_storage_token else given
        self.outputs: dict[str, Any] = {"bucketPublicHost": self.public_host}
        if self.keys:  # for other stacks
            access_key_id, secret_access_key = self.keys
            self.outputs |= {"storageAccessKeyId": access_key_id, "storageSecretAccessKey": secret_access_key}
        self.register_outputs({})

    def _bucket(self, resource: str, account: str, name: str, *, adopted: bool) -> cloudflare.R2Bucket:
        identity = f"{account}/{name}/{JURISDICTION}" if adopted else None
        opts = pulumi.ResourceOptions(parent=self, import_=identity)
        return cloudflare.R2Bucket(resource, account_id=account, name=name, opts=opts)

    def _keys(self, settings: Settings, opts: pulumi.ResourceOptions) -> StorageKeys:
        """Make the bucket's token in each slot that works, and return the newest one's keys.

        The keys depend on every token, and so do the resources that use the keys. The engine therefore deletes no older
        token while such a resource fails to update (`--continue-on-error`) or is protected from `destroy`
        (`--exclude-protected`).
        """
        tokens = [self._token(settings, name, opts) for name in storage_tokens(settings)]
        newest_id = pulumi.Output.all(*(token.id for token in tokens)).apply(lambda ids: str(ids[-1]))
        newest_value = pulumi.Output.all(*(token.value for token in tokens)).apply(lambda values: s3_secret(values[-1]))
        return StorageKeys(newest_id, pulumi.Output.secret(newest_value))

    def _token(self, settings: Settings, name: str, opts: pulumi.ResourceOptions) -> cloudflare.AccountToken:
        account = settings.cloudflare_account_id
        # No filter: the provider encodes a filter twice. `_id_of` looks the id up by the group's name.
        groups = cloudflare.get_account_api_token_permission_groups_list_output(
            account_id=account, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        group: pulumi.Output[str] = pulumi.Output.from_input(_id_of(_WRITE_PERMISSION, groups))
        names = [settings.bucket, *sorted(settings.extra_buckets)]
        scopes = {f"com.cloudflare.edge.r2.bucket.{account}_{JURISDICTION}_{bucket}": "*" for bucket in names}
        # One policy with one permission group: Cloudflare returns several in an order of its own.
        policy = cloudflare.AccountTokenPolicyArgs(
            effect="allow",
            permission_groups=[cloudflare.AccountTokenPolicyPermissionGroupArgs(id=group)],
            resources=json.dumps(scopes, separators=(",", ":")),
        )
        label = token_name(settings.bucket, name)
        return cloudflare.AccountToken(name, account_id=account, name=label, policies=[policy], opts=opts)


# Pulumi can import neither the address nor the rules; Cloudflare's PUT overwrites those that exist.
def _public_domain(
    resource: str, account: str, name: str, opts: pulumi.ResourceOptions, *, enabled: bool = True
) -> cloudflare.R2ManagedDomain:
    """Serve a bucket's objects at an `r2.dev` address, or stop that, which no deletion by the provider does."""
    return cloudflare.R2ManagedDomain(resource, account_id=account, bucket_name=name, enabled=enabled, opts=opts)


def _cors(
    resource: str, account: str, name: str, origins: list[pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> None:
    """Let browsers on these origins read a bucket, in ranges too."""
    allowed = cloudflare.R2BucketCorsRuleAllowedArgs(methods=["GET", "HEAD"], origins=origins, headers=["range"])
    exposed = ["content-length", "content-range", "etag"]
    rule = cloudflare.R2BucketCorsRuleArgs(
        id="frontends", allowed=allowed, expose_headers=exposed, max_age_seconds=3600
    )
    cloudflare.R2BucketCors(resource, account_id=account, bucket_name=name, rules=[rule], opts=opts)


async def _id_of(name: str, groups: pulumi.Output[cloudflare.GetAccountApiTokenPermissionGroupsListResult]) -> str:
    """Return the id of a permission group.

    Raises:
        pulumi.RunError: Cloudflare does not list the groups, or not this one.
    """
    try:
        found = await groups.future()
    except Exception as error:  # noqa: BLE001  (the engine's errors have no type of their own)
        said = str(error).splitlines()[0].rpartition("returned an error: ")[2]
        raise pulumi.RunError(
            f"The storage token: Cloudflare did not list the account's permission groups: "
            f"{said}. CLOUDFLARE_API_TOKEN needs Account API Tokens Write on the account of "
            f"cloudflareAccountId. To check it:\n  bin/doctor --for {pulumi.get_stack()}"
        ) from None
    for group in found.results if found else []:
        if group.name == name:
            return group.id
    raise pulumi.RunError(
        f"The storage token: Cloudflare lists no permission group {name!r} for this account. Make a token for the "
        "bucket by hand (R2 → Manage API tokens) and set storageAccessKeyId and storageSecretAccessKey."
    )
