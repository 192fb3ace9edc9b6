"""The looks that an `up` takes outside: at flyctl, at Cloudflare's account, and for what a cloud accepts twice by name.

That is Neon's projects and Cloudflare's account tokens. An `up` that was killed, or an answer that was lost, leaves one
that no state knows, and the next `up` makes another.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pulumi

from infra import states
from infra.checks.credentials import CREDENTIALS
from infra.clouds import cloudflare, neon
from infra.clouds.cloudflare import check_access, token_ids
from infra.clouds.http import CloudError, RefusedError
from infra.clouds.neon import project_ids
from infra.config.rotation import storage_tokens
from infra.parts.storage_keys import token_name
from infra.providers.fly.errors import FlyError
from infra.providers.fly.flyctl import Flyctl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.config.settings import Settings


class Thing(NamedTuple):
    """Something of this stack whose name may repeat.

    Attributes:
        what: What it is and is called.
        resource: Its logical name.
        find: Returns the ids of all that are called so.
        refused: What is wrong where that is refused.
        others: What to do about one that somebody else made.
        remove: What to do about one that nothing uses.
        unsure: What may be wrong where nothing was learnt.
        adopted: Its id, where it was there before Pulumi.
    """

    what: str
    resource: str
    find: Callable[[], list[str]]
    refused: str
    others: str
    remove: str
    unsure: str = ""
    adopted: str | None = None


def _things(settings: Settings, cloudflare_token: str) -> Iterator[Thing]:
    """Yield what this stack makes of that sort, but for what there is no credential to look for."""
    neon_key = CREDENTIALS["Neon"].value()
    if settings.manages("database") and neon_key:
        name, organization = settings.neon_project, settings.neon_organization_id
        yield Thing(
            what=f"Neon project is called {name!r}",
            resource="neon-project",
            find=partial(project_ids, neon.client(neon_key), name, organization),
            refused="NEON_API_KEY is not accepted: {}. Make one at https://console.neon.tech/app/settings/api-keys",
            others="To take it over set adopt.neonProject to its id; else choose another neonProject, or rename or "
            "delete it",
            remove="delete the other in Neon's console",
            unsure="" if organization else " A personal key must name its organization: neonOrganizationId.",
            adopted=settings.adopt.neon_project,
        )
    if settings.mints_storage_token and cloudflare_token:
        for resource in storage_tokens(settings):
            name = token_name(settings.bucket, resource)
            yield Thing(
                what=f"Cloudflare account token is called {name!r}",
                resource=resource,
                find=partial(token_ids, cloudflare.client(cloudflare_token), settings.cloudflare_account_id, name),
                refused="CLOUDFLARE_API_TOKEN may not list the account's tokens: {}. It needs Account API Tokens: Edit",
                others="Rename it, or revoke it where nothing uses it, under Manage Account → Account API Tokens",
                remove="revoke the other under Manage Account → Account API Tokens",
            )


def problems(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing that is amiss; what could not be looked at is a warning."""
    if settings.manages("backend"):
        try:
            Flyctl(warn=pulumi.log.warn).version()
        except FlyError as error:
            yield str(error)
    token, account = CREDENTIALS["Cloudflare"].value(), settings.cloudflare_account_id
    part = next((part for part in ("frontend", "storage") if part in settings.manage), None)
    if token and part:
        try:
            check_access(cloudflare.client(token), account, part)
        except RefusedError as error:
            token = ""  # and so it may not list tokens either
            yield (
                f"CLOUDFLARE_API_TOKEN does not reach account {account}, or may not do there what `{part}` needs: "
                f"{error}. Use a token of that account, or correct cloudflareAccountId"
            )
        except CloudError as error:
            pulumi.log.warn(f"Not checked: whether CLOUDFLARE_API_TOKEN is for account {account}: {error}.")
    for thing in _things(settings, token):
        yield from _namesakes(settings, thing)


def _namesakes(settings: Settings, thing: Thing) -> Iterator[str]:
    """Yield a line where a thing has a namesake, or may have."""
    try:
        found = set(thing.find())
        own = thing.adopted or (states.own_ids().get(thing.resource) if found else None)
        if own == "" and len(found) == 1:  # a state that does not say it: it must be this one
            own = min(found)
    except RefusedError as error:
        yield thing.refused.format(error)
    except CloudError as error:
        pulumi.log.warn(f"Not checked: whether another {thing.what}: {error}.{thing.unsure}")
    except states.StateError as error:
        unknown = f"this stack's state, which tells whether it is its own, could not be read ({error})"
        yield f"A {thing.what} already, and {unknown}: run the same command again"
    else:
        others = ", ".join(sorted(found - {own}))
        theirs = f"This stack's own is {own or 'one of them'}: {thing.remove}, or rename it"
        lost = f"Where an `up` of this stack was killed or failed: `bin/recover {settings.stack}`. {thing.others}"
        if others:
            yield f"Another {thing.what} already: {others}. {lost if own is None else theirs}"


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
    for thing in _things(settings, CREDENTIALS["Cloudflare"].value()):
        if thing.resource == resource:
            try:
                others = ", ".join(sorted(set(thing.find()) - {made}))
            except CloudError as error:
                pulumi.log.warn(f"Not checked: whether more than one {thing.what}: {error}.")
                return
            if others:
                raise pulumi.RunError(
                    f"More than one {thing.what}: a provider repeats a call that was answered with an error. This "
                    f"stack has {made}, and nothing uses {others}: {thing.remove}. Then run "
                    f"`pulumi up -s {settings.stack}` again."
                )
