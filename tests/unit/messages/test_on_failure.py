"""What is said after a cloud's failure, given the words in which its provider tells it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS

from infra.config.load import examine
from infra.config.stack_files import read_stack_files
from infra.messages.on_failure import next_step
from tests.unit.program import configuration, run_program

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
THERE = f"It is there already: {ADOPT} shows it, and takes it over with --write. Then {UP}. Or choose another name."


@pytest.mark.parametrize(
    ("type_", "operation", "said", "step"),
    [
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
            f"What it belongs to does not exist, or GITHUB_TOKEN may not see it. It takes {GITHUB_TOKEN}. Then {UP}.",
        ),
        (
            NEON,
            "delete",
            "[HTTP Code: 404][Error Code: ] project not found",
            f"It was deleted by hand, or NEON_API_KEY may not see it. It takes {NEON_KEY}. Then {AGAIN}.",
        ),
        (
            "cloudflare:index/accountToken:AccountToken",
            "create",
            f"{URL}: 409 Conflict {{}}",
            f"Cloudflare says what is in the way: mend that, then {UP}.",
        ),
        (BUCKET, "create", f"{URL}: 409 Conflict {{}}", THERE),
        (VARIABLE, "create", "POST https://…/variables: 409 Already exists []", THERE),
        (
            BUCKET,
            "delete",
            f"{URL}: 409 Conflict {{}}",
            "Cloudflare says what is in the way: mend that, then the same command again.",
        ),
        (
            BUCKET,
            "create",
            f'{URL}: 400 Bad Request {{"errors":[{{"code":10005}}]}}',
            f"Cloudflare says which value it refuses: correct it in the stack's file, then {UP}.",
        ),
        (
            VARIABLE,
            "create",
            "POST https://…/variables: 422 Validation Failed [name already exists]",
            THERE,
        ),
        (
            NEON,
            "create",
            "[HTTP Code: 423][Error Code: ] project already has running operations",
            f"Neon is busy, or was asked too much: wait a minute, then {UP}.",
        ),
        (
            BUCKET,
            "create",
            f"{URL}: 502 Bad Gateway",
            f"Whether it was made is not known: {ADOPT} finds out, then {UP}.",
        ),
        (
            BUCKET,
            "create",
            "dial tcp 192.0.2.1:443: i/o timeout",
            f"Whether it was made is not known: {ADOPT} finds out, then {UP}.",
        ),
        (
            BUCKET,
            "update",
            f"{URL}: unexpected EOF",
            f"Whether it was done is not known: {AGAIN} looks first.",
        ),
    ],
)
def test_what_to_do_next(type_: str, operation: str, said: str, step: str) -> None:
    settings, problems = examine("production", configuration("production"), set(), read_stack_files())
    assert not problems
    assert next_step(settings, type_, operation, said) == step


def test_it_is_said_of_what_a_cloud_has_but_fly(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_mocks(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        SETTINGS.callbacks = SimpleNamespace(register_error_hook=lambda _: None)

    # Mocks that take a hook, where Pulumi's take none.
    original = mocks.set_mocks
    monkeypatch.setattr(mocks, "set_mocks", set_mocks)
    monkeypatch.setattr("infra.messages.on_failure.MockMonitor", type(None))
    resources = run_program("production").resources
    hooked = {resource.name for resource in resources if resource.options.hooks.on_error == ["next-step"]}
    assert hooked == {one.name for one in resources if one.type.startswith(("neon:", "cloudflare:", "github:"))}
    assert {"neon-project", "bucket", "github-environment"} <= hooked
