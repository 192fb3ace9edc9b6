"""Keep comments and issues in the repository on GitHub up to date, for the workflows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.clouds import github
from infra.clouds.http import Client, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOT = "github-actions[bot]"
"""The author of comments and issues that a workflow writes with its own token."""


class Repository(NamedTuple):
    """A repository, and a client of GitHub's API with a workflow's token.

    Attributes:
        name: `owner/name`.
        client: A client of GitHub's API.
    """

    name: str
    client: Client

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Repository:
        """Return the repository that GITHUB_REPOSITORY names, with a client that uses GITHUB_TOKEN."""
        return cls(environment["GITHUB_REPOSITORY"], github.client(environment["GITHUB_TOKEN"]))

    def put_comment(self, number: int, marker: str, body: str) -> str:
        """Edit the workflow's comment that begins with a marker, or post a new comment.

        Args:
            number: The pull request's number.
            marker: An HTML comment that begins no other comment of the workflow.
            body: Markdown.

        Returns:
            The comment's address.

        Raises:
            CloudError: GitHub refused, or did not answer.
        """
        path, text = f"issues/{number}/comments", f"{marker}\n{body}"
        found = next(self._own(path, marker), None)
        if found:
            return str(self._call("PATCH", f"issues/comments/{found['id']}", {"body": text})["html_url"])
        return str(self._call("POST", path, {"body": text})["html_url"])

    def put_issue(self, marker: str, title: str, body: str) -> str:
        """Edit the workflow's open issue that begins with a marker, or open a new issue.

        Args:
            marker: An HTML comment that begins no other issue of the workflow.
            title: The title of a new issue.
            body: Markdown. An issue with this body is left alone.

        Returns:
            The issue's address.

        Raises:
            CloudError: GitHub refused, or did not answer.
        """
        text = f"{marker}\n{body}"
        found = next(self._own("issues", marker), None)
        if found and found["body"] == text:
            return str(found["html_url"])
        if found:
            return str(self._call("PATCH", f"issues/{found['number']}", {"body": text})["html_url"])
        return str(self._call("POST", "issues", {"title": title, "body": text})["html_url"])

    def close_issue(self, marker: str) -> str:
        """Close the workflow's open issue that begins with a marker.

        Returns:
            The issue's address; empty if there is none.

        Raises:
            CloudError: GitHub refused, or did not answer.
        """
        found = next(self._own("issues", marker), None)
        if not found:
            return ""
        closed = {"state": "closed", "state_reason": "completed"}
        return str(self._call("PATCH", f"issues/{found['number']}", closed)["html_url"])

    def _own(self, path: str, marker: str) -> Iterator[dict[str, Any]]:
        """Yield the comments or issues that the workflow wrote and that begin with a marker."""
        with _permitted():
            for entry in self.client.items(f"repos/{self.name}/{path}"):
                login = (entry.get("user") or {}).get("login")  # GitHub's `user` may be null
                if login == BOT and (entry.get("body") or "").startswith(marker):
                    yield entry

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        with _permitted():
            return self.client.ask(f"repos/{self.name}/{path}", method=method, body=body)


@contextmanager
def _permitted() -> Iterator[None]:
    """Name the permission that a workflow's token lacks.

    Raises:
        RefusedError: GitHub refused the token.
    """
    try:
        yield
    except RefusedError as error:
        needed = "`pull-requests: write` or `issues: write`"
        raise RefusedError(f"{error}: the job needs `permissions:` with {needed}", error.status) from None
