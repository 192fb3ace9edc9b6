"""Warn of credentials that end soon: in a stack's state, in the environment, and on its Fly apps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.clouds import cloudflare, github
from infra.clouds.http import Client, CloudError, Request, Response, send
from infra.providers.fly.errors import FlyError
from infra.providers.fly.flyctl import Flyctl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WARN_BEFORE = timedelta(days=14)
# The outputs that hold a credential's end, in ISO 8601.
_ENDS = ("expires_at", "expiresOn")
_GITHUB_HEADER = "github-authentication-token-expiration"


def in_state(state: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield a sentence for each credential in a stack's state that ends within `WARN_BEFORE`.

    Args:
        state: The document that `pulumi stack export` prints.
        now: The present time, with its zone.
    """
    for resource in (state.get("deployment") or {}).get("resources") or []:
        outputs = resource.get("outputs") or {}
        for key in _ENDS:
            text = outputs.get(key)
            if isinstance(text, str) and text:
                yield from _soon(str(resource["urn"]).rsplit("::", maxsplit=1)[-1], datetime.fromisoformat(text), now)


def of_process(account: str, now: datetime, environ: dict[str, str]) -> Iterator[str]:
    """Yield a sentence for each credential in the environment that ends within `WARN_BEFORE` or has an unknown end.

    Neon's API keys never end.

    Args:
        account: The Cloudflare account's id.
        now: The present time, with its zone.
        environ: The environment variables.
    """
    asked: dict[str, Callable[[str], datetime | None]] = {
        "CLOUDFLARE_API_TOKEN": lambda token: _of_cloudflare(token, account),
        "GITHUB_TOKEN": _of_github,
        "FLY_API_TOKEN": lambda token: Flyctl(environ=environ | {"FLY_ACCESS_TOKEN": token}).tokens_debug(),
    }
    for name, end_of in asked.items():
        try:
            end = end_of(environ[name]) if environ.get(name) else None
        except (CloudError, FlyError, ValueError) as error:
            yield f"{name}: its end is not known: {error}"
        else:
            yield from _soon(name, end, now) if end else ()


def of_app(app: str, now: datetime) -> Iterator[str]:
    """Yield a sentence for each token of a Fly app that ends within `WARN_BEFORE`, such as a deploy token made by hand.

    Args:
        app: The app's name.
        now: The present time, with its zone.
    """
    try:
        tokens = Flyctl().tokens_list(app)
    except FlyError as error:
        yield f"the tokens of Fly app {app}: their ends are not known: {error}"
        return
    for token in tokens:
        # Fly.io lists a token for ever. A token that is revoked or has ended needs no warning.
        if token.expires and token.expires > now and not token.revoked:
            yield from _soon(f"Token {token.name} of Fly app {app}", token.expires, now)


def _soon(name: str, end: datetime, now: datetime) -> Iterator[str]:
    left = (end if end.tzinfo else end.replace(tzinfo=UTC)) - now
    if left < WARN_BEFORE:
        yield f"{name} {'ended' if left < timedelta() else 'ends'} on {end:%Y-%m-%d}: rotate it (docs/operating.md)"


def _of_cloudflare(token: str, account: str) -> datetime | None:
    """Return the end of a user's or an account's token of Cloudflare; None for a token without an end."""
    client = cloudflare.client(token)
    try:
        found = client.ask("user/tokens/verify", "result")
    except CloudError:
        found = client.ask(f"accounts/{account}/tokens/verify", "result")
    return datetime.fromisoformat(found["expires_on"]) if found.get("expires_on") else None


def _of_github(token: str) -> datetime | None:
    """Return the end of a GitHub token, from the header of an answer; None for a token without an end."""
    headers: dict[str, str] = {}

    def transport(request: Request) -> Response:
        answer = send(request)
        headers.update({name.lower(): value for name, value in answer.headers.items()})
        return answer

    Client(github.SERVICE, token, transport=transport).ask("rate_limit")
    text = headers.get(_GITHUB_HEADER, "").removesuffix(" UTC")
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if text else None
