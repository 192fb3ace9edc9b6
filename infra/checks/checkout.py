"""Check the checkout that production is brought up from. Asks git alone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from infra.checks.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.checks.findings import Start


def unreleased(start: Start) -> Iterator[Finding]:
    """Report, as a note, that production's checkout has changes or is no release."""
    settings = start.settings
    if start.preview or settings.tier != "production" or "RELAY_SANDBOX" in start.environ:
        return
    changed = _git("status", "--porcelain")
    if changed is None:  # no checkout, or no git
        return
    fix = "Publish a release, which brings production up, or check one out: `git switch --detach TAG`"
    if changed:
        yield Finding("note", "production's checkout has changes that are not committed", fix)
    elif _git("describe", "--exact-match", "--tags", "--match", settings.release_tags) is None:
        yield Finding("note", "production's checkout is a commit that is no release", fix)


def _git(*arguments: str) -> str | None:
    """Return git's answer about the working directory; None if it fails."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
