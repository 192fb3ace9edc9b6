"""Mark the Pages host that Cloudflare has yet to choose, and find chosen hosts that the stack files lack."""

from collections.abc import Iterable, Iterator, Mapping

from infra.config.settings import Settings

PAGES_HOST = "{pagesHost}"
"""Stands for the host of a Pages project that this `up` makes."""


def with_pages_host(settings: Settings, stacks: Iterable[Settings]) -> Iterator[Settings]:
    """Yield the stacks, with `PAGES_HOST` as host of this stack's Pages project if Cloudflare has yet to choose it."""
    first = settings.manages("frontend") and not settings.pages_host
    for stack in stacks:
        unknown = first and stack.pages_project == settings.pages_project
        yield stack.model_copy(update={"pages_host": PAGES_HOST}) if unknown else stack


def other_hosts(settings: Settings, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the hosts that Cloudflare chose, by key, if the files have no host or another of Cloudflare's there."""
    configured = {"pagesHost": settings.pages_host, "bucketPublicHost": settings.bucket_public_host}
    return {
        key: host
        for key, host in chosen.items()
        if configured[key] != host and (configured[key] or host).endswith((".pages.dev", ".r2.dev"))
    }
