"""Find resources whose name a service accepts twice: Neon's projects and Cloudflare's account tokens.

An `up` that was killed, or an answer that was lost, leaves a resource that no state knows. The next `up` would make
another of the same name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.checks import clients
from infra.checks.findings import Finding
from infra.clouds import cloudflare, neon
from infra.clouds.http import CloudError
from infra.config.rotation import storage_tokens
from infra.kinds import ACCOUNT_TOKEN, NEON_PROJECT
from infra.parts.storage_keys import token_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.checks.findings import Start
    from infra.clouds.http import Client
    from infra.config.settings import Settings
    from infra.kinds import Kind
    from infra.states import Recorded

_REMOVE = {
    NEON_PROJECT.type: "Delete the other in Neon's console",
    ACCOUNT_TOKEN.type: "Revoke the other under Manage Account → Account API Tokens",
}
_STRANGERS = {
    NEON_PROJECT.type: "To take it over set adopt.neonProject to its id. Otherwise choose another neonProject, or "
    "rename or delete it",
    ACCOUNT_TOKEN.type: "Rename it, or, if nothing uses it, revoke it under Manage Account → Account API Tokens",
}


def names(settings: Settings) -> dict[str, tuple[Kind, str]]:
    """Return, by logical name, kind and name of the stack's resources whose name a service accepts twice."""
    found = {"neon-project": (NEON_PROJECT, settings.neon_project)}
    found = found if settings.manages("database") and not settings.branch_of else {}
    tokens = storage_tokens(settings) if settings.mints_storage_token else []
    return found | {resource: (ACCOUNT_TOKEN, token_name(settings.bucket, resource)) for resource in tokens}


def ids(settings: Settings, client: Client, kind: Kind, name: str) -> list[str]:
    """Return the ids of all resources of a kind that have exactly this name.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    if kind == NEON_PROJECT:
        return neon.project_ids(client, name, settings.neon_organization_id)
    return cloudflare.token_ids(client, settings.cloudflare_account_id, name)


def namesakes(start: Start, client: Client, kind: Kind) -> Iterator[Finding]:
    """Report each foreign resource that has a name of this stack's.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    for resource, (of_kind, name) in names(start.settings).items():
        if of_kind == kind:
            yield from _namesakes(start, kind, resource, name, set(ids(start.settings, client, kind, name)))


def _namesakes(start: Start, kind: Kind, resource: str, name: str, found: set[str]) -> Iterator[Finding]:
    """Report the found ids that are not this stack's own."""
    settings = start.settings
    adopted = settings.adopt.neon_project if kind == NEON_PROJECT else None
    recorded = start.own_ids() if found and not adopted else {}
    if recorded is None:  # doctor reports the unreadable state
        return
    own = adopted or recorded.get(resource)
    if own == "" and len(found) == 1:  # the state has the resource without its id: this must be it
        own = min(found)
    if others := found - {own}:
        made = f"Another {kind.title} is called {name!r} already: {', '.join(sorted(others))}"
        theirs = f"This stack's own is {own or 'one of them'}. {_REMOVE[kind.type]}, or rename it"
        stack = settings.stack
        lost = (
            f"If an `up` was killed: `bin/recover {stack}`; if it failed: `bin/adopt {stack}`. {_STRANGERS[kind.type]}"
        )
        yield Finding("wrong", made, lost if own is None else theirs)


def check_made(settings: Settings, resource: str, made: str) -> None:
    """Check that a service has only one resource of a name, after Pulumi made it.

    Both providers repeat a call after an error, even if the service had done its work. Then there are two resources,
    and the state records the last.

    Args:
        settings: The stack's settings.
        resource: The resource's logical name.
        made: Its id.

    Raises:
        pulumi.RunError: Others have its name.
    """
    kind, name = names(settings)[resource]
    try:
        found = ids(settings, clients.client(kind.service), kind, name)
    except CloudError as error:
        pulumi.log.warn(f"Not checked: whether more than one {kind.title} is called {name!r}: {error}.")
        return
    if others := ", ".join(sorted(set(found) - {made})):
        raise pulumi.RunError(
            f"More than one {kind.title} is called {name!r}: its provider repeated a call after an error. This stack "
            f"has {made}, and nothing uses {others}. {_REMOVE[kind.type]}. Then run:\n  pulumi up -s {settings.stack}"
        )


def refuse_second(settings: Settings, recorded: Recorded) -> None:
    """Refuse to make a second Neon project while the recorded project exists: `--ignore-protect` would replace it.

    Somebody may have deleted it, which only Neon can tell: the state is older than a refresh.

    Args:
        settings: The stack's settings.
        recorded: The project in the state.

    Raises:
        pulumi.RunError: The recorded project exists.
        CloudError, RefusedError: See `Client.ask`.
    """
    if recorded.id in ids(settings, clients.client("Neon"), NEON_PROJECT, str(recorded.outputs.get("name"))):
        raise pulumi.RunError(
            f"Pulumi would replace database {recorded.id} by a new and empty database, and the backend would use that. "
            f"If you mean it, for this one `up`:\n  pulumi config set unprotect true -s {settings.stack}"
        )
