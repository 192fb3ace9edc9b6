"""Write the comment on a pull request: the addresses, cost and end of its environment."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.costs import FLY_MACHINE
from ops.github import Repository
from ops.pull_request.environment import LIFETIME

if TYPE_CHECKING:
    from ops.pull_request.environment import Environment

RESULTS = ("success", "failure", "gone")
"""The outcomes of a workflow's job, and of a removal."""
_MARKER = "<!-- environment of this pull request -->"


def write(environment: Environment, branch: str, result: str) -> int:
    """Write the comment, or edit it, and return 0.

    In a workflow this reads GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_RUN_ID. Without the token, print the comment.

    Args:
        environment: The environment.
        branch: The pull request's branch.
        result: One of `RESULTS`.

    Raises:
        CloudError: GitHub refused the comment.
        StackError, StackFileError: The template cannot be used.
    """
    text = body(environment, branch, result)
    if "GITHUB_REPOSITORY" in os.environ and os.environ.get("GITHUB_TOKEN"):
        print(f"Wrote {Repository.of(os.environ).put_comment(environment.number, _MARKER, text)}")
    else:
        print(text)
    return 0


def body(environment: Environment, branch: str, result: str) -> str:
    """Return the comment in Markdown.

    Raises:
        StackError, StackFileError: The template cannot be used.
    """
    if result == "gone":
        return "The environment of this pull request is gone: database, app and stack.\n"
    settings = environment.settings(branch)
    ends = datetime.now(UTC) + LIFETIME
    rows = {
        "API": settings.api_url,
        "Frontend": settings.frontend_url,
        "Database": f"branch `{settings.stack}` of {settings.branch_of}'s, with its data",
        "Logs": f"`flyctl logs -a {settings.fly_app}`",
        "Cost": f"about $0 while nobody uses it; ${FLY_MACHINE:.0f} a month if it never stopped",
        "Goes": f"when this is closed, or on {ends:%Y-%m-%d} without another push",
    }
    lines = ["**Environment of this pull request**", "", "| | |", "| --- | --- |"]
    lines += [f"| {title} | {text} |" for title, text in rows.items()]
    if result != "success":
        run = "/".join(os.environ.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY"))
        lines[0] = (
            f"**The environment is not this commit's: the deployment ended with {result}.** "
            f"[Its log]({run}/actions/runs/{os.environ.get('GITHUB_RUN_ID', '')})"
        )
    lines += ["", "The frontend talks to staging until its build asks `deploy/preview-api.sh`."]
    return "\n".join(lines) + "\n"
