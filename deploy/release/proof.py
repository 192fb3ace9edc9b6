"""Prove that the API, Fly's image, the schema and the frontend are this commit's."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from release import fly, migrations
from release.calls import Deadline, ReleaseError, UnknownError, call, rerun, variable

if TYPE_CHECKING:
    from collections.abc import Callable

STARTS = 600.0
"""Seconds in which Cloudflare Pages starts to build a pushed commit."""
BUILDS = 1800.0
POLL = 10.0


def prove() -> None:
    """Run every check that this workflow has the variables for, and report all results.

    Raises:
        ReleaseError: A check failed.
        UnknownError: No check failed, but the result of a check is unknown.
    """
    checks: list[tuple[str, str, Callable[[], str]]] = [
        ("API", "API_URL", fly.answers),
        ("image", "FLY_APP", fly.image),
        ("schema", "NEON_API_KEY", migrations.schema),
        ("frontend", "CLOUDFLARE_API_TOKEN", frontend),
    ]
    failed: list[str] = []
    unknown: list[str] = []
    for name, needed, check in checks:
        if not os.environ.get(needed):
            print(f"{name}: not checked, because {needed} is not set")
            continue
        try:
            print(f"{name}: {check()}", flush=True)
        except ReleaseError as problem:
            print(f"{name}: {'cannot be told' if problem.passing else 'FAILED'}: {problem}", flush=True)
            (unknown if problem.passing else failed).append(name)
    if failed:
        raise ReleaseError(f"these are not this commit's: {', '.join(failed)}")
    if unknown:
        raise UnknownError(f"nothing failed, but this could not be checked: {', '.join(unknown)}. {rerun()}")


def frontend() -> str:
    """Wait until Cloudflare Pages has built this commit, and return a sentence about the deployment.

    Raises:
        ReleaseError: The build failed or never started, or a newer deployment is of another commit.
    """
    account, project = variable("CLOUDFLARE_ACCOUNT_ID"), variable("PAGES_PROJECT")
    commit, branch = variable("GITHUB_SHA"), variable("FRONTEND_BRANCH")
    builds, starts = Deadline(BUILDS, POLL), Deadline(STARTS, POLL)
    where = f"https://dash.cloudflare.com/{account}/pages/view/{quote(project, safe='')}"
    while not builds.passed:
        listed = _deployments(account, project, branch, builds)
        own = next((each for each in listed if _commit(each) == commit), None)
        newest = _commit(listed[0]) if listed else "nothing"
        if own and newest != commit and os.environ.get("GITHUB_EVENT_NAME") == "push":
            return f"a later push, of {newest}, deploys the frontend"
        if own and newest == commit:
            stage = own.get("latest_stage") or {}
            if own.get("is_skipped"):
                return f"Pages skipped {commit}, which changes nothing of the frontend"
            if stage.get("status") in {"failure", "canceled"}:
                raise ReleaseError(f"the build of {commit} ended with {stage['status']}. Its log:\n{where}/{own['id']}")
            if stage.get("name") == "deploy" and stage.get("status") == "success":
                return f"{own['url']} was built from {commit}"
        elif starts.passed:
            raise ReleaseError(f"no build of {commit} on {branch} started; the newest is of {newest}:\n{where}")
        builds.wait()
    raise ReleaseError(f"the build of {commit} did not end. Its log:\n{where}")


def _commit(deployment: dict[str, Any]) -> str:
    return str(((deployment.get("deployment_trigger") or {}).get("metadata") or {}).get("commit_hash"))


def _deployments(account: str, project: str, branch: str, deadline: Deadline) -> list[dict[str, Any]]:
    """Return the deployments of a branch on the first page that has any, the newest first."""
    api = os.environ.get("CLOUDFLARE_BASE_URL") or "https://api.cloudflare.com/client/v4"
    url = f"{api}/accounts/{account}/pages/projects/{quote(project, safe='')}/deployments"
    for page in count(1):
        asked = f"{url}?page={page}&per_page=25"
        listed = deadline.repeat(partial(call, "GET", asked, variable("CLOUDFLARE_API_TOKEN")))["result"] or []
        found = [
            each
            for each in listed
            if (each.get("deployment_trigger") or {}).get("metadata", {}).get("branch") == branch
        ]
        if found or len(listed) < 25:
            return found
    return []
