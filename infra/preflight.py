"""Looks, before anything starts, whether everything is there that this run needs; says all that is missing at once.

A preview looks only at what costs nothing and what it needs itself: the credentials that providers ask for when they
start. An `up` also asks flyctl for its version and takes the two looks of `infra.cloud_look`.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pulumi
import pulumi.runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from infra.namesakes import Thing
    from infra.settings import Settings

Needs = frozenset[str]
"""What a stack is going to do: the parts it manages, and `storage-token` and `deploy-token` where it mints those."""


class PreflightError(pulumi.RunError):
    """Something is missing; the message lists everything that is, with no secret value."""


class Credential(NamedTuple):
    """A credential, and what somebody who lacks it has to know.

    Attributes:
        service: What it is for.
        variables: The environment variables it is taken from; the first that is not empty counts.
        config: The Pulumi setting that does as well, as `namespace:key`; empty where there is none.
        at_preview: Whether a preview needs it: most providers ask for theirs when they start.
        kind: What it is, as narrow as it can be.
        permissions: By need, the least that it must be allowed; empty where its kind says all.
        make: Where or how one is made, as "at …" or "with …".
    """

    service: str
    variables: tuple[str, ...]
    config: str
    at_preview: bool
    kind: str
    permissions: Mapping[str, str]
    make: str

    def missing(self, needs: Needs) -> str:
        """Return what to tell somebody who lacks it."""
        asked = ", ".join(text for need, text in self.permissions.items() if need in needs and text)
        other = f" (or `pulumi config set --secret {self.config}`)" if self.config else ""
        return f"{self.variables[-1]} is not set{other}: {self.kind}{asked and f' with {asked}'}. Make one {self.make}"


CREDENTIALS = (
    Credential(
        service="Neon",
        variables=("NEON_API_KEY",),
        config="neon:apiKey",
        at_preview=True,
        kind="an API key, of the organization where the projects belong to one",
        permissions={"database": ""},
        make="at https://console.neon.tech/app/settings/api-keys",
    ),
    Credential(
        service="Cloudflare",
        variables=("CLOUDFLARE_API_TOKEN",),
        config="cloudflare:apiToken",
        at_preview=True,
        kind="an API token for the one account",
        permissions={
            "storage": "Workers R2 Storage: Edit",
            "frontend": "Cloudflare Pages: Edit",
            "storage-token": "Account API Tokens: Edit (to mint the bucket's)",
        },
        make="at https://dash.cloudflare.com/profile/api-tokens",
    ),
    Credential(
        service="GitHub",
        variables=("GITHUB_TOKEN",),
        config="github:token",
        at_preview=True,
        kind="a fine-grained token for the one repository",
        permissions={"delivery": "Administration: Read and write, Environments: Read and write"},
        make="at https://github.com/settings/personal-access-tokens/new",
    ),
    Credential(
        service="Fly.io",
        variables=("FLY_ACCESS_TOKEN", "FLY_API_TOKEN"),  # in flyctl's own order
        config="",
        at_preview=False,
        kind="a token for the one organization",
        permissions={
            "backend": "",
            "deploy-token": "the right to mint tokens, which a personal one alone has (`flyctl auth token`)",
        },
        make="with `flyctl tokens create org`",
    ),
)

ENDPOINTS = (
    *("CLOUDFLARE_BASE_URL", "GITHUB_BASE_URL", "NEON_API_URL"),
    *(f"FLY_{name}_BASE_URL" for name in ("API", "FLAPS", "UIEX", "METRICS", "SYNTHETICS")),
)
"""Variables that a provider, flyctl or a look takes for its service's address."""


class Looks(NamedTuple):
    """The looks outside that an `up` takes; tests give their own.

    Attributes:
        flyctl: Ask flyctl for its version; raises a `FlyError` where it is missing or too old.
        cloudflare: See `infra.cloud_look.cloudflare_account`.
        neon: See `infra.cloud_look.neon_projects`.
        tokens: See `infra.cloud_look.account_tokens`.
        outputs: See `own_outputs`.
        managed: See `managed`.
    """

    flyctl: Callable[[], object]
    cloudflare: Callable[[str, str, str], None]
    neon: Callable[[str, str, str | None], list[str]]
    tokens: Callable[[str, str, str], list[str]]
    outputs: Callable[[], dict[str, Any]]
    managed: Callable[[], frozenset[str]]


def looks() -> Looks:
    """Return the real looks, importing what they need."""
    from infra import cloud_look  # noqa: PLC0415  (see there)
    from infra.providers.fly.flyctl import Flyctl  # noqa: PLC0415  (only a stack with a backend needs it)

    flyctl = Flyctl(warn=pulumi.log.warn)
    return Looks(
        flyctl.version,
        cloud_look.cloudflare_account,
        cloud_look.neon_projects,
        cloud_look.account_tokens,
        own_outputs,
        managed,
    )


def check(settings: Settings) -> None:
    """Look whether everything is there; on `up`, also whether the credentials are for what is configured.

    A look that cannot be had (no network, a service that is down) is a warning that says what was not checked: what
    it would have found is a mix-up, not a fault, and the run that follows meets the same network.

    Raises:
        PreflightError: Something is missing, or meant for something else.
    """
    preview = pulumi.runtime.is_dry_run()
    for warning in redirected(os.environ):
        pulumi.log.warn(warning)
    needs = needs_of(settings)
    found = [
        *missing_credentials(needs, _credential, preview=preview),
        *github_owner_problems(settings, os.environ),
        *another_database(settings),
        *([] if preview else _looked(settings, looks())),
    ]
    if found:
        count = "one thing is" if len(found) == 1 else f"{len(found)} things are"
        lines = "\n".join(f"  - {problem}" for problem in found)
        raise PreflightError(f"Stack {settings.stack} cannot start, {count} amiss; nothing was touched.\n{lines}")


def needs_of(settings: Settings) -> Needs:
    """Return what the stack is going to do, as far as credentials go."""
    needs: set[str] = set(settings.manage)
    if settings.mints_storage_token:
        needs.add("storage-token")
    if settings.manages("backend") and settings.mint_deploy_token:
        needs.add("deploy-token")
    return frozenset(needs)


def missing_credentials(needs: Needs, value: Callable[[Credential], str | None], *, preview: bool) -> Iterable[str]:
    """Yield a line for each credential that is needed and not there.

    Args:
        needs: What the stack is going to do.
        value: Returns a credential's value, or None.
        preview: Leave out what only an `up` needs.
    """
    for credential in CREDENTIALS:
        if needs & credential.permissions.keys() and (credential.at_preview or not preview) and not value(credential):
            yield credential.missing(needs)


def from_environment(credential: Credential, environ: Mapping[str, str]) -> str | None:
    """Return a credential's value from the environment, or None."""
    return next((environ[name] for name in credential.variables if environ.get(name, "").strip()), None)


def github_owner_problems(settings: Settings, environ: Mapping[str, str]) -> Iterable[str]:
    """Yield a line where a variable would send GitHub's provider to another owner: it wins over the configured one."""
    for variable in ("GITHUB_OWNER", "GITHUB_ORGANIZATION"):
        owner = environ.get(variable)
        if owner and settings.manages("delivery") and owner != settings.github_owner:
            yield (
                f"{variable} is {owner!r}, but githubOwner is {settings.github_owner!r}, and the variable would win: "
                f"`unset {variable}`, or correct githubOwner"
            )


def redirected(environ: Mapping[str, str]) -> Iterable[str]:
    """Yield a warning for each variable that sends a service's calls, credential and all, to another address."""
    for variable in ENDPOINTS:
        # Not parsed by a library, which may refuse it: no user, no path, no port.
        host = environ.get(variable, "").rpartition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
        if host and host not in {"127.0.0.1", "localhost"}:  # the sandbox's
            yield f"{variable} is set: calls go to {host}, with the credential. `unset {variable}` unless you mean it"


def another_database(settings: Settings) -> Iterable[str]:
    """Yield a line where `adopt.neonProject` would put another database into the place of the one in the state.

    The engine imports another id over a resource that it has, be that one protected or not.
    """
    adopted = settings.adopt.neon_project
    if adopted is None or settings.unprotect or not settings.manages("database"):
        return
    try:
        in_use = str(own_outputs().get("neonProjectId") or adopted)
        other = in_use != adopted and "neon-project" in managed()
    except Exception:  # noqa: BLE001  (all that `pulumi.runtime.invoke` raises; the plan still shows it)
        return
    if other:
        yield (
            f"adopt.neonProject is {adopted!r}, but this stack's database is {in_use!r}, and the backend would change "
            'over to the other. Correct the id. To change over all the same: docs/runbook.md, "Account move"'
        )


def own_outputs() -> dict[str, Any]:
    """Return this stack's outputs as its last `up` left them: fewer where it failed halfway, none where it was killed.

    Raises:
        Exception: See `_own`.
    """
    return dict(_own("pulumi:pulumi:readStackOutputs", "name").get("outputs") or {})


def managed() -> frozenset[str]:
    """Return the logical names of the resources in this stack's state; what was just being made is not among them.

    Raises:
        Exception: See `_own`.
    """
    found = _own("pulumi:pulumi:readStackResourceOutputs", "stackName")["outputs"]
    return frozenset(urn.rpartition("::")[2] for urn in found)


def _own(token: str, argument: str) -> dict[str, Any]:
    """Read this stack's state: a program cannot, but its engine reads it as that of any stack.

    Raises:
        Exception: The engine could not read it.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for _ in range(4):
        # A local backend's file cannot be read at the moment when the engine, busy with this very `up`, writes it.
        with contextlib.suppress(Exception):
            return dict(pulumi.runtime.invoke(token, {argument: name}).value)
        time.sleep(0.25)
    return dict(pulumi.runtime.invoke(token, {argument: name}).value)


def check_made(settings: Settings, resource: str, made: str) -> None:
    """See `infra.namesakes.check_made`; for an `up`."""
    from infra import namesakes  # noqa: PLC0415  (as in `looks`)

    namesakes.check_made(settings, _things(settings, looks()), resource, made)


def _credential(credential: Credential) -> str | None:
    """Return a credential as the provider will take it: from Pulumi's configuration first."""
    namespace, _, key = credential.config.partition(":")
    configured = pulumi.Config(namespace).get(key) if namespace else None
    return configured or from_environment(credential, os.environ)


def _looked(settings: Settings, look: Looks) -> Iterable[str]:
    from infra.providers.fly.errors import FlyError  # noqa: PLC0415  (as in `looks`)

    if settings.manages("backend"):
        try:
            look.flyctl()
        except FlyError as error:
            yield str(error)
    from infra import namesakes  # noqa: PLC0415  (as in `looks`)

    (cloudflare,) = (credential for credential in CREDENTIALS if credential.service == "Cloudflare")
    token = _credential(cloudflare)
    refused = list(_cloudflare(settings, look, token)) if token else []
    yield from refused
    yield from namesakes.problems(settings, _things(settings, look, cloudflare=not refused), look)


def _cloudflare(settings: Settings, look: Looks, token: str) -> Iterable[str]:
    from infra.cloud_look import CLOUDFLARE_PATHS, LookError, RefusedError  # noqa: PLC0415  (as in `looks`)

    account = settings.cloudflare_account_id
    part = next((part for part in CLOUDFLARE_PATHS if part in settings.manage), None)
    if part is None:
        return
    try:
        look.cloudflare(token, account, part)
    except RefusedError as error:
        yield (
            f"CLOUDFLARE_API_TOKEN does not reach account {account}, or may not do there what `{part}` needs: {error}. "
            "Use a token of that account, or correct cloudflareAccountId"
        )
    except LookError as error:
        pulumi.log.warn(f"Not checked: whether CLOUDFLARE_API_TOKEN is for account {account}: {error}.")


def _things(settings: Settings, look: Looks, *, cloudflare: bool = True) -> Iterable[Thing]:
    from infra import namesakes  # noqa: PLC0415  (as in `looks`)

    values = {credential.service: _credential(credential) or "" for credential in CREDENTIALS}
    token = values["Cloudflare"] if cloudflare else ""
    return namesakes.things(settings, look, neon_key=values["Neon"], cloudflare_token=token)
