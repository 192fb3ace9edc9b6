"""Run the scenario on real accounts: only with `-m verified`, and only in accounts that are named for it.

See docs/evidence.md.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.verified import accounts, scenario

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verified.accounts import Accounts

_TIMEOUT = 1800


def _accounts() -> Accounts:
    """Return the accounts to use; fail where they are not named, or may not be used."""
    refused = ""
    try:
        where = accounts.named(os.environ)
        accounts.allowed(where, lambda: accounts.holdings(where))
    except accounts.NotAllowedError as error:
        refused = str(error)
    if refused:
        pytest.fail(f"{refused} Nothing was made.", pytrace=False)
    return where


@pytest.mark.verified
def test_staging_alone(tmp_path: Path) -> None:
    where = _accounts()
    name = scenario.fresh_name()
    folder = scenario.project(tmp_path / "project", where, name)
    (tmp_path / "state").mkdir()
    backend = f"file://{tmp_path / 'state'}"

    def pulumi(*arguments: str, given: str | None = None) -> None:
        command = ["pulumi", *arguments, "--stack", scenario.STACK, "--non-interactive", "--color", "never"]
        environment = os.environ | {"PULUMI_BACKEND_URL": backend, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        if done.returncode:
            raise RuntimeError(f"pulumi {arguments[0]}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")

    pulumi("stack", "init")
    # Of no bucket: the backend never starts here.
    for key in ("storageAccessKeyId", "storageSecretAccessKey"):
        pulumi("config", "set", "--secret", key, given="5a4d5b0c" * 4)
    print(f"{name}: its state is in {backend}, its project in {folder}, under your passphrase.")
    scenario.replay(pulumi, lambda: accounts.holdings(where), name)
