"""Check that a team can share the Pulumi backend."""

from __future__ import annotations

import os

from ops import stacks


def require_shared() -> None:
    """Refuse a backend that no workflow may use.

    A CI machine loses its file backend when it ends, and the next run would create the stack a second time.
    The sandbox may use a file backend, because its clouds are local too.

    Raises:
        StackError: The CLI cannot be run, reaches no backend, or keeps the state in a folder.
    """
    if os.environ.get("RELAY_SANDBOX"):
        return
    done = stacks.ask("whoami", "--json")
    if done.returncode != 0:
        raise stacks.StackError(f"Pulumi reaches no backend: {stacks.said(done)}\nSee docs/operating.md.")
    if str(stacks.document(done).get("url", "")).startswith("file:"):
        raise stacks.StackError(
            "The state would be in a local folder, which is lost with this machine; only the sandbox keeps it there. "
            "Set PULUMI_BACKEND_URL to the team's backend (docs/operating.md)."
        )
