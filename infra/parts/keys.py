"""Make keys that stay the same from run to run, because the state holds them."""

import base64
import hashlib

import pulumi
import pulumi_random as random

from infra.config.rotation import OAUTH_KEY
from infra.config.settings import Settings


def random_key(name: str, opts: pulumi.ResourceOptions, *, rotation: int = 0) -> pulumi.Output[str]:
    """Make a key of 32 random bytes.

    The bytes are the SHA-256 of a `RandomPassword` of 64 letters and digits (381 bits). `RandomBytes` would be
    shorter, but its resource id is the value itself, and Pulumi never encrypts an id.

    Args:
        name: The resource's logical name.
        opts: The resource's options.
        rotation: A counter: another number replaces the key.

    Returns:
        The key in url-safe base64, 44 characters, a secret: the form that `cryptography.fernet` takes.
    """
    keepers = {"rotation": str(rotation)} if rotation else None
    password = random.RandomPassword(name, length=64, special=False, keepers=keepers, opts=opts)
    return pulumi.Output.secret(password.result.apply(_encoded))


def oauth_key(settings: Settings, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Make the key that encrypts the stack's OAuth sessions; see `random_key`."""
    return random_key(OAUTH_KEY.resource, opts, rotation=OAUTH_KEY.counter(settings))


def _encoded(password: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(password.encode()).digest()).decode()
