"""Deploy to Fly.io, and check what runs there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from http.client import HTTPException

from release.calls import AGENT, Deadline, ReleaseError, UnknownError, variable

ANSWERS = 180.0
POLL = 10.0


def deploy() -> None:
    """Deploy this commit. If flyctl fails, check whether it had deployed: it may have lost the last answer.

    Raises:
        ReleaseError: No machine runs the commit, or the API does not answer.
        UnknownError: Only some machines run it, or flyctl did not tell.
    """
    app, commit = variable("FLY_APP"), variable("GITHUB_SHA")
    command = ["flyctl", "deploy", "--remote-only", "--ha=false", "--config", variable("FLY_FILE")]
    try:
        code = subprocess.run([*command, "--image-label", commit, "--app", app], check=False).returncode
    except OSError as error:
        raise ReleaseError(f"flyctl cannot be run: {error}") from None
    if code == 0:
        return
    tags = images(app)
    found = f"flyctl ended with exit code {code}, and {app} runs {', '.join(sorted(tags)) or 'no machine'}"
    if commit not in tags:
        raise ReleaseError(f"{found}: not deployed. Its log:\nflyctl logs -a {app}")
    if tags != {commit}:
        raise UnknownError(
            f"{found}: deployed in part. Look at its machines, then deploy again:\nflyctl status -a {app}"
        )
    print(f"{found}: deployed. {answers()}", flush=True)


def answers() -> str:
    """Return how the API answers at HEALTH_PATH.

    Raises:
        ReleaseError: The API does not answer with success in time.
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
    """Return a sentence that every machine runs this commit's image, which the deployment labels with the commit.

    Raises:
        ReleaseError: A machine runs another image.
        UnknownError: flyctl did not tell.
    """
    app, commit = variable("FLY_APP"), variable("GITHUB_SHA")
    tags = images(app)
    if tags != {commit}:
        found = ", ".join(sorted(tags)) or "no machine"
        raise ReleaseError(f"{app} runs {found}, not {commit}:\nflyctl releases --image -a {app}")
    return f"every machine runs {commit}"


def images(app: str) -> set[str]:
    """Return the labels of the images that the app's machines run.

    Raises:
        UnknownError: flyctl did not tell.
    """
    command = ["flyctl", "status", "--json", "--app", app]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return {str(machine["image_ref"]["tag"]) for machine in json.loads(done.stdout)["Machines"]}
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
        problem = f"flyctl did not tell what {app} runs ({type(error).__name__})"
        raise UnknownError(f"{problem}:\n{' '.join(command)}") from None
