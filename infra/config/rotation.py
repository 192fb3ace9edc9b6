"""Read the counters of `rotate` and `retire`.

A higher `rotate` counter replaces a key or a deploy token within one `up`. The bucket's token alone has two slots,
because other stacks use it. `rotate` makes the next slot, and the older slot works until `retire` drops it.
"""

from typing import NamedTuple

from pydantic.alias_generators import to_snake

from infra import application
from infra.config.settings import Settings


class Rotating(NamedTuple):
    """A key or token that the program makes and can rotate.

    Attributes:
        key: Its counter's key under `rotate`.
        resource: Its resource's logical name; slot n of the bucket's token has `-n` appended.
        secrets: The Fly secrets that hold it.
    """

    key: str
    resource: str
    secrets: tuple[str, ...] = ()

    def counter(self, settings: Settings) -> int:
        """Return its counter under `rotate`."""
        return int(getattr(settings.rotate, to_snake(self.key)))


OAUTH_KEY = Rotating("oauthKey", "oauth-key", (application.OAUTH_KEY,))
STORAGE_TOKEN = Rotating("storageToken", "storage-token", application.STORAGE_KEYS)
DEPLOY_TOKEN = Rotating("deployToken", "deploy-token")
ROTATING = (OAUTH_KEY, STORAGE_TOKEN, DEPLOY_TOKEN)


def made_here(settings: Settings) -> list[Rotating]:
    """Return the keys and tokens that this stack makes; others are configured, or kept on an adopted app."""
    makes = {
        OAUTH_KEY: (settings.manages("backend") or settings.tier == "development")
        and application.OAUTH_KEY not in settings.adopt.keep,
        STORAGE_TOKEN: settings.mints_storage_token,
        DEPLOY_TOKEN: settings.manages("backend") and settings.mint_deploy_token,
    }
    return [rotating for rotating, made in makes.items() if made]


def storage_slots(settings: Settings) -> range:
    """Return the working slots of the bucket's token, oldest first; the last is current. Empty if none is made."""
    if not settings.mints_storage_token:
        return range(0)
    return range(settings.retire.storage_token, settings.rotate.storage_token + 1)


def storage_tokens(settings: Settings) -> list[str]:
    """Return the logical names of the bucket's tokens, oldest first; the last is current."""
    return [f"{STORAGE_TOKEN.resource}-{slot}" if slot else STORAGE_TOKEN.resource for slot in storage_slots(settings)]
