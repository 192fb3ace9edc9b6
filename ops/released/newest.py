"""Choose the newest full release, and check that its commit was merged."""

from __future__ import annotations

import subprocess
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from infra.config.reading import read_files
from infra.config.settings import Settings
from infra.config.stack_files import read_stack_files
from infra.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class ReleaseError(UserError):
    """The newest release cannot be used. The message gives the reason and the next step."""


def newest(releases: Iterable[dict[str, Any]], pattern: str) -> str:
    """Return the tag of the full release that was published last; empty if there is none.

    Args:
        releases: Releases as GitHub's REST API lists them, sorted by creation, not by publication.
        pattern: The setting `releaseTags`, such as `v*`.
    """
    full = [release for release in releases if not release["draft"] and not release["prerelease"]]
    matching = [release for release in full if release["published_at"] and fnmatchcase(release["tag_name"], pattern)]
    return str(max(matching, key=lambda release: release["published_at"])["tag_name"]) if matching else ""


def check_ancestor(root: Path, tag: str, branch: str) -> None:
    """Check that a tag's commit is on a branch: only merged code may run with secrets.

    Raises:
        ReleaseError: The commit is not on the branch, or git does not know the tag or the branch.
    """
    command = ["git", "-C", str(root), "merge-base", "--is-ancestor"]
    done = subprocess.run(
        [*command, f"refs/tags/{tag}", f"refs/remotes/origin/{branch}"], capture_output=True, text=True, check=False
    )
    if done.returncode == 1:
        raise ReleaseError(
            f"release {tag} is not on {branch}: nobody merged its code, so it does not run with production's "
            f"credentials. Merge it into {branch}, or publish a release from {branch}."
        )
    if done.returncode:
        raise ReleaseError(f"git cannot compare release {tag} with {branch}: {done.stderr.strip()}")


def pattern(root: Path) -> str:
    """Return the production stack's setting `releaseTags`.

    Raises:
        StackFileError: A stack file cannot be read.
    """
    files = read_stack_files(root)
    stacks = [read_files(stack, files).settings for stack in files.stacks]
    default = str(Settings.model_fields["release_tags"].default)
    return next((settings.release_tags for settings in stacks if settings.tier == "production"), default)
