"""Rotation in two slots: while a new key or token is not live everywhere, the one before it still works.

Slot n of something is a resource of its own. `rotate` raises the newest slot, `retire` the oldest: what falls out of
the range leaves the program, and the engine deletes it.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import pulumi
from pydantic.alias_generators import to_snake

from infra.config.settings import Settings

T = TypeVar("T")


class Rotating(NamedTuple):
    """Something that is made here and can be rotated.

    Attributes:
        key: Its counter's key under `rotate` and `retire`.
        resource: Logical name of its first slot's resource; slot n has `-n` appended.
        secrets: The Fly secrets that hold it.
    """

    key: str
    resource: str
    secrets: tuple[str, ...]

    def counters(self, settings: Settings) -> tuple[int, int]:
        """Return what `rotate` and `retire` say."""
        field = to_snake(self.key)
        return getattr(settings.rotate, field), getattr(settings.retire, field)

    def slots(self, settings: Settings) -> range:
        """Return the slots that work, oldest first; the last is the current one."""
        rotate, retire = self.counters(settings)
        # An adopted app has a key already, made by hand: it takes the place of the first slot.
        by_hand = 1 if self is OAUTH_KEY and settings.adopt.fly_app else 0
        return range(max(retire, by_hand), rotate + 1)

    def names(self, settings: Settings) -> list[str]:
        """Return the logical names of those slots' resources."""
        return [f"{self.resource}-{slot}" if slot else self.resource for slot in self.slots(settings)]


OAUTH_KEY = Rotating("oauthKey", "oauth-key", ("OAUTH_ENCRYPTION_KEY",))
STORAGE_TOKEN = Rotating("storageToken", "storage-token", ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
DEPLOY_TOKEN = Rotating("deployToken", "deploy-token", ())
ROTATING = (OAUTH_KEY, STORAGE_TOKEN, DEPLOY_TOKEN)


def made_here(settings: Settings) -> list[Rotating]:
    """Return those that this stack makes, rather than being given them or keeping them."""
    makes = {
        OAUTH_KEY: (settings.manages("backend") or settings.tier == "development")
        and "OAUTH_ENCRYPTION_KEY" not in settings.adopt.keep,
        STORAGE_TOKEN: settings.mints_storage_token,
        DEPLOY_TOKEN: settings.manages("backend") and settings.mint_deploy_token,
    }
    return [rotating for rotating, made in makes.items() if made]


def superseded(settings: Settings) -> frozenset[str]:
    """Return the logical names of the resources in older slots."""
    return frozenset(name for rotating in made_here(settings) for name in rotating.names(settings)[:-1])


def secret_slots(settings: Settings) -> dict[str, list[int]]:
    """Return the slots of each Fly secret that is made here."""
    return {name: list(each.slots(settings)) for each in made_here(settings) for name in each.secrets}


def newest(values: Sequence[pulumi.Output[T]]) -> pulumi.Output[T]:
    """Return the last value, as an output that depends on the others too.

    So whatever uses the newest slot depends, in the state, on the older ones. The engine then leaves an older one
    alone where that user's update failed, also with `--continue-on-error`, and where that user is protected from
    `destroy`, also with `--exclude-protected`.
    """
    return values[0] if len(values) == 1 else pulumi.Output.all(*values).apply(lambda all_: all_[-1])
