"""S3 credentials of the shared bucket."""

import hashlib
from typing import NamedTuple

import pulumi

from infra.rotation import STORAGE_TOKEN


class StorageKeys(NamedTuple):
    """S3 credentials; the second is a secret output."""

    access_key_id: pulumi.Output[str]
    secret_access_key: pulumi.Output[str]


def token_name(bucket: str, resource: str) -> str:
    """Return the name of a bucket's token at Cloudflare, given its logical name: `audio (pulumi-1)`."""
    return f"{bucket} (pulumi{resource.removeprefix(STORAGE_TOKEN.resource)})"


def s3_secret(token_value: str) -> str:
    """Return the S3 secret access key of a Cloudflare token: the SHA-256 of its value, in lower-case hex.

    The access key id is the token's id (Cloudflare's R2 documentation, "Get S3 API credentials from an API token").
    """
    return hashlib.sha256(token_value.encode()).hexdigest()
