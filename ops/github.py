"""Call GitHub's REST API for the workflows: comments, issues and releases."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = 100
TIMEOUT = 30


class GitHubError(Exception):
    """A call failed. The message names the call and holds GitHub's answer."""


class Repository(NamedTuple):
    """A repository, with the credential for its API.

    Attributes:
        name: `owner/name`.
        token: A token; workflows pass their own.
        api: The API's address, without a trailing slash.
    """

    name: str
    token: str
    api: str = "https://api.github.com"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Repository:
        """Return the repository of a workflow's environment.

        Args:
            environment: Holds GITHUB_REPOSITORY and GITHUB_TOKEN, and maybe GITHUB_API_URL.
        """
        api = environment.get("GITHUB_API_URL") or cls._field_defaults["api"]
        return cls(environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"], api)

    def put_comment(self, number: int, marker: str, body: str, *, author: str = "github-actions[bot]") -> str:
        """Edit the author's comment that begins with a marker, or post one.

        Args:
            number: The pull request's number.
            marker: An HTML comment that no other comment of the author begins with.
            body: Markdown.
            author: Login of the author whose comments may be edited.

        Returns:
            The comment's address on GitHub.

        Raises:
            GitHubError: A call failed.
        """
        text = f"{marker}\n{body}"
        for comment in self._all(f"/repos/{self.name}/issues/{number}/comments"):
            if (comment["user"] or {}).get("login") == author and (comment["body"] or "").startswith(marker):
                edited = self._call("PATCH", f"/repos/{self.name}/issues/comments/{comment['id']}", {"body": text})
                return str(edited["html_url"])
        return str(self._call("POST", f"/repos/{self.name}/issues/{number}/comments", {"body": text})["html_url"])

    def releases(self) -> Iterator[dict[str, Any]]:
        """Yield the repository's releases, including drafts and pre-releases, in GitHub's order.

        Raises:
            GitHubError: A call failed.
        """
        return self._all(f"/repos/{self.name}/releases")

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page by page."""
        for page in count(1):
            items = self._call("GET", f"{path}?per_page={PAGE}&page={page}")
            yield from items
            if len(items) < PAGE:
                return

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- the address is GitHub's, from the runner
            self.api + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
            hint = ""
            if error.code == 403 and "/issues/" in path:
                hint = " The job needs `permissions: pull-requests: write`."
            raise GitHubError(f"GitHub: {method} {path}: HTTP {error.code}: {said}.{hint}") from None
        except OSError as error:
            raise GitHubError(f"GitHub: {method} {path}: {error}") from None
