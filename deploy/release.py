#!/usr/bin/env python3
"""Steps of a release that the deployment workflows share, and its undoing. Standard library only, Python 3.11 or later.

Usage: python3 deploy/release.py COMMAND

    wait WORKFLOW         wait for that workflow's run for this commit, where this repository has the workflow
    restore-point NAME    keep the database as it is now, as Neon branch before-NAME; the newest three are kept
    restore BRANCH        put the database back to such a branch; what it was until then is kept under another name
    answers URL           wait until the API answers there
    fast-forward BRANCH   move a branch forward to this commit, never back

The environment holds NEON_API_KEY and NEON_PROJECT_ID, or GITHUB_TOKEN and what GitHub Actions sets.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 3
PREFIX = "before-"
TIMEOUT = 30  # seconds, for one call
POLL = 5.0  # seconds between two looks
LOCKED = 423  # Neon: another operation runs on the project
# An edge such as Cloudflare's turns away what calls itself Python-urllib.
NAME = {"User-Agent": "relay-infrastructure"}


class ReleaseError(Exception):
    """What could not be done, and what to do next."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def call(method: str, url: str, token: str, body: Any = None) -> Any:
    """Call a JSON API and return its answer. Raises ReleaseError, with the status, when it refuses."""
    request = urllib.request.Request(  # noqa: S310  (an address of this file or of the runner)
        url,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            **NAME,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(500).decode(errors="replace")
        raise ReleaseError(f"{method} {url}: HTTP {error.code}: {said}", error.code) from None
    except OSError as error:
        raise ReleaseError(f"{method} {url}: {error}") from None


def variable(name: str) -> str:
    """Return a variable of the environment. Raises ReleaseError where it is missing."""
    if not os.environ.get(name):
        raise ReleaseError(f"{name} is not set")
    return os.environ[name]


def neon(method: str, path: str, body: Any = None, seconds: float = 300) -> Any:
    """Call Neon about the project; wait where another operation runs on it."""
    api = os.environ.get("NEON_API_URL", "https://console.neon.tech/api/v2")
    url = f"{api}/projects/{variable('NEON_PROJECT_ID')}{path}"
    end = time.monotonic() + seconds
    while True:
        try:
            return call(method, url, variable("NEON_API_KEY"), body)
        except ReleaseError as problem:
            if problem.status != LOCKED or time.monotonic() > end:
                raise
        time.sleep(POLL)


def restore_point(release: str) -> None:
    """Branch the default branch as it is now, without a compute, and delete all but the newest points."""
    branches = neon("GET", "/branches")["branches"]
    names = {branch["name"] for branch in branches}
    wanted = name = PREFIX + release
    count = 1
    while name in names:  # this release was deployed before: that point is kept, too
        count += 1
        name = f"{wanted}-{count}"
    body = {"branch": {"name": name, "parent_id": default(branches)["id"]}}
    made = neon("POST", "/branches", body)["branch"]
    print(f"Restore point {name}: `python3 deploy/release.py restore {name}` puts the database back to it.")
    points = [branch for branch in branches if branch["name"].startswith(PREFIX)]
    points.sort(key=lambda branch: branch["created_at"], reverse=True)
    for old in points[KEPT - 1 :]:
        try:
            neon("DELETE", f"/branches/{old['id']}")
            print(f"Deleted the older restore point {old['name']}.")
        except ReleaseError as problem:
            # Neon keeps a branch that others were made of. A release does not wait for that.
            print(f"The older restore point {old['name']} stays: {problem}")
    if made["name"] != name:
        raise ReleaseError(f"Neon made branch {made['name']} instead of {name}: look at the project before you release")


def restore(name: str) -> None:
    """Put the default branch back to what another branch holds; its connection string stays the same.

    What it held is kept, with every restore point below it: of a branch that has children, Neon asks for that. It can
    never be deleted, since a root branch was restored from another one.
    """
    branches = neon("GET", "/branches")["branches"]
    found = [branch for branch in branches if branch["name"] == name]
    if not found:
        points = ", ".join(sorted(b["name"] for b in branches if b["name"].startswith(PREFIX))) or "none"
        raise ReleaseError(f"there is no branch {name}; restore points: {points}")
    target = default(branches)
    kept = f"replaced-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    body = {"source_branch_id": found[0]["id"], "preserve_under_name": kept}
    neon("POST", f"/branches/{target['id']}/restore", body)
    print(
        f"The database is as it was at {name}. What it was until now is branch {kept}. Neon does not let it be deleted "
        "and counts it among the plan's branches; when all is well, drop the databases in it to free their storage."
    )


def default(branches: list[Any]) -> Any:
    """Return the project's default branch."""
    for branch in branches:
        if branch.get("default"):
            return branch
    raise ReleaseError("the Neon project has no default branch")


def github(method: str, path: str, body: Any = None) -> Any:
    """Call GitHub about the repository."""
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    return call(method, f"{api}/repos/{variable('GITHUB_REPOSITORY')}{path}", variable("GITHUB_TOKEN"), body)


def wait(workflow: str, appear: float = 60, seconds: float = 3600) -> None:
    """Wait for a workflow's newest run for this commit and event.

    Returns at once where the repository has no such workflow or a person started this one, and where there is no run
    after `appear` seconds.
    """
    commit, event = variable("GITHUB_SHA"), variable("GITHUB_EVENT_NAME")
    if event == "workflow_dispatch":
        print("Started by hand: nothing to wait for.")
        return
    path = f"/actions/workflows/{workflow}/runs?head_sha={commit}&event={event}&per_page=1"
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            runs = github("GET", path)["workflow_runs"]
        except ReleaseError as problem:
            if problem.status != 404:
                raise
            print(f"{workflow} is not in this repository: nothing to wait for.")
            return
        if runs and runs[0]["status"] == "completed":
            if runs[0]["conclusion"] != "success":
                raise ReleaseError(
                    f"the infrastructure of this commit is not up: {runs[0]['conclusion']}, {runs[0]['html_url']}"
                )
            return
        if not runs and time.monotonic() - start >= appear:
            print(f"{workflow} does not run for this commit: nothing to wait for.")
            return
        time.sleep(POLL)
    raise ReleaseError(f"{workflow} still runs for {commit} after {seconds:.0f} s")


def fast_forward(branch: str) -> None:
    """Move a branch to this commit; GitHub refuses where that would not be forward."""
    commit = variable("GITHUB_SHA")
    try:
        github("PATCH", f"/git/refs/heads/{branch}", {"sha": commit, "force": False})
    except ReleaseError as problem:
        if problem.status == 422 and "does not exist" in str(problem):
            github("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
        elif problem.status == 422:
            raise ReleaseError(f"{branch} cannot go forward to {commit}: {problem}") from None
        else:
            raise
    print(f"{branch} is at {commit}.")


def answers(url: str, seconds: float = 180) -> None:
    """Wait until a GET of the address answers with success."""
    if not re.match(r"https?://.", url):
        raise ReleaseError(f"{url} is no address: is API_URL provisioned?")
    request = urllib.request.Request(url, headers=NAME)  # noqa: S310
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                print(f"{url}: HTTP {answer.status}")
                return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if time.monotonic() > end:
                raise ReleaseError(f"{url} does not answer: {error}. `flyctl logs` tells why") from None
        time.sleep(POLL)


COMMANDS: dict[str, Callable[[str], None]] = {
    "wait": wait,
    "restore-point": restore_point,
    "restore": restore,
    "answers": answers,
    "fast-forward": fast_forward,
}


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    command, argument = arguments
    if not re.fullmatch(r"[\w./:+-]+", argument):
        print(f"release.py {command}: {argument!r} is not a name", file=sys.stderr)
        return 2
    try:
        COMMANDS[command](argument)
    except ReleaseError as problem:
        print(f"release.py {command}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
