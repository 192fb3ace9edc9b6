"""When something that stands in a cloud was made: what tells a creation of a stack's own from a stranger's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from infra.clouds import cloudflare, github, neon
from infra.clouds.http import Client, MissingError, Service
from ops.recovery import clouds
from ops.recovery.found import moment

if TYPE_CHECKING:
    from datetime import datetime

    from ops.recovery.found import Operation, State
    from ops.recovery.stack import Stack


class _Place(NamedTuple):
    """Where a service tells of one thing.

    Attributes:
        service: The service.
        path: Of the thing: its inputs' names in braces, `id` for its id, `owner` for its repository's owner.
        date: Where in the answer it says when the thing was made.
    """

    service: Service
    path: str
    date: tuple[str, ...]


def _cloudflare(path: str, date: str) -> _Place:
    return _Place(cloudflare.SERVICE, f"accounts/{{accountId}}/{path}", ("result", date))


def _github(path: str) -> _Place:
    return _Place(github.SERVICE, f"repos/{{owner}}/{{repository}}/{path}", ("created_at",))


_PLACES = {
    clouds.NEON_PROJECT: _Place(neon.SERVICE, "projects/{id}", ("project", "created_at")),
    clouds.BUCKET: _cloudflare("r2/buckets/{name}", "creation_date"),
    clouds.PAGES_PROJECT: _cloudflare("pages/projects/{name}", "created_on"),
    clouds.ACCOUNT_TOKEN: _cloudflare("tokens/{id}", "issued_on"),
    clouds.VARIABLE: _github("actions/variables/{variableName}"),
    clouds.ENVIRONMENT_VARIABLE: _github("environments/{environment}/variables/{variableName}"),
}
DATED = frozenset(_PLACES)
"""The types of what a service gives a date of creation."""


def made(stack: Stack, state: State, operation: Operation, identity: str) -> datetime | None:
    """Return when a thing was made, or None where there is none.

    Args:
        stack: The stack.
        state: Its state.
        operation: The creation that may have made it, of a type in `DATED`.
        identity: The cloud's id of it, where its name is none.

    Raises:
        KeyError, CloudError, RecoveryError: See `recover_clouds.explained`.
    """
    place = _PLACES[operation.type]
    facts = {name: value for name, value in operation.inputs.items() if isinstance(value, str)} | {"id": identity}
    if place.service == github.SERVICE:
        facts["owner"] = clouds.owner(state, operation)
    path = place.path.format_map({name: quote(value, safe="") for name, value in facts.items()})
    client = Client(place.service, clouds.credential(stack, place.service.name))
    try:
        with client.documented():
            return moment(client.ask(path, *place.date))
    except MissingError:
        return None
