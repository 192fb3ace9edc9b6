"""What a cloud accepts twice by the same name: Neon's projects, Cloudflare's account tokens.

An `up` that was killed, or an answer that was lost, leaves one that no state knows, and the next `up` makes another.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pulumi

from infra import own_state
from infra.cloud_look import LookError, RefusedError, account_tokens, neon_projects
from infra.preflight import CREDENTIALS
from infra.rotation import STORAGE_TOKEN
from infra.s3 import token_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.settings import Settings


class Thing(NamedTuple):
    """Something of this stack whose name may repeat.

    Attributes:
        what: What it is and is called.
        resource: Its logical name.
        output: The stack's output that has its id, and no other's; empty where there is none.
        adopted: Its id, where it was there before Pulumi.
        find: Returns the ids of all that are called so.
        refused: What is wrong where that is refused.
        which: How to tell which one is this stack's, where its id is in no output of its own.
        others: What to do about one that somebody else made.
        remove: What to do about one that nothing uses.
    """

    what: str
    resource: str
    output: str
    adopted: str | None
    find: Callable[[], list[str]]
    refused: str
    which: str
    others: str
    remove: str


def _things(settings: Settings, neon_key: str, cloudflare_token: str) -> Iterator[Thing]:
    """Yield what this stack makes of that sort."""
    if settings.manages("database") and neon_key:
        name, organization = settings.neon_project, settings.neon_organization_id
        yield Thing(
            what=f"Neon project is called {name!r}",
            resource="neon-project",
            output="neonProjectId",
            adopted=settings.adopt.neon_project,
            find=partial(neon_projects, neon_key, name, organization),
            refused="NEON_API_KEY is not accepted: {}. Make one at https://console.neon.tech/app/settings/api-keys",
            which="",
            others="To take it over set adopt.neonProject to its id; else choose another neonProject, or rename or "
            "delete it",
            remove="delete the other in Neon's console",
        )
    if settings.mints_storage_token and cloudflare_token:
        for resource in STORAGE_TOKEN.names(settings):
            name = token_name(settings.bucket, resource)
            yield Thing(
                what=f"Cloudflare account token is called {name!r}",
                resource=resource,
                output="",  # after an `up` that failed, the one there is may be an older token's
                adopted=None,
                find=partial(account_tokens, cloudflare_token, settings.cloudflare_account_id, name),
                refused="CLOUDFLARE_API_TOKEN may not list the account's tokens: {}. It needs Account API Tokens: Edit",
                which=" (`pulumi stack output storageAccessKeyId` is the newest one's id)",
                others="Rename it, or revoke it where nothing uses it, under Manage Account → Account API Tokens",
                remove="revoke the other under Manage Account → Account API Tokens",
            )


def problems(settings: Settings, neon_key: str, cloudflare_token: str) -> Iterator[str]:
    """Yield a line for each thing that has a namesake, or may have; one that nobody could look for is a warning.

    Args:
        settings: The stack's settings.
        neon_key: Neon's credential; without one its things are not looked for.
        cloudflare_token: Cloudflare's; likewise.
    """
    for thing in _things(settings, neon_key, cloudflare_token):
        try:
            ids = set(thing.find()) - {thing.adopted}
        except RefusedError as error:
            yield thing.refused.format(error)
            continue
        except LookError as error:
            hint = " A personal key must name its organization: neonOrganizationId."
            needed = thing.output == "neonProjectId" and not settings.neon_organization_id
            pulumi.log.warn(f"Not checked: whether another {thing.what}: {error}.{hint if needed else ''}")
            continue
        try:
            # An output alone says little: it is still there where the thing was taken out of the state.
            ours = bool(ids) and not thing.adopted and thing.resource in own_state.managed()
            known = own_state.outputs().get(thing.output) if ours else thing.adopted
            ids -= {known}
        except Exception as error:  # noqa: BLE001  (all that `pulumi.runtime.invoke` raises)
            unknown = f"this stack's state, which tells whether it is its own, could not be read ({error})"
            yield f"A {thing.what} already, and {unknown}: run the same command again"
            continue
        found = ", ".join(sorted(ids))
        if ours and not known:
            if len(ids) == 1:  # it must be the one that the state has
                continue
            yield f"More than one {thing.what} ({found}), and this stack made one of them{thing.which}: {thing.remove}"
        elif ids:
            theirs = f"This stack's own is {known}: {thing.remove}, or rename it"
            lost = f"Where an `up` of this stack was killed or failed: `bin/recover {settings.stack}`. {thing.others}"
            yield f"Another {thing.what} already: {found}. {theirs if known else lost}"


def check_made(settings: Settings, resource: str, made: str) -> None:
    """Look, once a thing was made, whether it was made once.

    Both providers repeat a call that was answered with an error, also where the service had done what was asked: then
    there are two, and the state knows the last.

    Args:
        settings: The stack's settings.
        resource: The thing's logical name.
        made: Its id.

    Raises:
        pulumi.RunError: There are others of its name.
    """
    for thing in _things(settings, CREDENTIALS["Neon"].value(), CREDENTIALS["Cloudflare"].value()):
        if thing.resource == resource:
            try:
                others = ", ".join(sorted(set(thing.find()) - {made}))
            except (LookError, RefusedError) as error:
                pulumi.log.warn(f"Not checked: whether more than one {thing.what}: {error}.")
                return
            if others:
                raise pulumi.RunError(
                    f"More than one {thing.what}: a provider repeats a call that was answered with an error. This "
                    f"stack has {made}, and nothing uses {others}: {thing.remove}. Then run "
                    f"`pulumi up -s {settings.stack}` again."
                )
