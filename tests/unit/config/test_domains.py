"""Names of a team's own: everything follows from them, and names that cannot be served are refused."""

from __future__ import annotations

from typing import Any

import pytest

from infra import application
from tests.unit.config.test_across_stacks import examined, files, problems

ZONE = "tune.example"
API, FRONTEND, WWW, AUDIO = f"api.{ZONE}", f"app.{ZONE}", f"www.{ZONE}", f"audio.{ZONE}"
DOMAINS = {"zone": ZONE, "api": API, "frontend": FRONTEND, "www": WWW, "audio": AUDIO}
OLD = {"zone": "old.example", "api": "api.old.example", "frontend": "old.example"}
KEPT = {"flyApp": "tune-api", "keep": ["ATPROTO_CLIENT_ID"]}


def production(**changes: Any) -> list[str]:
    return problems("production", files(production={"adopt": None, **changes}))


def test_everything_derives_from_the_names() -> None:
    settings, found = examined("production", files(production={"adopt": None, "domains": DOMAINS}))
    assert found == []
    assert settings.api_url == f"https://{API}"
    assert settings.frontend_url == f"https://{FRONTEND}"
    assert application.client_id(settings) == f"https://{API}/client-metadata.json"
    assert application.redirect_uri(settings) == f"https://{API}/auth/callback"
    assert application.plain_settings(settings)["R2_PUBLIC_BUCKET_URL"] == f"https://{AUDIO}"
    assert application.github_variables(settings)["API_URL"] == f"https://{API}"
    assert application.pages_variables(settings)["production"]["PUBLIC_API_URL"] == f"https://{API}"
    regex = application.cors_origin_regex(settings, settings.frontend_url)
    assert regex == r"^(https://app\.tune\.example|https://www\.tune\.example)$"
    assert {f"https://{FRONTEND}", f"https://{WWW}"} <= {*settings.bucket_origins}


def test_other_stacks_learn_the_names_that_they_use() -> None:
    found = files(
        production={"adopt": None, "domains": DOMAINS},
        staging={"domains": {"zone": ZONE, "api": f"api.staging.{ZONE}"}},
    )
    staging, production = (examined(stack, found)[0] for stack in ("staging", "production"))
    assert staging.audio_host == AUDIO
    assert production.preview_api_url == f"https://api.staging.{ZONE}"


def test_addresses_that_are_set_win_while_a_change_is_prepared() -> None:
    old = {"apiUrl": "https://api.old.example", "frontendUrl": "https://old.example"}
    changes = {"adopt": None, "domains": DOMAINS, "formerDomains": OLD, **old}
    settings, found = examined("production", files(production=changes))
    assert found == []
    assert settings.api_url == "https://api.old.example"
    regex = application.cors_origin_regex(settings, settings.frontend_url)
    assert regex == r"^(https://old\.example|https://app\.tune\.example|https://www\.tune\.example)$"
    del changes["apiUrl"], changes["frontendUrl"]
    settings, _ = examined("production", files(production=changes))
    assert settings.api_url == f"https://{API}"
    assert "https://old.example" in application.origins(settings)


@pytest.mark.parametrize(
    ("domains", "problem"),
    [
        ({"api": API}, "domains.zone is missing: name the Cloudflare zone that the names are in"),
        (
            {"zone": ZONE, "api": "api.other.example"},
            "domains.api is 'api.other.example', which is not in domains.zone",
        ),
        ({"zone": ZONE, "api": f"api.not{ZONE}"}, f"domains.api is 'api.not{ZONE}', which is not in domains.zone"),
        ({"r2Dev": False}, "domains.r2Dev is false, but domains.audio is missing: nothing would serve the bucket"),
        ({"zone": ZONE, "www": WWW}, "domains.www is a second name of domains.frontend, which is missing"),
        ({"zone": ZONE, "api": API, "frontend": API}, f"domains names '{API}' twice: each name has one service"),
    ],
)
def test_names_that_cannot_be_served(domains: dict[str, str], problem: str) -> None:
    (found,) = production(domains=domains)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"domains": {"zone": ZONE, "audio": AUDIO}}, "domains.audio is set, but this stack does not manage `storage`"),
        (
            {"domains": {"zone": ZONE, "api": f"a.{ZONE}"}, "adopt": {"domains": [API]}},
            f"adopt.domains names {API}, but this stack has a.{ZONE}",
        ),
        (
            {"domains": {"zone": ZONE, "api": API}, "adopt": {"dnsRecords": {f"MX {API}": "1"}}},
            f"adopt.dnsRecords names MX {API}, but this stack has A {API}, AAAA {API}, CNAME {API}, TXT _fly-",
        ),
    ],
)
def test_names_that_do_not_fit_the_stack(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems("staging", files(staging=changes))
    assert found.startswith(problem)


def test_a_laptop_has_no_names() -> None:
    found = problems("dev", files(dev={"domains": {"zone": ZONE, "frontend": FRONTEND}}))
    assert found == ["domains is set, but development runs on a laptop: remove it"]


def test_a_name_of_another_stack_is_refused() -> None:
    found = files(
        production={"adopt": None, "domains": DOMAINS}, staging={"domains": {"zone": ZONE, "frontend": FRONTEND}}
    )
    (problem,) = problems("staging", found)
    assert problem == f"domains is '{FRONTEND}' in Pulumi.production.yaml too: each stack has its own"


def test_kept_addresses_are_refused_with_the_order_of_steps() -> None:
    keep = {**KEPT, "keep": ["ATPROTO_CLIENT_ID", "OAUTH_ENCRYPTION_KEY"]}
    (problem,) = production(domains=DOMAINS, adopt=keep)
    assert problem.startswith("adopt.keep keeps ATPROTO_CLIENT_ID, which names the host from before https://api.tune")
    steps = ["set apiUrl", "`up`", "`bin/doctor --for production`", "remove ATPROTO_CLIENT_ID", "deploy the backend"]
    assert [problem.index(step) for step in steps] == sorted(problem.index(step) for step in steps)
    # Before the change, and for a host that the app had when it was adopted, they may name the right one.
    assert production(domains=DOMAINS, adopt=keep, apiUrl="https://tune-api.fly.dev") == []
    assert production(domains=DOMAINS, adopt={**keep, "domains": [API]}) == []
