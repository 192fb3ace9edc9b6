"""Prove that what answers is this commit's: the API, Fly's image, the schema, and the frontend."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from functools import partial
from http.client import HTTPException
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from release import migrations
from release.calls import AGENT, Deadline, ReleaseError, UnknownError, call, variable

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWERS = 180.0
STARTS = 600.0
"""Seconds in which Cloudflare Pages starts to build a pushed commit."""
BUILDS = 1800.0
POLL = 10.0


def prove() -> None:
    """Check everything that this workflow can, and report it all.

    Raises:
        ReleaseError: A check failed.
        UnknownError: No check failed, but one could not be made.
    """
    checks: list[tuple[str, str, Callable[[], str]]] = [
        ("API", "API_URL", answers),
        ("image", "FLY_APP", image),
        ("schema", "NEON_API_KEY", schema),
        ("frontend", "CLOUDFLARE_API_TOKEN", frontend),
    ]
    failed, unknown = [], []
    for name, needed, check in checks:
        if not os.environ.get(needed):
            print(f"{name}: not checked, because {needed} is not set")
            continue
        try:
            print(f"{name}: {check()}", flush=True)
        except UnknownError as problem:
            print(f"{name}: cannot be told: {problem}", flush=True)
            unknown.append(name)
        except ReleaseError as problem:
            print(f"{name}: FAILED: {problem}", flush=True)
            failed.append(name)
    if failed:
        raise ReleaseError(f"this commit is not what answers: {', '.join(failed)}")
    if unknown:
        raise UnknownError(
            f"nothing failed, but this could not be checked: {', '.join(unknown)}. Run it again:\n"
            f"gh run rerun {os.environ.get('GITHUB_RUN_ID', 'RUN')}"
        )


def answers() -> str:
    """Return how the API answers at HEALTH_PATH.

    Raises:
        ReleaseError: It does not answer with success in time.
    """
    url = variable("API_URL") + os.environ.get("HEALTH_PATH", "")
    if not re.match(r"https?://.", url):
        raise ReleaseError(f"{url} is no address: is API_URL provisioned?")
    request = urllib.request.Request(url, headers=AGENT)  # noqa: S310  (checked above)
    deadline = Deadline(ANSWERS, POLL)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return f"{url} answers {answer.status}"
        except (OSError, HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if deadline.passed:
                app = os.environ.get("FLY_APP", "APP")
                raise ReleaseError(f"{url} does not answer: {error}. Its log:\nflyctl logs -a {app}") from None
        deadline.wait()


def image() -> str:
    """Return the image that every machine of the Fly app runs: the workflow labels it with the commit.

    Raises:
        ReleaseError: A machine runs another image.
        UnknownError: flyctl did not say.
    """
    app, commit = variable("FLY_APP"), variable("GITHUB_SHA")
    command = ["flyctl", "status", "--json", "--app", app]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        machines = json.loads(done.stdout)["Machines"]
        tags = {str(machine["image_ref"]["tag"]) for machine in machines}
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
        raise UnknownError(f"flyctl did not say ({type(error).__name__}):\n{' '.join(command)}") from None
    if tags != {commit}:
        found = ", ".join(sorted(tags)) or "no machine"
        raise ReleaseError(f"{app} runs {found}, not {commit}:\nflyctl releases --image -a {app}")
    return f"{len(machines)} of {len(machines)} machines run {commit}"


def schema() -> str:
    """Return the revision of the database, read from a copy of it.

    Raises:
        ReleaseError: It is not the release's.
    """
    return f"the database is at {migrations.schema()}"


def frontend() -> str:
    """Return the deployment of the frontend, once Cloudflare Pages has built this commit.

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
