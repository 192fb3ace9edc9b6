"""flyctl's subcommands: what each is given, and how its answer is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly import errors
from infra.providers.fly.answers import Token
from infra.providers.fly.process import Completed
from tests.unit.fly.scripted import STATUS, make

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.providers.fly.flyctl import Flyctl

TABLE = (
    'Tokens for app "relay-api":\n'
    "ID    │ NAME       │ CREATED BY │ EXPIRES AT                    │ REVOKED AT\n"
    "abc12 │ relay-r0-a │ jane@x.org │ 2046-01-02 03:04:05 +0000 UTC │ \n"
    "abc13 │ broken     \n"
    "abc14 │ relay-r1-b │ jane@x.org │ 2046-01-02 03:04:05 +0000 UTC │ 2026-01-02 03:04:05.6 +0000 UTC\n"
    "abc15 │ relay-r2-c │ jane@x.org │ 0001-01-01 00:00:00 +0000 UTC │ \n"  # Go's year 1 is no time
)


@pytest.mark.parametrize(
    ("deployed", "machines", "in_use"),
    [(True, [], True), (False, [{"id": "a1"}], True), (False, [], False), (False, None, False)],
)
def test_an_app_that_was_deployed_or_has_a_machine_is_in_use(
    deployed: bool, machines: list[object] | None, in_use: bool
) -> None:
    answer = {**STATUS, "Deployed": deployed, "Machines": machines}
    flyctl, _, _ = make({"status --json -a relay-api": [Completed(0, json.dumps(answer))]})
    assert flyctl.status("relay-api").deployed is in_use


def test_apps_create_is_never_repeated() -> None:
    flyctl, _, _ = make({"apps create relay-api --org acme": [Completed(1, "", "Error: : EOF")]})
    with pytest.raises(errors.TransientError):
        flyctl.apps_create("relay-api", organization="acme")


APP, HOST = "relay-api", "api.relay.example"
READS: list[tuple[str, str, Callable[[Flyctl], object]]] = [
    ("apps list --json --org acme", "listing the apps", lambda fly: fly.apps_list("acme")),
    (f"certs check {HOST} --json -a {APP}", f"checking the certificate for {HOST}", lambda f: f.certs_check(APP, HOST)),
    (f"certs list --json -a {APP}", "listing its certificates", lambda fly: fly.certs_list(APP)),
    (f"machine list --json -a {APP}", "listing its machines", lambda fly: fly.machine_list(APP)),
    ("orgs list --json", "listing the organizations", lambda fly: fly.orgs_list()),
    (f"secrets list --json -a {APP}", "listing its secrets", lambda fly: fly.secrets_list(APP)),
    (f"status --json -a {APP}", "looking at it", lambda fly: fly.status(APP)),
    ("tokens debug", "reading its token", lambda fly: fly.tokens_debug()),
    (f"tokens list -a {APP}", "listing its tokens", lambda fly: fly.tokens_list(APP)),
    (f"volumes list --json -a {APP}", "listing its volumes", lambda fly: fly.volumes_list(APP)),
]
MINTING = f"tokens create deploy -a {APP} --name a-r0 --expiry 1h --json"
WRITES: list[tuple[str, str, Callable[[Flyctl], object]]] = [
    (f"apps create {APP} --org acme", "creating it", lambda fly: fly.apps_create(APP, organization="acme")),
    (f"apps destroy {APP} --yes", "destroying it", lambda fly: fly.apps_destroy(APP)),
    (f"certs add {HOST} --json -a {APP}", f"adding the certificate for {HOST}", lambda fly: fly.certs_add(APP, HOST)),
    (
        f"certs remove {HOST} --yes -a {APP}",
        f"removing the certificate for {HOST}",
        lambda f: f.certs_remove(APP, HOST),
    ),
    (f"secrets import -a {APP} --stage", "setting 1 secrets", lambda fly: fly.secrets_import(APP, {"A": "1"})),
    (f"secrets unset A -a {APP} --stage", "removing secrets", lambda fly: fly.secrets_unset(APP, ["A"])),
    (MINTING, "making the deploy token a-r0", lambda f: f.tokens_create_deploy(APP, name="a-r0", expiry_hours=1)),
    ("tokens revoke abc", "revoking tokens", lambda fly: fly.tokens_revoke(APP, ["abc"])),
]


@pytest.mark.parametrize(("line", "action", "call"), [*READS, *WRITES], ids=[row[1] for row in [*READS, *WRITES]])
def test_a_failure_says_which_app_what_for_and_whether_it_may_have_taken_effect(
    line: str, action: str, call: Callable[[Flyctl], object]
) -> None:
    flyctl, run, _ = make({line: [Completed(-9)]})
    with pytest.raises(errors.FlyctlStoppedError) as caught:
        call(flyctl)
    where = "Fly.io" if line.startswith(("apps list", "orgs", "tokens debug")) else f"Fly app {APP}"
    unknown = "; whether it took effect is unknown" if (line, action, call) in WRITES else ""
    assert str(caught.value).startswith(f"{where}: {action} failed: flyctl was stopped (exit code -9){unknown}. ")
    assert run.calls[-1].timeout == (120 if line.startswith(("apps create", "apps destroy")) else 60)


@pytest.mark.parametrize("words", ["nothing here", "unauthorized"])
def test_a_refusal_to_list_secrets_is_told_from_a_missing_app(words: str) -> None:
    odd = Completed(1, "", f"Error: failed to list app secrets: {words} (Request ID: 01)")
    missing = Completed(1, "", 'Error: failed to get app: Could not find App "relay-api"')
    flyctl, _, _ = make({"secrets list --json -a relay-api": [odd] * 2, "status --json -a relay-api": [missing]})
    with pytest.raises(errors.AppNotFoundError):
        flyctl.secrets_list("relay-api")
    there = Completed(0, json.dumps(STATUS))
    flyctl, _, _ = make({"secrets list --json -a relay-api": [odd] * 2, "status --json -a relay-api": [there]})
    with pytest.raises(errors.FlyError, match=words):
        flyctl.secrets_list("relay-api")


def test_a_list_in_which_no_secret_is_deployed_is_asked_again_where_it_must_be_sure() -> None:
    staged, deployed = (json.dumps([{"name": "A", "digest": "d", "status": s}]) for s in ("Staged", "Deployed"))
    answers = {"secrets list --json -a relay-api": [Completed(0, staged), Completed(0, deployed)] * 2}
    flyctl, _, _ = make(answers)
    assert flyctl.secrets_list("relay-api", sure=True)["A"].deployed
    assert not flyctl.secrets_list("relay-api")["A"].deployed
    assert flyctl.secrets_list("relay-api", sure=True)["A"].deployed  # by its first answer


@pytest.mark.parametrize(("stage", "flag", "timeout"), [(True, " --stage", 60), (False, "", 900)])
def test_secrets_are_written_over_stdin_and_removed_by_name(stage: bool, flag: str, timeout: float) -> None:
    done = Completed(0)
    flyctl, run, _ = make(
        {f"secrets import -a relay-api{flag}": [done], f"secrets unset A B -a relay-api{flag}": [done]}
    )
    flyctl.secrets_import("relay-api", {"B": "two", "A": "one # 1"}, stage=stage)
    flyctl.secrets_unset("relay-api", ["A", "B"], stage=stage)
    written, removed = run.calls[1:]
    assert (written.stdin, removed.stdin) == (b'A="""one # 1"""\nB=\'two\'\n', b"")
    assert written.timeout == removed.timeout == timeout


MINT = "tokens create deploy -a relay-api --name relay-r0-a --expiry 720h --json"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Completed(0, '{"token": ""}'), errors.UnexpectedAnswerError),
        (Completed(0, "FlyV1 fm2_abc"), errors.UnexpectedAnswerError),
        (Completed(1, "", "Error: failed creating token: input: no\n\n"), errors.FlyctlFailedError),
        (Completed(1, "", "Error: failed creating token: input: Not authorized to access this\n"), errors.FlyAuthError),
        (Completed(1, "", "Error: failed creating token: returned error 500: {}"), errors.TransientError),
        (Completed(1, "", "Error: failed creating token: returned error 429: {}"), errors.ThrottledError),
    ],
)
def test_a_token_that_is_not_made_is_an_error_and_not_tried_again(
    answer: Completed, kind: type[errors.FlyError]
) -> None:
    flyctl, run, _ = make({MINT: [answer]})
    with pytest.raises(kind) as caught:
        flyctl.tokens_create_deploy("relay-api", name="relay-r0-a", expiry_hours=720)
    assert caught.type is kind
    assert "fm2_abc" not in str(caught.value)
    if kind in {errors.FlyAuthError, errors.FlyctlFailedError}:
        assert "Make the deploy token as a person" in str(caught.value)
    assert len(run.calls) == 2


def test_tokens_list() -> None:
    flyctl, _, _ = make({"tokens list -a relay-api": [Completed(0, TABLE)]})
    end = datetime(2046, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert flyctl.tokens_list("relay-api") == [
        Token(id="abc12", name="relay-r0-a", expires=end, revoked=False),
        Token(id="abc14", name="relay-r1-b", expires=end, revoked=True),
        Token(id="abc15", name="relay-r2-c", expires=None, revoked=False),
    ]


@pytest.mark.parametrize("command", ["machine list", "volumes list"])
def test_machines_and_volumes_are_listed_by_id(command: str) -> None:
    line = f"{command} --json -a relay-api"
    flyctl, _, _ = make({line: [Completed(0, '[{"id": "a1"}, {"id": "a2"}]'), Completed(0, "null")]})
    listing = getattr(flyctl, command.replace(" ", "_"))
    assert [listing("relay-api"), listing("relay-api")] == [["a1", "a2"], []]


def test_tokens_revoke_believes_only_what_is_said() -> None:
    answer = Completed(0, "Revoked abc12\n1 tokens revoked\n", "failed to revoke token abc1: no\n")
    flyctl, _, _ = make({"tokens revoke abc12 abc1": [answer]})
    assert flyctl.tokens_revoke("relay-api", ["abc12", "abc1"]) == {"abc12"}


NO_FORM = ["", "<html>", "[1]", '{"Name": "relay-api"}', "null", '{"a": NaN']
OTHER_FORMS = {
    "version --json": ("version", [*NO_FORM, "flyctl v0.4.87 linux", '{"Version": 4}']),
    "status --json -a relay-api": ("status", NO_FORM),
    "secrets list --json -a relay-api": ("secrets_list", NO_FORM),
    "tokens list -a relay-api": ("tokens_list", [*NO_FORM, "A │ B\n", TABLE.replace("2046-01-02 ", "soon ")]),
}


@pytest.mark.parametrize("line", OTHER_FORMS)
def test_an_answer_in_another_form_is_an_error_without_its_text(line: str) -> None:
    read, answers = OTHER_FORMS[line]
    for answer in answers:
        flyctl, _, _ = make({line: [Completed(0, answer)]})
        with pytest.raises(errors.UnexpectedAnswerError) as caught:
            getattr(flyctl, read)(*(["relay-api"] if read != "version" else []))
        assert caught.value.__context__ is None, answer


BAD_NAMES = ["", "../../x", "-a", "Relay", "relay_api", "a" * 64, "relay-", "relay api", "relay\n"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_flyctl_would_misread_is_refused_before_anything_runs(name: str) -> None:
    flyctl, run, _ = make({})
    calls: list[Callable[[], object]] = [
        lambda: flyctl.status(name),
        lambda: flyctl.apps_create(name, organization="acme"),
        lambda: flyctl.apps_create("relay-api", organization=f"{name}."),
        lambda: flyctl.apps_destroy(name),
        lambda: flyctl.certs_list(name),
        lambda: flyctl.certs_add("relay-api", name),
        lambda: flyctl.certs_check("relay-api", name),
        lambda: flyctl.certs_remove("relay-api", name),
        lambda: flyctl.secrets_list(name),
        lambda: flyctl.secrets_import(name, {"A": "1"}),
        lambda: flyctl.secrets_unset(name, ["A"]),
        lambda: flyctl.secrets_unset("relay-api", [f"{name} "]),
        lambda: flyctl.tokens_list(name),
        lambda: flyctl.tokens_revoke("relay-api", [f"{name} "]),
        lambda: flyctl.tokens_create_deploy("relay-api", name=f"{name} ", expiry_hours=1),
    ]
    for call in calls:
        with pytest.raises(errors.RefusedError, match=r"Nothing was sent to Fly\.io"):
            call()
    assert run.calls == []
