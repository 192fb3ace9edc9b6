"""The next step after a cloud's failure, given the words of its provider."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS

from infra.config.load import examine
from infra.config.stack_files import read_stack_files
from infra.messages.on_failure import next_step
from tests.unit.program import configuration, run_program

if TYPE_CHECKING:
    from tests.unit.program import State

NEON = "neon:index/project:Project"
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
URL = 'POST "https://api.cloudflare.com/client/v4/accounts/40440940340440940340440940340440/r2/buckets"'

UP = "`pulumi up -s production`"
AGAIN = "`pulumi up --refresh -s production`"
ADOPT = "`bin/adopt production`"
NEON_KEY = (
    "an API key, of the organization where the projects belong to one. "
    "Make one at https://console.neon.tech/app/settings/api-keys"
)
GITHUB_TOKEN = (
    "a fine-grained token for the one repository with Administration and Environments: Read and write, and for a "
    "private repository Actions: Read-only. Make one at https://github.com/settings/personal-access-tokens/new"
)
THERE = f"It exists already: {ADOPT} shows it, and takes it over with --write. Then {UP}. Or choose another name."


@pytest.mark.parametrize(
    ("type_", "operation", "said", "step"),
    [
        (
            "cloudflare:index/dnsRecord:DnsRecord",
            "create",
            'POST "https://api.cloudflare.com/client/v4/zones/40440940340440940340440940340440/dns_records": '
            '400 Bad Request {"errors":[{"code":81053,"message":"An A, AAAA, or CNAME record with that host already '
            'exists."}]}',
            f"The name is in use: {ADOPT} shows it, and takes it over with --write. Then {UP}.",
        ),
        (
            NEON,
            "create",
            "[HTTP Code: 401][Error Code: ] supplied credentials do not pass authentication",
            f"Neon does not accept NEON_API_KEY. It takes {NEON_KEY}. Then {UP}.",
        ),
        (
            VARIABLE,
            "update",
            "PATCH https://api.github.com/repos/o/r/environments/e/variables/A: 403 Resource not accessible []",
            f"GITHUB_TOKEN may not do this. It takes {GITHUB_TOKEN}. Then {UP}.",
        ),
        (
            VARIABLE,
            "create",
            "POST https://api.github.com/repos/o/r/environments/e/variables: 404 Not Found []",
            f"The object above it does not exist, or GITHUB_TOKEN may not see it. It takes {GITHUB_TOKEN}. Then {UP}.",
        ),
        (
            NEON,
            "delete",
            "[HTTP Code: 404][Error Code: ] project not found",
            f"Somebody deleted it, or NEON_API_KEY may not see it. It takes {NEON_KEY}. Then {AGAIN}.",
        ),
        ("cloudflare:index/accountToken:AccountToken", "create", f"{URL}: 409 Conflict {{}}", ""),
        (BUCKET, "create", f"{URL}: 409 Conflict {{}}", THERE),
        (VARIABLE, "create", "POST https://…/variables: 409 Already exists []", THERE),
        (BUCKET, "delete", f"{URL}: 409 Conflict {{}}", ""),
        (BUCKET, "create", f'{URL}: 400 Bad Request {{"errors":[{{"code":10005}}]}}', ""),
        (VARIABLE, "create", "POST https://…/variables: 422 Validation Failed [name already exists]", THERE),
        (
            NEON,
            "create",
            "[HTTP Code: 423][Error Code: ] project already has running operations",
            f"Neon is busy, or had too many requests: wait a minute, then {UP}.",
        ),
        (
            BUCKET,
            "create",
            f"{URL}: 502 Bad Gateway",
            f"Nobody knows whether it was made: {ADOPT} finds out, then {UP}.",
        ),
        (
            BUCKET,
            "create",
            "dial tcp 192.0.2.1:443: i/o timeout",
            f"Nobody knows whether it was made: {ADOPT} finds out, then {UP}.",
        ),
        (BUCKET, "update", f"{URL}: unexpected EOF", f"Nobody knows whether it was done: {AGAIN} looks first."),
        (  # what Cloudflare's SDK makes of an HTML page
            BUCKET,
            "create",
            "invalid character '<' looking for beginning of value",
            f"Nobody knows whether it was made: {ADOPT} finds out, then {UP}.",
        ),
    ],
)
def test_what_to_do_next(type_: str, operation: str, said: str, step: str) -> None:
    settings, problems = examine("production", configuration("production"), set(), read_stack_files())
    assert not problems
    assert next_step(settings, type_, operation, said) == step


BUSY = "is busy, or had too many requests: wait a minute, then"
LIMIT = "This is a limit of the Neon plan, and Neon made nothing."
# Messages of reports about the real services, each with the step that helped.
REAL = [
    (VARIABLE, "POST https://…: 403 You have exceeded a secondary rate limit. Please wait. []", f"GitHub {BUSY}"),
    (VARIABLE, "POST https://…: 403 API rate limit exceeded for user ID 1. [rate reset in 9m]", f"GitHub {BUSY}"),
    (VARIABLE, "POST https://…: 403 Repository was archived so is read-only. []", "Unarchive the repository"),
    (VARIABLE, "POST https://…: 403 Resource protected by organization SAML enforcement. []", "Authorise the token"),
    (
        VARIABLE,
        "POST https://…: 403 … forbids access if the token's lifetime is greater than 366 days",
        "Make a token with the shorter life",
    ),
    (
        VARIABLE,
        "PUT https://…: 422 Failed to create the environment protection rule. Please ensure the billing plan …",
        "The repository's plan",
    ),
    (NEON, "[HTTP Code: 422][Error Code: PROJECTS_LIMIT_EXCEEDED] projects limit exceeded", LIMIT),
    (NEON, "[HTTP Code: 402][Error Code: ] quota of 500 hours is used up", LIMIT),
    (NEON, "[HTTP Code: 400][Error Code: ] org_id is required", "Set neonOrganizationId"),
    (BUCKET, f'{URL}: 403 Forbidden {{"errors":[{{"code":10042,"message":"Please enable R2"}}]}}', "Enable R2"),
    (BUCKET, f'{URL}: 400 Bad Request {{"errors":[{{"code":8000011}}]}}', "Install Cloudflare's GitHub app"),
    (BUCKET, f'{URL}: 400 Bad Request {{"errors":[{{"code": 1005}}]}}', "The account has too many tokens"),
    (BUCKET, f'{URL}: 400 Bad Request {{"errors":[{{"code":81058}}]}}', "The name is in use"),
    (BUCKET, f'{URL}: 400 Bad Request {{"errors":[{{"code":8000018}}]}}', "The name is in use"),
    (NEON, "a quota of 500 projects is reached", ""),
    (NEON, "context deadline exceeded", "Nobody knows whether it was made"),
    (BUCKET, "read tcp 10.0.0.1: connection reset by peer", "Nobody knows whether it was made"),
    (BUCKET, "dial tcp 10.0.0.1:443: connect: connection refused", "Nobody knows whether it was made"),
    (BUCKET, "dial tcp: lookup api.cloudflare.com: no such host", "Nobody knows whether it was made"),
    (BUCKET, "http2: server sent GOAWAY and closed the connection", "Nobody knows whether it was made"),
]


@pytest.mark.parametrize(
    ("type_", "said", "step"), REAL, ids=[re.sub(r"[^a-z ]", "", said)[-40:] for _, said, _ in REAL]
)
def test_a_real_message_gets_the_right_step(type_: str, said: str, step: str) -> None:
    settings, problems = examine("production", configuration("production"), set(), read_stack_files())
    assert not problems
    found = next_step(settings, type_, "create", said)
    assert found.startswith(step)
    assert bool(found) == bool(step)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocks that take a hook, where Pulumi's take none."""

    def set_mocks(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        SETTINGS.callbacks = SimpleNamespace(register_error_hook=lambda _: None, register_resource_hook=lambda _: None)

    original = mocks.set_mocks
    monkeypatch.setattr(mocks, "set_mocks", set_mocks)
    monkeypatch.setattr("infra.messages.on_failure.MockMonitor", type(None))


@pytest.mark.usefixtures("hooks")
def test_it_is_said_of_what_a_cloud_has_but_fly() -> None:
    resources = run_program("production").resources
    hooked = {resource.name for resource in resources if resource.options.hooks.on_error == ["next-step"]}
    assert hooked == {one.name for one in resources if one.type.startswith(("neon:", "cloudflare:", "github:"))}
    assert {"neon-project", "bucket", "github-environment"} <= hooked


@pytest.mark.usefixtures("hooks")
@pytest.mark.parametrize(
    ("stack", "changes", "there", "refuses"),
    [
        ("staging", {}, True, True),
        ("staging", {}, False, False),
        ("staging", {"unprotect": True}, True, False),
        ("dev", {"adopt": None}, True, False),
    ],
)
def test_a_database_in_the_state_is_made_a_second_time_only_where_it_may_go(
    stack: str, changes: dict[str, Any], *, there: bool, refuses: bool
) -> None:
    state: State = {"neon-project": (NEON, {"id": "old-1"})} if there else {}
    resources = run_program(stack, changes, state=state, preview=True).resources
    hooked = {resource.name for resource in resources if resource.options.hooks.before_create}
    assert hooked == ({"neon-project"} if refuses else set())


class Listed:
    """An output that resolves to a list of groups, or fails."""

    def __init__(self, answer: Exception | list[dict[str, str]]) -> None:
        self._answer = answer

    async def future(self) -> Any:
        """Return the list."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return SimpleNamespace(results=[SimpleNamespace(**group) for group in self._answer])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Exception("invocation of a:b/c:c returned an error: 403 Authentication error\nTraceback …"),
            "The storage token: Cloudflare did not list the account's permission groups: 403 Authentication error. "
            "CLOUDFLARE_API_TOKEN needs Account API Tokens Write on the account of "
            "cloudflareAccountId. To check it:\n  bin/doctor --for production",
        ),
        (
            [{"id": "9", "name": "Pages Write"}],
            "The storage token: Cloudflare lists no permission group 'Objects Write' for this account. Make a token "
            "for the bucket by hand (R2 → Manage API tokens) and set storageAccessKeyId and storageSecretAccessKey.",
        ),
    ],
)
def test_a_group_that_cannot_be_had_is_one_message(monkeypatch: pytest.MonkeyPatch, answer: Any, said: str) -> None:
    from infra.parts import storage

    monkeypatch.setattr(pulumi, "get_stack", lambda: "production")
    listed: Any = Listed(answer)
    with pytest.raises(pulumi.RunError) as caught:
        asyncio.run(storage._id_of("Objects Write", listed))
    assert str(caught.value) == said
