"""Check that the stack can serve its own domain names, and that no kept secret contradicts them."""

from collections.abc import Iterator

from infra import application
from infra.config.domains import Role, all_of
from infra.config.keys import Part
from infra.config.rules import Rules, rule
from infra.config.settings import Settings

RULES: Rules = []
"""The rules of this module."""

_NEEDS: dict[Role, Part] = {"api": "backend", "audio": "storage"}


@rule(RULES, "tier", "manage", "domains", "formerDomains")
def _a_name_has_its_service(s: Settings) -> Iterator[str]:
    for key, group in {"domains": s.domains, "formerDomains": s.former_domains}.items():
        if not group.named():
            continue
        if not group.zone:
            yield f"{key}.zone is missing: name the Cloudflare zone that the names are in"
        if s.tier == "development":
            yield f"{key} is set, but development runs on a laptop: remove it"
        for role, host in group.named().items():
            if group.zone and host != group.zone and not host.endswith(f".{group.zone}"):
                yield f"{key}.{role} is {host!r}, which is not in {key}.zone {group.zone!r}"
            if (part := _NEEDS.get(role)) and not s.manages(part):
                yield f"{key}.{role} is set, but this stack does not manage `{part}`, which serves it"
        if group.www and not group.frontend:
            yield f"{key}.www is a second name of {key}.frontend, which is missing"
    hosts = [domain.host for domain in all_of(s.domains, s.former_domains)]
    for host in sorted({host for host in hosts if hosts.count(host) > 1}):
        yield f"domains names {host!r} twice: each name has one service"


@rule(RULES, "domains")
def _a_bucket_has_an_address(s: Settings) -> Iterator[str]:
    if not (s.domains.r2_dev or s.domains.audio):
        yield "domains.r2Dev is false, but domains.audio is missing: nothing would serve the bucket"


@rule(RULES, "adopt", "domains", "apiUrl", "flyApp")
def _kept_addresses_name_the_host(s: Settings) -> Iterator[str]:
    """Refuse kept secrets that still name the app's former host, because `domains.api` is new to the app."""
    kept = sorted(s.adopt.keep.intersection(application.ADDRESSES))
    new = s.domains.api and s.domains.api not in s.adopt.domains
    if kept and new and not s.api_url_override:
        names = " and ".join(kept)
        yield (
            f"adopt.keep keeps {names}, which name{'s' if len(kept) == 1 else ''} the host from before {s.api_url}: "
            f"nobody could sign in there. In this order: set apiUrl to the present URL and `up`; wait until "
            f"`bin/doctor --for {s.stack}` says that {s.api_url} is served; remove {names} from adopt.keep, and "
            "apiUrl; `up`, and deploy the backend"
        )
