"""Word a cloud's refusal as flyctl prints it.

Seen: the forms around the servers' words (flyctl 0.4.87).
Reported: "Name has already been taken", "unauthorized", "Could not find App"; `sandbox.world.fly` has the others.
"""

from __future__ import annotations

from sandbox.world.errors import CloudError

REQUEST_ID = " (Request ID: 01SANDBOX0000000000000000-iad)"
GRAPHQL = "https://api.fly.io/graphql"
MACHINES = "https://api.machines.dev/v1"
NAME_TAKEN = (
    "\n\nApp names are unique across all of Fly.io, not just your organization, so this name may be held by an app "
    "you cannot see. Try a different name."
)


def refusal(error: CloudError, url: str, *, mint: bool) -> str:
    """Return a refusal as flyctl words it: the APIs differ."""
    at_http = error.code == "http"
    if mint:
        answer = f'returned error {error.status}: {{"errors":[{{"message":"{error.message}"}}]}}'
        return answer if at_http else f"input: {error.message}\n"
    if url == GRAPHQL:
        message = f"server returned a non-200 status code: {error.status}" if at_http else error.message
        return f"failed to run query ($name: String!) {{ node(name: $name) {{ id }} }}: {message}"
    if error.status == 502:
        # flyctl repeats the POST, and the repeat goes out without its body.
        broken = "net/http: HTTP/1.x transport connection broken: http: ContentLength=17 with Body length 0"
        return f'Post "{url}": {broken}'
    if error.status >= 500:
        return f"request returned non-2xx status: {error.status}: {error.message}"
    missing = "unauthorized" if error.code == "foreign" else "app not found"
    message = missing if error.status == 404 and error.code != "certificate" else error.message
    return f"{message}{REQUEST_ID}{NAME_TAKEN if error.code == 'name_taken' else ''}"
