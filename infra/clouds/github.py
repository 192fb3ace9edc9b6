"""Ask GitHub about a repository."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from infra.clouds.http import Client, Service

SERVICE = Service(
    "GitHub",
    "GITHUB_API_URL",
    "https://api.github.com",
    {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
)
"""GitHub's API. The variable is the one that GitHub's runners set."""


def client(token: str) -> Client:
    """Return a client of GitHub's API."""
    return Client(SERVICE, token)


def repository(client: Client, name: str) -> dict[str, Any]:
    """Return a repository, given as `owner/name`.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    found: dict[str, Any] = client.ask(f"repos/{name}")
    return found


def environments(client: Client, repository: str) -> Iterator[dict[str, Any]]:
    """Yield a repository's environments.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    return client.items(f"repos/{repository}/environments", "environments")


def environment(client: Client, repository: str, name: str) -> dict[str, Any]:
    """Return a repository's environment.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    found: dict[str, Any] = client.ask(f"repos/{repository}/environments/{quote(name, safe='')}")
    return found


def variables(client: Client, repository: str, environment: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield a repository's own Actions variables, or an environment's.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    place = f"environments/{quote(environment, safe='')}" if environment else "actions"
    return client.items(f"repos/{repository}/{place}/variables", "variables", size=30)


def secrets(client: Client, repository: str, environment: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield a repository's own Actions secrets, or an environment's, without their values.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    place = f"environments/{quote(environment, safe='')}" if environment else "actions"
    return client.items(f"repos/{repository}/{place}/secrets", "secrets")


def policies(client: Client, repository: str, environment: str) -> Iterator[dict[str, Any]]:
    """Yield the deployment branch policies of a repository's environment.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    path = f"repos/{repository}/environments/{quote(environment, safe='')}/deployment-branch-policies"
    return client.items(path, "branch_policies")


def pull_requests(client: Client, repository: str) -> Iterator[dict[str, Any]]:
    """Yield a repository's open pull requests.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    return client.items(f"repos/{repository}/pulls")


def releases(client: Client, repository: str) -> Iterator[dict[str, Any]]:
    """Yield a repository's releases in GitHub's order, drafts and pre-releases among them.

    Raises:
        CloudError, MissingError, RefusedError: See `Client.ask`.
    """
    return client.items(f"repos/{repository}/releases")
