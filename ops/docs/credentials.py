"""Render docs/credentials.md from the table that the checks use."""

from __future__ import annotations

from infra.checks.credentials import CREDENTIALS, Credential

_HEAD = """\
# Credentials

Written by `bin/docs` from `infra/checks/credentials.py`: edit that, not this file. `bin/doctor --for STACK` tries the
credentials that a stack needs. `up` needs the permission *to change*; *to read* is enough for previews and drift.

| Credential | To change | To read | Make one |
| --- | --- | --- | --- |
"""
_NEEDS = {
    "database": "a database",
    "storage": "buckets",
    "storage-token": "the bucket's keys, where they are minted",
    "frontend": "the Pages project",
    "pages-domain": "`domains.frontend` of a stack that previews serve",
    "domains": "`domains`",
    "backend": "the Fly app",
    "deploy-token": "`mintDeployToken`",
    "github-environment": "`githubScope: environment`",
    "github-repository": "`githubScope: repository`",
}


def render() -> str:
    """Return docs/credentials.md."""
    rows = [_row(service, credential) for service, credential in CREDENTIALS.items()]
    return _HEAD + "\n".join(rows) + "\n"


def _row(service: str, credential: Credential) -> str:
    permissions = [f"{text} for {_NEEDS[need]}" for need, text in credential.permissions.items() if text]
    other = f" or `{credential.config}`" if credential.config else ""
    cells = [
        f"{service}: `{credential.variables[-1]}`{other}",
        "; ".join([credential.kind, *permissions]),
        credential.reads,
        credential.make,
    ]
    return f"| {' | '.join(cells)} |"
