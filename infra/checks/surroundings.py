"""Check the environment variables and the state that a run starts with, without asking a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from infra.checks.findings import Finding
from infra.providers.fly import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.checks.findings import Start
    from infra.config.settings import Settings

ENDPOINTS = ("CLOUDFLARE_BASE_URL", "GITHUB_BASE_URL", "NEON_API_URL", *process.ENDPOINTS)
"""Variables that send a service's calls, credential and all, to another address."""


def github_owner(start: Start) -> Iterator[Finding]:
    """Report a variable that sends GitHub's provider to another owner: it wins over the configured owner."""
    settings = start.settings
    for variable in ("GITHUB_OWNER", "GITHUB_ORGANIZATION"):
        owner = start.environ.get(variable)
        if owner and settings.manages("delivery") and owner != settings.github_owner:
            yield Finding(
                "wrong",
                f"{variable} is {owner!r}, but githubOwner is {settings.github_owner!r}, and the variable would win",
                f"Correct githubOwner, or `unset {variable}`",
            )


def endpoints(start: Start) -> Iterator[Finding]:
    """Report, as a note, each variable that sends a service's calls to another address."""
    for variable in ENDPOINTS:
        # Cut off path, user and port by hand: urlsplit refuses malformed addresses.
        host = (
            start.environ.get(variable, "").rpartition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
        )
        if host and host not in {"127.0.0.1", "localhost"}:  # the sandbox's
            yield Finding(
                "note",
                f"{variable} is set: calls go to {host}, with the credential",
                f"Unless you mean it: `unset {variable}`",
            )


def engine_options(start: Start) -> Iterator[Finding]:
    """Report, as a note, each variable that sets an option of the Pulumi CLI.

    The CLI reads `PULUMI_OPTION_…` as if the option were typed, `--target` and `--ignore-protect` among them.
    """
    for variable in sorted(name for name in start.environ if name.startswith("PULUMI_OPTION_")):
        option = variable.removeprefix("PULUMI_OPTION_").lower().replace("_", "-")
        yield Finding("note", f"{variable} is set: Pulumi acts as if --{option} were typed", f"`unset {variable}`")


def unprotected(start: Start) -> Iterator[Finding]:
    """Report, as a note, that the stack's protection is off."""
    if start.settings.unprotect:
        stack = start.settings.stack
        yield Finding(
            "note",
            "unprotect is true: nothing protects what this stack made from `destroy` and replacements",
            f"Once you no longer need that: `pulumi config rm unprotect -s {stack}`, then `pulumi up -s {stack}`",
        )


def unknown_hosts(start: Start) -> Iterator[Finding]:
    """Report hosts that only another stack's `up` shows. For a new stack, which comes up without them: as notes."""
    s, known = start.settings, start.own_ids() or {}
    has_bucket = s.manages("storage") or s.tier == "production" or s.audio_host
    if s.manages("backend") and not has_bucket:
        yield _unknown_host(s, "bucketPublicHost", "bucket")
    # The DNS record of a frontend's own name leads to the Pages host.
    if not (s.manages("frontend") or (s.pages_url if s.domains.frontend else s.frontend_url)):
        needed = s.domains.frontend or "variable-FRONTEND_URL" in known  # the stack would lose it
        yield _unknown_host(s, "pagesHost", "Pages project", "wrong" if needed else "note")


def _unknown_host(s: Settings, key: str, owner: str, state: Literal["note", "wrong"] = "note") -> Finding:
    without = "comes up without" if state == "note" else "would lose"
    return Finding(
        state,
        f"{key} is missing, so this stack {without} the address of the {owner}",
        f"Bring up the stack that manages the {owner}, and run the command at the end of its `up`. Then: "
        f"`pulumi up -s {s.stack}`",
    )


def another_database(start: Start) -> Iterator[Finding]:
    """Report an `adopt.neonProject` that would replace the database in the state by another.

    The engine imports another id over a resource that it has, even a protected one.
    """
    settings, adopted = start.settings, start.settings.adopt.neon_project
    if adopted is None or settings.unprotect or not settings.manages("database"):
        return
    in_use = (start.own_ids() or {}).get("neon-project") or adopted
    if in_use != adopted:
        yield Finding(
            "wrong",
            f"adopt.neonProject is {adopted!r}, but this stack's database is {in_use!r}, and the backend would change "
            "over to the other",
            'Correct the id. To change over all the same: docs/operating.md, "A database moves"',
        )
