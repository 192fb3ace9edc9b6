"""Try each credential, read-only, before `up` makes the first resource."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.checks import clients, domains, duplicates
from infra.checks.credentials import CREDENTIALS, CURES, needs_of
from infra.checks.findings import Finding
from infra.clouds import cloudflare, github, neon
from infra.clouds.http import CloudError, MissingError, RefusedError
from infra.kinds import ACCOUNT_TOKEN, NEON_PROJECT
from infra.providers.fly.answers import dotted
from infra.providers.fly.errors import FlyAuthError, FlyError
from infra.providers.fly.flyctl import Flyctl
from infra.providers.fly.runner import TESTED_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.checks.findings import Start
    from infra.clouds.http import Client


def check(start: Start) -> Iterator[Finding]:
    """Try every credential that the stack needs. A service that does not answer gives a note."""
    if not start.preview:  # only `up` runs flyctl
        yield from _fly(start)
    needs = needs_of(start.settings)
    for service, try_out in {"Neon": _neon, "Cloudflare": _cloudflare, "GitHub": _github}.items():
        credential = CREDENTIALS[service]
        if not needs & credential.permissions.keys() or service not in start.credentials:
            continue
        value = start.credentials[service]
        if value is None:
            yield Finding(
                "note", f"{service}: the credential was not tried: {credential.config} cannot be decrypted here"
            )
            continue
        try:
            found = [*try_out(start, clients.client(service, value))]
        except CloudError as error:
            yield _failed(start, service, error)
            continue
        yield from found
        if not any(finding.stops for finding in found):
            yield Finding("ok", f"{service}: {credential.variables[-1]} reaches what this stack needs")


def _failed(start: Start, service: str, error: CloudError) -> Finding:
    """Return the finding for a service's error: by the error's words first, then by its type."""
    credential = CREDENTIALS[service]
    variable = credential.variables[-1]
    if cure := next((cure for words, cure in CURES[service].items() if re.search(words, str(error))), ""):
        return Finding("wrong", f"{variable}: {error}", cure)
    if isinstance(error, RefusedError):
        return Finding(
            "wrong", f"{variable} is refused: {error}", f"It takes {credential.wanted(needs_of(start.settings))}"
        )
    return Finding("note", f"Not checked: whether {variable} reaches what this stack needs: {error}")


def _fly(start: Start) -> Iterator[Finding]:
    """Check flyctl's version, and that the token sees the organization."""
    settings = start.settings
    if not settings.manages("backend"):
        return
    flyctl = Flyctl(environ=start.environ)
    try:
        version = flyctl.version()
    except FlyError as error:
        yield Finding("missing", f"flyctl: {error.problem}", error.hint)
        return
    if version > TESTED_VERSION:
        tested = dotted(TESTED_VERSION)
        yield Finding("note", f"flyctl {dotted(version)} is newer than the tested {tested}; it should work.")
    yield Finding("ok", f"flyctl {dotted(version)}")
    if "Fly.io" not in start.credentials:
        return
    organization = settings.fly_organization
    try:
        seen = flyctl.orgs_list()
    except FlyAuthError as error:
        yield Finding("wrong", f"FLY_API_TOKEN is refused: {error.problem}", error.hint)
    except FlyError as error:
        yield Finding("note", f"Not checked: whether FLY_API_TOKEN sees organization {organization}: {error.problem}")
    else:
        if organization in seen:
            yield Finding("ok", f"Fly.io: FLY_API_TOKEN sees organization {organization}")
        else:
            yield Finding(
                "wrong",
                f"FLY_API_TOKEN does not see Fly organization {organization!r}; it sees: {', '.join(sorted(seen))}",
                f"Correct flyOrganization, or use a token of that organization: `flyctl tokens create org -o "
                f"{organization}`",
            )


def _neon(start: Start, client: Client) -> Iterator[Finding]:
    """Check that Neon accepts the key, and that the project's name is free or its default branch may be copied."""
    if not start.settings.branch_of:
        yield from duplicates.namesakes(start, client, NEON_PROJECT)
        return
    from infra.parts.database_branch import parent  # noqa: PLC0415  (loaded by the database)

    project, _ = parent(start.settings)
    default = next((branch for branch in neon.branches(client, project) if branch.get("default")), None)
    if default is None or default.get("protected"):
        yield Finding(
            "wrong",
            f"The default branch of Neon project {project} is protected: no pull request gets a copy of it",
            "Name another stack under branchOf in Pulumi.pr.yaml",
        )


def _cloudflare(start: Start, client: Client) -> Iterator[Finding]:
    """Check that the token reaches the account for each need, and that the names of tokens and domains are free."""
    account, needs = start.settings.cloudflare_account_id, needs_of(start.settings)
    refused: dict[str, str] = {}
    for need in [need for need in cloudflare.LISTS if need in needs]:
        try:
            cloudflare.check_access(client, account, need)
        except RefusedError as error:
            if error.status == 401:  # the token itself is wrong, whatever the account
                raise
            refused[need] = str(error)
    if refused:
        yield Finding(
            "wrong",
            f"CLOUDFLARE_API_TOKEN does not reach account {account}, or lacks there the "
            f"permission for {' and '.join(refused)}: {next(iter(refused.values()))}",
            f"Correct cloudflareAccountId, or the token. It takes {CREDENTIALS['Cloudflare'].wanted(needs)}",
        )
    else:
        yield from duplicates.namesakes(start, client, ACCOUNT_TOKEN)
        yield from domains.check(start, client)


def _github(start: Start, client: Client) -> Iterator[Finding]:
    """Check that the token reaches the repository, and may list its environments or variables."""
    settings, needs = start.settings, needs_of(start.settings)
    name = f"{settings.github_owner}/{settings.github_repository}"
    try:
        if github.repository(client, name).get("archived"):
            yield Finding("wrong", f"GitHub repository {name} is archived", "Unarchive it in its settings")
    except MissingError:
        yield Finding(
            "wrong",
            f"GITHUB_TOKEN does not reach repository {name}",
            f"Correct githubOwner or githubRepository, or the token. It takes {CREDENTIALS['GitHub'].wanted(needs)}",
        )
        return
    if settings.github_scope == "environment":
        next(github.environments(client, name), None)
    else:
        next(github.variables(client, name), None)
