"""Keys that are made once, kept in the state, and stay the same from run to run."""

import base64
import hashlib

import pulumi
import pulumi_random as random

from infra.config.rotation import OAUTH_KEY, newest
from infra.config.settings import Settings

UNKNOWN_FINGERPRINT = "unknown"
"""The fingerprint of a key that is kept: it is on the Fly app, where nobody can read it."""


def random_key(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Make a key of 32 random bytes.

    From a `RandomPassword` of 64 letters and digits (381 bits), hashed to 32 bytes. Not from `RandomBytes`: its
    resource id is the value itself, and Pulumi never encrypts an id.

    Returns:
        The key in url-safe base64, 44 characters, a secret: what `cryptography.fernet` takes.
    """
    password = random.RandomPassword(name, length=64, special=False, opts=opts)
    return pulumi.Output.secret(password.result.apply(_encoded))


def oauth_key(settings: Settings, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Make the stack's OAuth key, in each slot that is in use, and return the current one: see `random_key`."""
    return newest([random_key(name, opts) for name in OAUTH_KEY.names(settings)])


def _encoded(password: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(password.encode()).digest()).decode()


def fingerprint(key: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return what tells two keys apart, and nothing of the key itself, as a plain output.

    Returns:
        12 hexadecimal digits of a SHA-256. The key is 32 random bytes: nobody finds it by guessing.
    """
    return pulumi.Output.unsecret(
        key.apply(lambda text: hashlib.sha256(f"relay OAuth key fingerprint\n{text}".encode()).hexdigest()[:12])
    )
