"""Ask Cloudflare about an account's buckets, Pages projects, API tokens, and zones."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from infra.clouds.http import Client, CloudError, RefusedError, Service

SERVICE = Service("Cloudflare", "CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4")
"""Cloudflare's API. The variable is the one that its own clients read."""

LISTS = {
    "storage": "r2/buckets",
    "frontend": "pages/projects",
    "storage-token": "tokens",
    "pages-domain": "pages/projects",
}
"""By need, the list that a token with the permission may read."""

JURISDICTIONS = ("default", "eu", "fedramp")
"""The jurisdictions of buckets (Cloudflare's API reference, "Get Bucket")."""


def client(token: str) -> Client:
    """Return a client of Cloudflare's API."""
    return Client(SERVICE, token)


def check_access(client: Client, account: str, need: str) -> None:
    """Check that a token reaches an account and has the permission for a need.

    Cloudflare gives the same answer for a wrong account and for a missing permission.

    Args:
        client: A client of Cloudflare's API.
        account: The account's id.
        need: A key of `LISTS`.

    Raises:
        CloudError: Cloudflare gave no usable answer.
        RefusedError: The token does not reach the account, or lacks the permission.
    """
    try:
        client.ask(f"accounts/{account}/{LISTS[need]}")
    except CloudError as error:
        # 400 answers a malformed token, 404 a malformed account id.
        if error.status in {400, 404}:
            raise RefusedError(str(error), error.status) from None
        raise


def get(client: Client, account: str, path: str) -> dict[str, Any]:
    """Return one of an account's objects.

    Args:
        client: A client of Cloudflare's API.
        account: The account's id.
        path: The object's path in the account, quoted: `pages/projects/NAME`.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    found: dict[str, Any] = client.ask(f"accounts/{account}/{path}", "result")
    return found


def bucket(client: Client, account: str, name: str, jurisdiction: str) -> dict[str, Any]:
    """Return a bucket of one jurisdiction, which a header names (Cloudflare's API reference, "Get Bucket").

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    return get(client.with_headers({"cf-r2-jurisdiction": jurisdiction}), account, f"r2/buckets/{quote(name, safe='')}")


def buckets(client: Client, account: str, jurisdiction: str) -> Iterator[dict[str, Any]]:
    """Yield an account's buckets of one jurisdiction, which Cloudflare lists by a cursor.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    within = client.with_headers({"cf-r2-jurisdiction": jurisdiction})
    query: dict[str, str | int] = {"per_page": 1000}
    while True:
        answer = within.ask(f"accounts/{account}/r2/buckets", query=query)
        with client.documented():
            yield from answer["result"]["buckets"]
            cursor = (answer.get("result_info") or {}).get("cursor")
        if not cursor:
            return
        query["cursor"] = cursor


def token_ids(client: Client, account: str, name: str) -> list[str]:
    """Return the ids of an account's API tokens of exactly this name: Cloudflare accepts a name twice.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    with client.documented():
        found = client.items(f"accounts/{account}/tokens", "result", size=50)
        return [str(token["id"]) for token in found if token["name"] == name]


def zones(client: Client, name: str) -> list[dict[str, Any]]:
    """Return the zones of a name that the token sees, each with its account.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    with client.documented():
        return [*client.ask("zones", "result", query={"name": name})]


def records(client: Client, zone: str, name: str) -> list[dict[str, Any]]:
    """Return the DNS records of exactly this name.

    Raises:
        CloudError, RefusedError: See `Client.ask`.
    """
    with client.documented():
        found = client.ask(f"zones/{zone}/dns_records", "result", query={"name": name, "per_page": 100})
        return [record for record in found if record["name"] == name]


def revoke_token(client: Client, account: str, identity: str) -> None:
    """Revoke one of an account's API tokens.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    client.ask(f"accounts/{account}/tokens/{identity}", method="DELETE")
