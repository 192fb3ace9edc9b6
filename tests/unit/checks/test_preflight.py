"""Whatever is missing is said at once, before anything is registered; a preview asks for less than an `up`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi.runtime
import pytest

from infra import states
from infra.checks import preflight
from infra.checks.credentials import CREDENTIALS
from infra.clouds.http import CloudError, RefusedError
from infra.providers.fly.errors import FlyctlMissingError, FlyctlTooOldError
from tests.unit.program import LOOKS, Run, run_program

if TYPE_CHECKING:
    from collections.abc import Callable

NEON = (
    "NEON_API_KEY is not set (or `pulumi config set --secret neon:apiKey`): an API key, of the organization where the "
    "projects belong to one. Make one at https://console.neon.tech/app/settings/api-keys"
)
CLOUDFLARE = (
    "CLOUDFLARE_API_TOKEN is not set (or `pulumi config set --secret cloudflare:apiToken`): an API token for the one "
    "account with {}. Make one at https://dash.cloudflare.com/profile/api-tokens"
)
GITHUB = (
    "GITHUB_TOKEN is not set (or `pulumi config set --secret github:token`): a fine-grained token for the one "
    "repository with {}. Make one at https://github.com/settings/personal-access-tokens/new"
)
ENVIRONMENT = "Administration and Environments: Read and write, and for a private repository Actions: Read-only"
FLY = "FLY_API_TOKEN is not set: a token for the one organization. Make one with `flyctl tokens create org`"
BOTH = "Workers R2 Storage: Edit, Cloudflare Pages: Edit"
STORAGE_ONLY = {"manage": ["storage"], "previewStack": None}

# stack, changes of its configuration, the variables that are not set, the line that says so
MISSING: list[tuple[str, dict[str, Any], list[str], str]] = [
    ("dev", {}, ["NEON_API_KEY"], NEON),
    ("staging", {}, ["NEON_API_KEY"], NEON),
    ("staging", {}, ["GITHUB_TOKEN"], GITHUB.format(ENVIRONMENT)),
    (
        "staging",
        {"githubScope": "repository"},
        ["GITHUB_TOKEN"],
        GITHUB.format("Secrets and Variables: Read and write"),
    ),
    ("staging", {}, ["FLY_API_TOKEN", "FLY_ACCESS_TOKEN"], FLY),
    (
        "staging",
        {"mintDeployToken": "true"},
        ["FLY_API_TOKEN", "FLY_ACCESS_TOKEN"],
        "FLY_API_TOKEN is not set: a token for the one organization with the right to mint tokens, which a personal "
        "one alone has (`flyctl auth token`). Make one with `flyctl tokens create org`",
    ),
    ("production", {}, ["CLOUDFLARE_API_TOKEN"], CLOUDFLARE.format(BOTH)),
    (
        "production",
        {"adopt": None},
        ["CLOUDFLARE_API_TOKEN"],
        CLOUDFLARE.format(f"{BOTH}, Account API Tokens: Edit (to mint the bucket's)"),
    ),
    (
        "production",
        STORAGE_ONLY | {"adopt": {}, "storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64},
        ["CLOUDFLARE_API_TOKEN"],
        CLOUDFLARE.format("Workers R2 Storage: Edit"),
    ),
    (
        "production",
        {"manage": ["frontend"], "adopt": {}},
        ["CLOUDFLARE_API_TOKEN"],
        CLOUDFLARE.format("Cloudflare Pages: Edit"),
    ),
]


def refused(stack: str, changes: dict[str, Any] | None = None, *, preview: bool = False) -> list[str]:
    """Return what a run of the program says is missing."""
    with pytest.raises(pulumi.RunError) as caught:
        run_program(stack, changes, preview=preview)
    assert isinstance(caught.value, preflight.PreflightError)
    head, *lines = str(caught.value).split("\n  - ")
    count = "one thing is" if len(lines) == 1 else f"{len(lines)} things are"
    assert head == f"Stack {stack} cannot start, {count} amiss; nothing was touched."
    return lines


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace looks by name with a function, or an exception that it raises."""

    def replace(**results: Any) -> None:
        def function(result: Any) -> Callable[..., Any]:
            def look(*_: Any, **__: Any) -> Any:
                if isinstance(result, Exception):
                    raise result
                return result

            return look

        for name, result in results.items():
            target = LOOKS[name][0] if name in LOOKS else f"infra.states.{name}"
            monkeypatch.setattr(target, function(result))

    return replace


@pytest.mark.parametrize(("stack", "changes", "unset", "line"), MISSING)
def test_each_missing_credential_has_its_line(
    monkeypatch: pytest.MonkeyPatch, stack: str, changes: dict[str, Any], unset: list[str], line: str
) -> None:
    for variable in unset:
        monkeypatch.delenv(variable)
    assert refused(stack, changes) == [line]


def test_all_that_is_missing_is_one_list(monkeypatch: pytest.MonkeyPatch, look: Callable[..., None]) -> None:
    for variable in ("NEON_API_KEY", "GITHUB_TOKEN", "FLY_API_TOKEN", "FLY_ACCESS_TOKEN"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("GITHUB_OWNER", "somebody")
    look(flyctl=FlyctlMissingError("asking flyctl for its version", "flyctl cannot be run"))
    lines = refused("staging")
    assert lines[:3] == [NEON, GITHUB.format(ENVIRONMENT), FLY]
    assert [line.split()[0] for line in lines[3:]] == ["GITHUB_OWNER", "Fly.io:"]


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("NEON_API_KEY", empty)
    assert refused("dev") == [NEON]


def test_an_empty_access_token_hides_no_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLY_ACCESS_TOKEN", "")
    assert run_program("staging").outputs


def test_nothing_is_registered_when_something_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    run = Run()
    monkeypatch.setattr("tests.unit.program.Run", lambda: run)
    assert refused("staging") == [GITHUB.format(ENVIRONMENT)]
    assert {resource.type for resource in run.resources} == {"pulumi:pulumi:Stack"}


@pytest.mark.parametrize(
    ("stack", "variables"),
    [
        ("dev", ["NEON_API_KEY"]),
        ("staging", ["NEON_API_KEY", "GITHUB_TOKEN"]),
        ("production", ["NEON_API_KEY", "GITHUB_TOKEN", "CLOUDFLARE_API_TOKEN"]),
    ],
)
def test_a_preview_asks_for_what_it_needs_and_takes_no_look(
    monkeypatch: pytest.MonkeyPatch, stack: str, variables: list[str]
) -> None:
    def no_look(*_: Any, **__: Any) -> None:
        raise AssertionError("a preview took a look")

    for target, _ in LOOKS.values():
        monkeypatch.setattr(target, no_look)
    for credential in CREDENTIALS.values():
        for variable in credential.variables:
            if variable not in variables:
                monkeypatch.delenv(variable)
    assert run_program(stack, preview=True).outputs
    for variable in variables:
        monkeypatch.delenv(variable)
    assert [line.split()[0] for line in refused(stack, preview=True)] == [
        credential.variables[-1] for credential in CREDENTIALS.values() if credential.variables[-1] in variables
    ]


@pytest.mark.parametrize("setting", ["neon:apiKey", "cloudflare:apiToken", "github:token"])
def test_a_pulumi_setting_does_as_well(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    (credential,) = [found for found in CREDENTIALS.values() if found.config == setting]
    monkeypatch.setenv(credential.variables[0], "from the environment")
    pulumi.runtime.set_all_config({setting: "from the configuration"}, [setting])
    try:
        assert credential.value() == "from the configuration"
    finally:
        pulumi.runtime.set_all_config({}, [])
    assert credential.value() == "from the environment"


@pytest.mark.parametrize("variable", ["GITHUB_OWNER", "GITHUB_ORGANIZATION"])
def test_a_variable_that_would_win_over_the_configured_owner(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "somebody")
    assert refused("staging", preview=True) == [
        f"{variable} is 'somebody', but githubOwner is 'tune-works', and the variable would win: `unset {variable}`, "
        "or correct githubOwner"
    ]
    monkeypatch.setenv(variable, "tune-works")
    assert run_program("staging", preview=True).outputs


@pytest.mark.parametrize("variable", preflight.ENDPOINTS)
def test_a_variable_that_sends_calls_elsewhere_is_a_warning(variable: str) -> None:
    (warning,) = preflight.redirected({variable: "https://name:pass@api.example/v1"})
    assert warning.startswith(f"{variable} is set: calls go to api.example, with the credential.")
    assert not list(preflight.redirected({variable: "http://127.0.0.1:80/client/v4", "FLY_APP": "https://x.example"}))


def test_such_a_warning_is_given_at_preview_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_BASE_URL", "https://api.example/")
    assert any("GITHUB_BASE_URL is set" in text for text in run_program("staging", preview=True).messages)


def test_the_owner_is_of_no_concern_without_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OWNER", "somebody")
    assert run_program("dev").outputs


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            FlyctlMissingError("asking flyctl for its version", "flyctl cannot be run (No such file or directory)"),
            "Fly.io: asking flyctl for its version failed: flyctl cannot be run (No such file or directory). Install "
            "flyctl (https://fly.io/docs/flyctl/install/) and put it on PATH.",
        ),
        (
            FlyctlTooOldError("asking flyctl for its version", "flyctl is 0.3.1, and at least 0.4.87 is needed"),
            "Fly.io: asking flyctl for its version failed: flyctl is 0.3.1, and at least 0.4.87 is needed. Run `flyctl "
            "version update`, or install a newer flyctl.",
        ),
    ],
)
def test_flyctl_missing_or_too_old(look: Callable[..., None], error: Exception, line: str) -> None:
    look(flyctl=error)
    assert refused("staging") == [line]
    assert run_program("dev").outputs  # has no backend


@pytest.mark.parametrize(("manage", "part"), [(["storage", "frontend"], "frontend"), (["storage"], "storage")])
def test_a_cloudflare_token_for_another_account(look: Callable[..., None], manage: list[str], part: str) -> None:
    look(cloudflare=RefusedError("Cloudflare answered 403 (10000: Authentication error)"))
    assert refused("production", {"manage": manage, "adopt": {}}) == [
        "CLOUDFLARE_API_TOKEN does not reach account ffffffffffffffffffffffffffffff01, or may not do there what "
        f"`{part}` needs: Cloudflare answered 403 (10000: Authentication error). Use a token of that account, or "
        "correct cloudflareAccountId"
    ]


def test_cloudflare_is_not_asked_by_a_stack_that_has_nothing_there(look: Callable[..., None]) -> None:
    look(cloudflare=AssertionError("asked"))
    assert run_program("staging").outputs


def test_a_look_that_cannot_be_had_is_a_warning(look: Callable[..., None]) -> None:
    look(cloudflare=CloudError("Cloudflare did not answer (timed out)"), neon=CloudError("Neon answered 503"))
    messages = run_program("production").messages
    assert (
        "Not checked: whether CLOUDFLARE_API_TOKEN is for account ffffffffffffffffffffffffffffff01: Cloudflare did not "
        "answer (timed out)."
    ) in messages
    assert (
        "Not checked: whether another Neon project is called 'tune': Neon answered 503. A personal key must name its "
        "organization: neonOrganizationId."
    ) in messages


def test_the_organization_is_passed_on_and_then_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def neon(*arguments: Any) -> list[str]:
        asked.append(arguments)
        raise CloudError("Neon answered 500")

    monkeypatch.setattr(LOOKS["neon"][0], neon)
    messages = run_program("dev", {"neonOrganizationId": "org-1"}).messages
    assert [arguments[1:] for arguments in asked] == [("tune-dev", "org-1")]
    assert "Not checked: whether another Neon project is called 'tune-dev': Neon answered 500." in messages


def test_a_neon_key_that_is_not_accepted(look: Callable[..., None]) -> None:
    look(neon=RefusedError("Neon answered 401"))
    assert refused("dev") == [
        "NEON_API_KEY is not accepted: Neon answered 401. Make one at https://console.neon.tech/app/settings/api-keys"
    ]


MADE = "neon-project-id"  # what the mocks give the project
ADOPTED = "tall-oak-33334444"
NAMESAKE = "Another Neon project is called {!r} already: {}. {}"
TOKEN = (
    "Another Cloudflare account token is called 'tune-audio (pulumi)' already: old-1. Where an `up` of this stack was "
    "killed or failed: `bin/recover production`. Rename it, or revoke it where nothing uses it, under Manage "
    "Account → Account API Tokens"
)
TOKENS = (
    "Another Cloudflare account token is called 'tune-audio (pulumi)' already: any-2. This stack's own is any-1: "
    "revoke the other under Manage Account → Account API Tokens, or rename it"
)


def namesake(name: str, ids: str, own: str | None = None) -> str:
    """Return the line about a project that is not this stack's."""
    if own:
        return NAMESAKE.format(
            name, ids, f"This stack's own is {own}: delete the other in Neon's console, or rename it"
        )
    return NAMESAKE.format(
        name,
        ids,
        "Where an `up` of this stack was killed or failed: `bin/recover staging`. To take it over set "
        "adopt.neonProject to its id; else choose another neonProject, or rename or delete it",
    )


# stack, the projects of that name, the id in the state, the line or None
@pytest.mark.parametrize(
    ("stack", "projects", "own", "line"),
    [
        ("staging", [], None, None),
        ("staging", ["old-1"], None, namesake("tune-staging", "old-1")),
        ("staging", ["old-2", "old-1"], None, namesake("tune-staging", "old-1, old-2")),
        ("staging", [MADE], MADE, None),
        ("staging", [MADE, "old-1"], MADE, namesake("tune-staging", "old-1", MADE)),
        ("staging", ["old-1"], MADE, namesake("tune-staging", "old-1", MADE)),
        # A state that has it, and does not say its id.
        ("staging", [MADE], "", None),
        ("staging", [MADE, "old-1"], "", namesake("tune-staging", f"{MADE}, old-1", "one of them")),
        ("production", [ADOPTED], None, None),
        ("production", [ADOPTED, "old-1"], None, namesake("tune", "old-1", ADOPTED)),
        ("production", [ADOPTED, "old-1"], ADOPTED, namesake("tune", "old-1", ADOPTED)),
    ],
)
def test_neon_projects_of_one_name(
    look: Callable[..., None], stack: str, projects: list[str], own: str | None, line: str | None
) -> None:
    look(neon=projects, own_ids={} if own is None else {"neon-project": own})
    if line:
        assert refused(stack) == [line]
    else:
        assert run_program(stack).outputs


@pytest.mark.parametrize("preview", [False, True])
def test_another_id_does_not_exchange_the_database(preview: bool) -> None:
    with pytest.raises(pulumi.RunError) as error:
        run_program("production", before={"neonProjectId": "old-1"}, preview=preview)
    assert (
        "adopt.neonProject is 'tall-oak-33334444', but this stack's database is 'old-1', and the backend would change "
        'over to the other. Correct the id. To change over all the same: docs/operating.md, "A database moves"'
    ) in str(error.value)
    assert run_program("production", before={"neonProjectId": "tall-oak-33334444"}, preview=preview).outputs
    # The one escape.
    assert run_program("production", {"unprotect": True}, before={"neonProjectId": "old-1"}, preview=preview).outputs


@pytest.mark.parametrize(
    ("tokens", "own", "line"),
    [
        ([], {}, None),
        (["storage-token-id"], {"storage-token": "storage-token-id"}, None),
        (["old-1"], {"bucket": "tune-audio"}, TOKEN),
        (["any-2", "any-1"], {"storage-token": "any-1"}, TOKENS),
    ],
)
def test_account_tokens_of_one_name(
    look: Callable[..., None], tokens: list[str], own: dict[str, str], line: str | None
) -> None:
    look(tokens=tokens, own_ids=own)
    if line:
        assert refused("production", {"adopt": None}) == [line]
    else:
        assert run_program("production", {"adopt": None}).outputs
    assert run_program("production").outputs  # its token is kept, so nobody asks


def test_a_refused_account_is_one_line(look: Callable[..., None]) -> None:
    look(cloudflare=RefusedError("no"), tokens=RefusedError("no"))
    assert len(refused("production", {"adopt": None})) == 1


def test_tokens_that_may_not_be_listed(look: Callable[..., None]) -> None:
    look(tokens=RefusedError("Cloudflare answered 403"))
    assert refused("production", {"adopt": None}) == [
        "CLOUDFLARE_API_TOKEN may not list the account's tokens: Cloudflare answered 403. It needs Account API Tokens: "
        "Edit"
    ]


@pytest.mark.parametrize(
    ("stack", "found", "what", "remove"),
    [
        ("staging", {"neon": [MADE, "twin-1"]}, f"Neon project is called 'tune-staging': {MADE}", "delete"),
        (
            "production",
            {"tokens": ["storage-token-id", "twin-1"]},
            "Cloudflare account token is called 'tune-audio (pulumi)': storage-token-id",
            "revoke",
        ),
    ],
)
def test_what_a_provider_made_twice_is_said_by_the_same_up(
    monkeypatch: pytest.MonkeyPatch, stack: str, found: dict[str, list[str]], what: str, remove: str
) -> None:
    (service, ids) = next(iter(found.items()))
    answers = [[], ids]  # before it is made, and after
    monkeypatch.setattr(LOOKS[service][0], lambda *_: answers.pop(0))
    with pytest.raises(pulumi.RunError) as caught:
        run_program(stack, {"adopt": None})
    what, _, made = what.partition(": ")
    assert str(caught.value).startswith(
        f"More than one {what}: a provider repeats a call that was answered with an error. This stack has {made}, and "
        f"nothing uses twin-1: {remove} the other "
    )


def test_a_look_after_that_cannot_be_had_is_a_warning(look: Callable[..., None]) -> None:
    look(neon=CloudError("Neon answered 503"))
    messages = run_program("staging").messages
    assert "Not checked: whether more than one Neon project is called 'tune-staging': Neon answered 503." in messages


def test_a_state_that_is_just_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [Exception("EOF"), Exception("EOF"), type("Answer", (), {"value": {"outputs": {"a": "b"}}})]

    def invoke(*_: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    waits: list[float] = []
    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr("infra.states.time.sleep", waits.append)
    assert states.outputs("staging") == {"a": "b"}
    assert waits == [0.25, 0.25]
    answers[:] = [Exception("gone")] * 5
    with pytest.raises(states.StateError, match=r"^gone$"):
        states.outputs("staging")


@pytest.mark.parametrize("outputs", [{}, {"id": None}, {"id": ""}])
def test_a_state_without_an_id_says_none(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any]) -> None:
    answer = type("Answer", (), {"value": {"outputs": {"urn::neon-project": {"outputs": outputs}}}})
    monkeypatch.setattr(pulumi.runtime, "invoke", lambda *_: answer)
    assert states.own_ids() == {"neon-project": ""}


def test_an_unreadable_state_is_no_reason_to_make_another(look: Callable[..., None]) -> None:
    look(neon=[MADE], own_ids=states.StateError("invoke failed"))
    assert refused("staging") == [
        "A Neon project is called 'tune-staging' already, and this stack's state, which tells whether it is its own, "
        "could not be read (invoke failed): run the same command again"
    ]


def test_no_message_shows_a_credential(monkeypatch: pytest.MonkeyPatch, look: Callable[..., None]) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    look(cloudflare=RefusedError("no"), neon=RefusedError("no"))
    assert "made-up-" not in "\n".join(refused("production"))
