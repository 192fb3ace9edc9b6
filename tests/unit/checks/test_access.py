"""A check tries each credential that the stack needs, and reports the service's answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.checks import access
from infra.checks.findings import Finding
from infra.providers.fly.errors import (
    FlyAuthError,
    FlyctlMissingError,
    FlyctlTooOldError,
    ThrottledError,
)
from tests.unit.checks.starting import start
from tests.unit.clouds.fake import Clouds
from tests.unit.program import STANDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ACCOUNT = "ffffffffffffffffffffffffffffff01"
NEON = "an API key, of the organization where the projects belong to one"


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clouds]:
    """Replace the services."""

    def replace(**answers: Any) -> Clouds:
        made = Clouds(**answers)
        monkeypatch.setattr("infra.checks.clients.send", made)
        return made

    return replace


def flyctl(monkeypatch: pytest.MonkeyPatch, *, version: Any = (0, 4, 87), orgs: Any = ("tune-works",)) -> None:
    """Replace flyctl by answers, or exceptions that it raises."""

    def answering(answer: Any) -> Callable[[], Any]:
        def call() -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    made = SimpleNamespace(version=answering(version), orgs_list=answering(orgs))
    monkeypatch.setattr(access, "Flyctl", lambda **_: made)


def bad(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state != "ok"]


def test_every_credential_of_production_is_tried(clouds: Callable[..., Clouds]) -> None:
    asked = clouds()
    assert [finding.what for finding in access.check(start("production", {"adopt": None}))] == [
        "flyctl 0.4.87",
        "Fly.io: FLY_API_TOKEN sees organization tune-works",
        "Neon: NEON_API_KEY reaches what this stack needs",
        "Cloudflare: CLOUDFLARE_API_TOKEN reaches what this stack needs",
        "GitHub: GITHUB_TOKEN reaches what this stack needs",
    ]
    assert [line.partition("?")[0].rpartition("/")[2] for line in asked.asked] == [
        *("projects", "buckets", "projects", "tokens", "tokens"),
        *("tune", "environments"),
    ]


def test_a_stack_asks_only_the_services_it_uses(clouds: Callable[..., Clouds]) -> None:
    asked = clouds()
    assert [*access.check(start("dev"))] == [Finding("ok", "Neon: NEON_API_KEY reaches what this stack needs")]
    assert len(asked.asked) == 1


def test_a_preview_runs_no_flyctl(monkeypatch: pytest.MonkeyPatch, clouds: Callable[..., Clouds]) -> None:
    clouds()
    flyctl(monkeypatch, version=AssertionError("a preview ran flyctl"))
    assert bad(access.check(start("staging", preview=True))) == []


def test_a_credential_that_cannot_be_decrypted_is_a_note() -> None:
    encrypted = start("dev")._replace(credentials={"Neon": None})
    assert [*access.check(encrypted)] == [
        Finding("note", "Neon: the credential was not tried: neon:apiKey cannot be decrypted here"),
    ]


# --- Neon


def test_a_neon_key_that_is_not_accepted(clouds: Callable[..., Clouds]) -> None:
    clouds(neon=(401, "authentication failed"))
    assert bad(access.check(start("dev"))) == [
        Finding(
            "wrong",
            "NEON_API_KEY is refused: Neon answered 401 (authentication failed)",
            f"It takes {NEON}. Make one at https://console.neon.tech/app/settings/api-keys",
        )
    ]


def test_the_organization_that_neon_asks_for(clouds: Callable[..., Clouds]) -> None:
    clouds(neon=(400, "org_id is required, you can find it on your organization settings page"))
    (found,) = bad(access.check(start("dev")))
    assert found.state == "wrong"
    assert found.fix.startswith("Set neonOrganizationId to the organization's id")


def test_the_organization_is_sent_to_neon(clouds: Callable[..., Clouds]) -> None:
    asked = clouds()
    list(access.check(start("dev", {"neonOrganizationId": "org-1"})))
    assert asked.asked[0].endswith("projects?search=tune-dev&org_id=org-1&limit=400")


@pytest.mark.parametrize("protected", [True, False])
def test_a_default_branch_that_is_protected_is_not_copied(
    monkeypatch: pytest.MonkeyPatch, clouds: Callable[..., Clouds], protected: bool
) -> None:
    monkeypatch.setattr("infra.states.outputs", STANDING.__getitem__)
    asked = clouds(branches={"branches": [{"id": "br-1", "default": True, "protected": protected}]})
    whats = [finding.what for finding in bad(access.check(start("pr-7")))]
    refused = "The default branch of Neon project calm-hill-55556666 is protected: no pull request gets a copy of it"
    assert whats == [refused] * protected
    assert not [line for line in asked.asked if "search=" in line]


# --- Cloudflare


@pytest.mark.parametrize(
    ("refused", "needs"),
    [
        (["buckets"], "storage"),
        (["pages"], "frontend"),
        (["buckets", "pages", "tokens"], "storage and frontend and storage-token"),
    ],
)
def test_a_cloudflare_token_is_tried_for_each_part(
    clouds: Callable[..., Clouds], refused: list[str], needs: str
) -> None:
    clouds(**dict.fromkeys(refused, (403, "Authentication error")))
    findings = [*access.check(start("production", {"adopt": None}))]
    assert "Cloudflare: CLOUDFLARE_API_TOKEN reaches what this stack needs" not in [one.what for one in findings]
    (found,) = bad(findings)
    assert found.what == (
        f"CLOUDFLARE_API_TOKEN does not reach account {ACCOUNT}, or lacks there the permission for {needs}: "
        "Cloudflare answered 403 (Authentication error)"
    )
    assert found.fix.startswith("Correct cloudflareAccountId, or the token. It takes an API token for the one account")


@pytest.mark.parametrize("status", [400, 404])
def test_a_token_or_an_account_in_a_wrong_form(clouds: Callable[..., Clouds], status: int) -> None:
    clouds(buckets=(status, "Invalid request headers"))
    (found,) = bad(access.check(start("production")))
    assert found.what.startswith(f"CLOUDFLARE_API_TOKEN does not reach account {ACCOUNT}")


def test_a_token_that_cloudflare_does_not_accept(clouds: Callable[..., Clouds]) -> None:
    clouds(buckets=(401, "10000: Authentication error"))
    (found,) = bad(access.check(start("production")))
    assert found.what == "CLOUDFLARE_API_TOKEN is refused: Cloudflare answered 401 (10000: Authentication error)"
    assert found.fix.startswith("It takes an API token for the one account with Workers R2 Storage Write")


def test_r2_that_is_not_enabled(clouds: Callable[..., Clouds]) -> None:
    clouds(buckets=(403, "10042: Please enable R2 through the Cloudflare Dashboard."))
    (found,) = bad(access.check(start("production")))
    assert (found.state, found.fix) == ("wrong", "Enable R2 in Cloudflare's dashboard, under R2 Object Storage")


# --- GitHub


@pytest.mark.parametrize(
    ("scope", "answers", "finding"),
    [
        ("environment", {"repository": (404, "Not Found")}, "GITHUB_TOKEN does not reach repository tune-works/tune"),
        ("environment", {"repository": {"archived": True}}, "GitHub repository tune-works/tune is archived"),
        (
            "environment",
            {"environments": (403, "Resource not accessible by personal access token")},
            "GITHUB_TOKEN is refused: GitHub answered 403 (Resource not accessible by personal access token)",
        ),
        (
            "repository",
            {"variables": (403, "Resource not accessible by personal access token")},
            "GITHUB_TOKEN is refused: GitHub answered 403 (Resource not accessible by personal access token)",
        ),
        (
            "environment",
            {"repository": (401, "Bad credentials")},
            "GITHUB_TOKEN is refused: GitHub answered 401 (Bad credentials)",
        ),
    ],
)
def test_a_github_token_is_tried_on_the_repository(
    clouds: Callable[..., Clouds], scope: str, answers: dict[str, Any], finding: str
) -> None:
    clouds(**answers)
    (found,) = bad(access.check(start("staging", {"githubScope": scope})))
    assert (found.state, found.what) == ("wrong", finding)


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("Resource protected by organization SAML enforcement.", "Authorise the token for the organization"),
        (
            "forbids access via a fine-grained personal access token if the token's lifetime is greater",
            "Make a token with",
        ),
    ],
)
def test_a_refusal_that_another_token_does_not_cure(clouds: Callable[..., Clouds], words: str, cure: str) -> None:
    clouds(repository=(403, words))
    (found,) = bad(access.check(start("staging")))
    assert found.fix.startswith(cure)


# --- Fly.io


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (FlyctlMissingError("asking", "flyctl cannot be run"), "Install flyctl"),
        (FlyctlTooOldError("asking", "flyctl is 0.3.1, and at least 0.4.87 is needed"), "Run `flyctl version update`"),
    ],
)
def test_flyctl_missing_or_too_old(monkeypatch: pytest.MonkeyPatch, error: Any, hint: str) -> None:
    flyctl(monkeypatch, version=error)
    (found,) = bad(access.check(start("staging")))
    assert (found.state, found.what) == ("missing", f"flyctl: {error.problem}")
    assert found.fix.startswith(hint)


def test_a_newer_flyctl_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    flyctl(monkeypatch, version=(2026, 8, 21))
    assert Finding("note", "flyctl 2026.8.21 is newer than the tested 0.4.87; it should work.") in [
        *access.check(start("staging"))
    ]


def test_a_fly_token_of_another_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    flyctl(monkeypatch, orgs={"personal", "acme"})
    assert bad(access.check(start("staging"))) == [
        Finding(
            "wrong",
            "FLY_API_TOKEN does not see Fly organization 'tune-works'; it sees: acme, personal",
            "Correct flyOrganization, or use a token of that organization: `flyctl tokens create org -o tune-works`",
        )
    ]


def test_flyctl_is_not_asked_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    flyctl(monkeypatch, orgs=AssertionError("asked without a token"))
    assert bad(access.check(start("staging", without="Fly.io"))) == []


def test_a_fly_token_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    flyctl(monkeypatch, orgs=FlyAuthError("listing", "flyctl answered: must be authenticated"))
    (found,) = bad(access.check(start("staging")))
    assert (found.state, found.what) == ("wrong", "FLY_API_TOKEN is refused: flyctl answered: must be authenticated")


# --- services that do not answer


def test_a_service_that_does_not_answer_is_a_note(
    monkeypatch: pytest.MonkeyPatch, clouds: Callable[..., Clouds]
) -> None:
    clouds(
        neon=(503, "Service Unavailable"),
        buckets=TimeoutError("timed out"),
        repository=(403, "You have exceeded a secondary rate limit."),
    )
    flyctl(monkeypatch, orgs=ThrottledError("listing", "flyctl answered: 429"))
    found = bad(access.check(start("production")))
    assert {finding.state for finding in found} == {"note"}
    assert [finding.what for finding in found] == [
        "Not checked: whether FLY_API_TOKEN sees organization tune-works: flyctl answered: 429",
        "Not checked: whether NEON_API_KEY reaches what this stack needs: Neon answered 503 (Service Unavailable)",
        "Not checked: whether CLOUDFLARE_API_TOKEN reaches what this stack needs: Cloudflare did not answer (timed "
        "out)",
        "Not checked: whether GITHUB_TOKEN reaches what this stack needs: GitHub answered 403 (You have exceeded a "
        "secondary rate limit.)",
    ]
