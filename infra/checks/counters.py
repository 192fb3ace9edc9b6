"""Refuse a counter under `rotate` that is too low for the state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pulumi

from infra.config.rotation import DEPLOY_TOKEN, OAUTH_KEY, STORAGE_TOKEN, Rotating, made_here

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from infra.states import State


def check(settings: Settings, before: State) -> None:
    """Refuse lowered counters, and a first OAuth key beside one that the app keeps.

    A lower counter would bring an older key back, or delete the newest key, while machines use it.

    Args:
        settings: The stack's settings.
        before: The state that the last `up` left.

    Raises:
        pulumi.RunError: A counter is too low for the state.
    """
    lowered = [
        f"rotate.{rotating.key} is {rotating.counter(settings)}, but {recorded} in the state: a rotation goes forward "
        f"only. Set it to {recorded}, or to {recorded + 1} for a new rotation"
        for rotating in made_here(settings)
        if rotating.counter(settings) < (recorded := _recorded(rotating, before))
    ]
    app = before.get("fly-secrets")
    if OAUTH_KEY in made_here(settings) and not settings.rotate.oauth_key and app:
        lowered += [
            f"adopt.keep lacks {name}, which Fly app {settings.fly_app} has from before its adoption: a new key would "
            "log everybody out. Put adopt back, or, for a new key, set rotate.oauthKey to 1"
            for name in OAUTH_KEY.secrets
            if name in app.outputs.get("keep", [])
        ]
    if lowered:
        raise pulumi.RunError("Nothing was touched.\n" + "\n".join(f"  - {line}" for line in lowered))


def _recorded(rotating: Rotating, before: State) -> int:
    """Return the counter of the newest key or token in the state; 0 if there is none."""
    if rotating is STORAGE_TOKEN:
        slots = [re.fullmatch(rf"{STORAGE_TOKEN.resource}-(\d+)", name) for name in before]
        return max((int(slot[1]) for slot in slots if slot), default=0)
    if rotating.resource not in before:
        return 0
    outputs = before[rotating.resource].outputs
    found = {
        OAUTH_KEY: (outputs.get("keepers") or {}).get("rotation"),
        DEPLOY_TOKEN: outputs.get("rotation"),
    }[rotating]
    return int(found or 0)
