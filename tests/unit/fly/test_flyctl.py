"""Run flyctl: its environment and folders, its repeats, its parsed answers, and its errors."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from infra.providers.fly import errors
from infra.providers.fly.answers import Token, shown
from infra.providers.fly.flyctl import RETRY_PAUSES, Flyctl
from infra.providers.fly.process import Completed, child_environment, run_process
from sandbox.credentials import FLY_TOKEN
from tests.unit.fly.conftest import Clock
from tests.unit.fly.standin import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from infra.providers.fly.command import Command

VERSION = Completed(0, '{"Name":"flyctl","Version":"0.4.87"}')

STATUS = {
    "Name": "relay-api",
    "Deployed": True,
    "Organization": {"Slug": "personal", "RawSlug": "jane-doe"},
    "Machines": [{"id": "a1", "config": {"env": {"X": "y"}}}],
}
TABLE = (
    'Tokens for app "relay-api":\n'
    "ID    │ NAME       │ CREATED BY │ EXPIRES AT                    │ REVOKED AT\n"
    "abc12 │ relay-r0-a │ jane@x.org │ 2046-01-02 03:04:05 +0000 UTC │ \n"
    "abc13 │ broken     \n"
    "abc14 │ relay-r1-b │ jane@x.org │ 2046-01-02 03:04:05 +0000 UTC │ 2026-01-02 03:04:05 +0000 UTC\n"
)


class Call(NamedTuple):
    """One run of flyctl."""

    line: str
    stdin: bytes
    env: dict[str, str]
    timeout: float


class ScriptedRun:
    """Answers exactly the calls it was told about, in any order, each as often as told; fails on any other."""

    def __init__(self, answers: Mapping[str, Sequence[Completed | Exception]] | None = None) -> None:
        self.answers = {"version --json": [VERSION], **(answers or {})}
        self.left = {line: list(results) for line, results in self.answers.items()}
        self.calls: list[Call] = []

    def __call__(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run flyctl."""
        line = " ".join(argv[1:])
        assert argv[0] == "flyctl"
        assert self.left.get(line), f"unexpected: flyctl {line}"
        self.calls.append(Call(line, stdin, dict(env), timeout))
        result = self.left[line].pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def make(
    answers: Mapping[str, Sequence[Completed | Exception]], environ: Mapping[str, str] = ENVIRONMENT
) -> tuple[Flyctl, ScriptedRun, Clock]:
    run, clock = ScriptedRun(answers), Clock()
    return Flyctl(run=run, environ=environ, sleep=clock.sleep), run, clock


def failing(text: str, command: str = "status --json -a relay-api", times: int = 3) -> tuple[Flyctl, ScriptedRun]:
    flyctl, run, _ = make({command: [Completed(1, "usage on stdout", text)] * times})
    return flyctl, run


# How it is run.


def test_a_run_gets_listed_variables_alone() -> None:
    listed = {"https_proxy": "http://proxy", "SSL_CERT_FILE": "/ca.pem", "FLY_FLAPS_BASE_URL": "http://127.0.0.1:1"}
    unlisted = {"LOG_LEVEL": "debug", "FLY_APP": "x", "FLY_ORG": "y", "NEON_API_KEY": "k", "FLY_ACCESS_TOKEN": ""}
    environ = {**ENVIRONMENT, **listed, **unlisted}
    flyctl, run, _ = make({"secrets list --json -a relay-api": [Completed(0, "[]")]}, environ)
    flyctl.secrets_list("relay-api")
    child = dict(run.calls[-1].env)
    assert child.pop("FLY_CONFIG_DIR")
    assert child == {
        **ENVIRONMENT,
        **listed,
        "FLY_NO_UPDATE_CHECK": "1",
        "FLY_NO_INCIDENTS_CHECK": "1",
        "FLY_SEND_METRICS": "0",
        "FLY_SYNTHETICS_AGENT": "0",
        "NO_COLOR": "1",
    }


def test_a_run_has_private_folders_in_which_no_log_can_be_written_and_none_stays() -> None:
    seen: list[Path] = []

    def run(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, **_: object) -> Completed:
        config_dir = Path(env["FLY_CONFIG_DIR"])
        assert stat.S_IMODE(config_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE(config_dir.parent.stat().st_mode) == 0o700
        assert [path.name for path in config_dir.iterdir()] == ["logs"]
        assert (config_dir / "logs").is_file()
        assert (config_dir / "logs").stat().st_size == 0
        assert list(cwd.iterdir()) == []
        seen.extend([config_dir, cwd])
        if argv[1] == "version":
            return VERSION
        raise TimeoutError

    with pytest.raises(errors.FlyctlTimeoutError):
        Flyctl(run=run, environ=ENVIRONMENT).secrets_list("relay-api")
    assert len(seen) == 4
    assert not [path for path in seen if path.exists() or path.parent.exists()]


def test_what_flyctl_notes_of_an_app_is_there_again_at_its_next_run_and_for_no_other_app() -> None:
    notes: list[tuple[str, str]] = []

    def run(argv: Sequence[str], *, env: Mapping[str, str], **_: object) -> Completed:
        if argv[1] == "version":
            return VERSION
        file = Path(env["FLY_CONFIG_DIR"], "config.yml")
        notes.append((argv[-1], file.read_text() if file.exists() else ""))
        file.write_text(notes[-1][1] + argv[-1])
        if len(notes) == 1:
            raise TimeoutError
        return Completed(0, "[]")

    flyctl = Flyctl(run=run, environ=ENVIRONMENT)
    with pytest.raises(errors.FlyctlTimeoutError):
        flyctl.secrets_list("one")
    for app in ("two", "one", "two"):
        flyctl.secrets_list(app)
    assert notes == [("one", ""), ("two", ""), ("one", "one"), ("two", "two")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"FLY_ACCESS_TOKEN": "a", "FLY_API_TOKEN": "b"}, "a"),
        ({"FLY_ACCESS_TOKEN": " ", "FLY_API_TOKEN": "b"}, "b"),
        ({"FLY_API_TOKEN": ""}, None),
        ({}, None),
    ],
)
def test_the_first_token_that_is_not_empty_is_passed_on(given: dict[str, str], expected: str | None) -> None:
    child = child_environment(given, Path("/config"))
    assert child.get("FLY_API_TOKEN") == expected
    assert "FLY_ACCESS_TOKEN" not in child


def test_without_a_token_nothing_is_run() -> None:
    flyctl, run, _ = make({}, {"PATH": "/usr/bin"})
    with pytest.raises(errors.FlyAuthError, match="neither FLY_ACCESS_TOKEN nor FLY_API_TOKEN is set"):
        flyctl.status("relay-api")
    assert run.calls == []


def test_runs_for_one_app_wait_for_each_other_and_others_do_not() -> None:
    started: list[str] = []
    entered, release = threading.Event(), threading.Event()

    def run(argv: Sequence[str], **how: object) -> Completed:
        if argv[1] == "version":
            return VERSION
        started.append(argv[-1])
        if argv[-1] == "one":
            entered.set()
            assert release.wait(20)
        return Completed(0, "[]")

    flyctl = Flyctl(run=run, environ=ENVIRONMENT)
    threads = [threading.Thread(target=flyctl.secrets_list, args=("one",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert entered.wait(20)
    flyctl.secrets_list("two")
    # Long enough for the second thread to have come to the same point, were there no lock.
    threads[1].join(0.3)
    assert started == ["one", "two"]
    release.set()
    for thread in threads:
        thread.join(20)
    assert started == ["one", "two", "one"]


def test_a_real_process_gets_its_input_its_folder_and_a_time_limit(tmp_path: Path) -> None:
    echo = (
        "import os, sys; assert not sys.stdin.isatty(); sys.stdout.write(sys.stdin.read() + os.getcwd()); "
        "sys.stderr.buffer.write(b'\\xff'); exit(3)"
    )
    done = run_process([sys.executable, "-c", echo], stdin=b"in ", env={}, cwd=tmp_path, timeout=20)
    assert done == Completed(3, f"in {tmp_path.resolve()}", "\ufffd")
    with pytest.raises(TimeoutError) as caught:
        run_process(
            [sys.executable, "-c", "import time; time.sleep(30)"], stdin=b"hunter2", env={}, cwd=tmp_path, timeout=0.2
        )
    assert caught.value.__context__ is None
    assert not isinstance(caught.value, subprocess.TimeoutExpired)


# The version.


def test_the_version_is_asked_once() -> None:
    flyctl, run, _ = make({"secrets list --json -a a1": [Completed(0, "[]")] * 2})
    flyctl.secrets_list("a1")
    flyctl.secrets_list("a1")
    assert flyctl.version() == (0, 4, 87)
    assert [call.line for call in run.calls] == ["version --json", *2 * ["secrets list --json -a a1"]]


def test_an_older_flyctl_is_refused_each_time() -> None:
    flyctl, run, _ = make({"version --json": [Completed(0, '{"Version": "0.4.86"}')]})
    for _ in range(2):
        with pytest.raises(errors.FlyctlTooOldError, match=r"is 0\.4\.86, and at least 0\.4\.87 is needed"):
            flyctl.status("relay-api")
    assert len(run.calls) == 1


def test_a_newer_flyctl_is_a_warning_given_once() -> None:
    warnings: list[str] = []
    run = ScriptedRun(
        {"version --json": [Completed(0, '{"Version": "2026.8.21-pr1"}')], "orgs list --json": [Completed(0, "{}")] * 2}
    )
    flyctl = Flyctl(run=run, environ=ENVIRONMENT, warn=warnings.append)
    flyctl.orgs_list()
    flyctl.orgs_list()
    assert warnings == ["flyctl 2026.8.21 is newer than the tested 0.4.87; it should work."]


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "x"), PermissionError(13, "x"), OSError(8, "Exec format error")]
)
def test_a_missing_flyctl_says_how_to_get_it(error: OSError) -> None:
    flyctl, _, _ = make({"version --json": [error]})
    with pytest.raises(errors.FlyctlMissingError, match=r"Install flyctl \(https://fly.io"):
        flyctl.status("relay-api")


def test_what_runs_flyctl_shows_neither_token_nor_input() -> None:
    seen: list[object] = []

    class Watched(Flyctl):
        def _once(self, command: Command) -> str:
            seen.append(command)
            return super()._once(command)

    answers = {"secrets import -a relay-api --stage": [Completed(0)]}
    flyctl = Watched(run=ScriptedRun(answers), environ=ENVIRONMENT)
    flyctl.secrets_import("relay-api", {"A": "hunter2"})
    shown = f"{flyctl!r} {seen!r}"
    assert len(seen) == 2
    assert FLY_TOKEN not in shown
    assert "hunter2" not in shown


# Its subcommands.


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


def test_apps_create_waits_longer_and_is_never_repeated() -> None:
    flyctl, run, _ = make({"apps create relay-api --org acme": [Completed(1, "", "Error: : EOF")]})
    with pytest.raises(errors.TransientError):
        flyctl.apps_create("relay-api", organization="acme")
    assert run.calls[-1].timeout == 120


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
    ]


def test_go_prints_no_time_as_the_year_1() -> None:
    never = TABLE.replace("2046-01-02 03:04:05 +0000 UTC │ \n", "0001-01-01 00:00:00 +0000 UTC │ \n")
    flyctl, _, _ = make({"tokens list -a relay-api": [Completed(0, never)]})
    assert flyctl.tokens_list("relay-api")[0] == Token(id="abc12", name="relay-r0-a", expires=None, revoked=False)


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


@pytest.mark.parametrize(
    ("line", "answer"), [(line, answer) for line, (_, answers) in OTHER_FORMS.items() for answer in answers]
)
def test_an_answer_in_another_form_is_an_error_without_its_text(line: str, answer: str) -> None:
    flyctl, _, _ = make({line: [Completed(0, answer)]})
    read = OTHER_FORMS[line][0]
    with pytest.raises(errors.UnexpectedAnswerError) as caught:
        getattr(flyctl, read)(*(["relay-api"] if read != "version" else []))
    assert caught.value.__context__ is None


BAD_NAMES = ["", "../../x", "-a", "Relay", "relay_api", "a" * 64, "relay-", "relay api", "relay\n"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_flyctl_would_misread_is_refused_before_anything_runs(name: str) -> None:
    flyctl, run, _ = make({})
    calls: list[Callable[[], object]] = [
        lambda: flyctl.status(name),
        lambda: flyctl.apps_create(name, organization="acme"),
        lambda: flyctl.apps_create("relay-api", organization=f"{name}."),
        lambda: flyctl.apps_destroy(name),
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


# Its failures.


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no access token available. Please login with 'flyctl auth login'", errors.FlyAuthError),
        ("failed to run query (query { a }) { b }: You must be authenticated to view this.", errors.FlyAuthError),
        ("failed to run query (query { a }) { b }: server returned a non-200 status code: 401", errors.FlyAuthError),
        ("Authenticate: token validation error", errors.FlyAuthError),
        ("Not authorized to deploy this app. (Request ID: 01)", errors.FlyAuthError),
        ("Validation failed: Name has already been taken (Request ID: 01)", errors.AppNameTakenError),
        ("organization nope not found", errors.OrganizationNotFoundError),
        ("error getting organization: Could not find Organization", errors.OrganizationNotFoundError),
        ("app not found (Request ID: 01)", errors.AppNotFoundError),
        ("failed to run query (query { a }) { b }: server returned a non-200 status code: 429", errors.ThrottledError),
        ("failed to list app secrets: too many requests (Request ID: 01)", errors.ThrottledError),
        ("failed to run query (query { a }) { b }: server returned a non-200 status code: 403", errors.FlyAuthError),
        ('failed creating token: returned error 401: {"data":null}', errors.FlyAuthError),
        ("request returned non-2xx status: 403: <html>", errors.FlyAuthError),
        ("request returned non-2xx status: 504: <html>", errors.TransientError),
        ("request returned non-2xx status: 408: <html>", errors.TransientError),
        ("failed creating token: returned error 522: {}", errors.TransientError),
        ("update secrets: internal server error (Request ID: 01)", errors.TransientError),
        ("failed to list volumes: Bad Gateway (Request ID: 01)", errors.TransientError),
        ("service unavailable", errors.TransientError),
        ("gateway timeout", errors.TransientError),
        ("read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer", errors.TransientError),
        ("write tcp 10.0.0.1:1->10.0.0.2:443: write: broken pipe", errors.TransientError),
        ("failed decoding response: unexpected EOF", errors.TransientError),
        ('Post "https://api.fly.io/graphql": net/http: TLS handshake timeout', errors.TransientError),
        ("http2: server sent GOAWAY and closed the connection", errors.TransientError),
        ('Get "https://api.machines.dev/v1/apps": context deadline exceeded', errors.TransientError),
        ("lookup api.fly.io: Temporary failure in name resolution", errors.TransientError),
        ("connect: network is unreachable", errors.TransientError),
        ('failed to run query (query { a }) { b }: Could not find App "billing-sso"', errors.AppNotFoundError),
        ("dial tcp 127.0.0.1:1: connect: connection refused", errors.TransientError),
        ('Post "https://api.machines.dev/v1/apps": EOF', errors.TransientError),
        ("net/http: HTTP/1.x transport connection broken: http: ContentLength=5", errors.TransientError),
        ("Validation failed: Name may only contain numbers, lowercase letters and dashes", errors.FlyctlFailedError),
        ("", errors.FlyctlFailedError),
    ],
)
def test_each_answer_has_its_error_and_its_hint(text: str, kind: type[errors.FlyError]) -> None:
    flyctl, _ = failing(f"Error: {text}\n", "apps create relay-api --org acme", times=1)
    with pytest.raises(errors.FlyError) as caught:
        flyctl.apps_create("relay-api", organization="acme")
    assert caught.type is kind
    message = str(caught.value)
    assert message.startswith("Fly app relay-api: creating it failed: flyctl ")
    assert message.endswith(kind.default_hint)
    unknown = issubclass(kind, errors.OutcomeUnknownError)
    assert ("whether it took effect is unknown" in message) == unknown
    assert "query {" not in message
    assert "usage on stdout" not in message


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (
            "We need your payment information to continue! Add a credit card or buy credit: "
            "https://fly.io/dashboard/acme/billing (Request ID: 01)",
            "https://fly.io/dashboard/acme/billing",
        ),
        (
            "Your account has been marked as high risk. Please go to https://fly.io/high-risk-unlock to verify it.",
            "https://fly.io/high-risk-unlock",
        ),
        ("To create more than 1 machine please add a payment method. https://fly.io/x.", "https://fly.io/x"),
        ("Your organization has reached its machine limit. Please contact billing@fly.io", ""),
        ("Acme has reached the app limit", ""),
        ("single sign-on is required for this organization", ""),
    ],
)
def test_a_refusal_of_the_account_names_the_page_where_a_person_acts(text: str, page: str) -> None:
    flyctl, _ = failing(f"Error: {text}\n", "apps create relay-api --org acme", times=1)
    with pytest.raises(errors.AccountError) as caught:
        flyctl.apps_create("relay-api", organization="acme")
    first = f"Do that at {page} first" if page else "Do that on https://fly.io/dashboard first"
    assert caught.value.hint == f"{first}, then run the same command again."


@pytest.mark.parametrize("code", [-9, -15, 2, 3, 126, 127])
def test_a_stopped_or_crashed_flyctl_shows_nothing_of_its_output(code: int) -> None:
    flyctl, run, _ = make({"status --json -a relay-api": [Completed(code, "goroutine hunter2", "hunter2")]})
    with pytest.raises(errors.FlyctlStoppedError) as caught:
        flyctl.status("relay-api")
    assert "hunter2" not in str(caught.value)
    assert f"(exit code {code})" in str(caught.value)
    assert len(run.calls) == 2


def test_a_time_limit_is_an_error_and_not_waited_for_again() -> None:
    flyctl, _, _ = make({"status --json -a relay-api": [TimeoutError()]})
    with pytest.raises(errors.FlyctlTimeoutError, match="did not finish within 60 s"):
        flyctl.status("relay-api")


BUSY = Completed(1, "", "Error: dial tcp: i/o timeout")
LIMITED = Completed(1, "", "Error: server returned a non-200 status code: 429")


def test_what_may_be_repeated_is_tried_three_times_with_growing_pauses() -> None:
    flyctl, run, clock = make({"status --json -a relay-api": [BUSY, LIMITED, Completed(0, json.dumps(STATUS))]})
    assert flyctl.status("relay-api")
    assert clock.seconds == sum(RETRY_PAUSES)
    flyctl, run, clock = make({"secrets import -a relay-api --stage": [BUSY] * 3})
    with pytest.raises(errors.TransientError):
        flyctl.secrets_import("relay-api", {"A": "1"})
    assert len(run.calls) == 4


def test_a_failure_without_a_known_meaning_is_repeated_once_where_that_is_safe() -> None:
    odd = Completed(1, "", "Error: the moon is full (Request ID: 01)")
    flyctl, _, clock = make({"status --json -a relay-api": [odd, Completed(0, json.dumps(STATUS))]})
    assert flyctl.status("relay-api")
    assert clock.seconds == RETRY_PAUSES[0]
    flyctl, _, _ = make({"secrets import -a relay-api --stage": [BUSY, odd]})
    with pytest.raises(errors.FlyctlFailedError):
        flyctl.secrets_import("relay-api", {"A": "1"})
    flyctl, _, _ = make({MINT: [odd]})
    with pytest.raises(errors.FlyctlFailedError):
        flyctl.tokens_create_deploy("relay-api", name="relay-r0-a", expiry_hours=720)


VALUE = 'hunter2 "x" # y\nsecond-line\tz'


@pytest.mark.parametrize(
    "text",
    [
        f"Failed to parse secrets from stdin: Secrets must be provided as NAME=VALUE pairs (A={VALUE} is invalid)",
        "Secrets must be provided as NAME=VALUE pairs (second-line\tz is invalid)",
        f"the server said: {VALUE}",
        f"the server said: {json.dumps(VALUE)}",
        "the server said: second-line%09z and hunter2%20%22x%22%20%23%20y",
        "the server said: \x1b[31msecond-line\tz\x1b[0m",
        f"bad token {FLY_TOKEN}",
        "bad token FlyV1 fm2_lJPECAAAAAA+/x=",
    ],
)
def test_no_error_shows_a_value_or_a_token(text: str) -> None:
    flyctl, _, _ = make({"secrets import -a relay-api --stage": [Completed(1, VALUE, f"Error: {text}\n")] * 2})
    with pytest.raises(errors.FlyError) as caught:
        flyctl.secrets_import("relay-api", {"A": VALUE})
    for part in ("hunter2", "second-line", FLY_TOKEN, "lJPEC", "\x1b"):
        assert part not in f"{caught.value} {caught.value!r}"


def test_plain_settings_and_short_parts_of_secrets_are_not_hidden() -> None:
    text = "Error: relay-api-staging: {bad} value\n"
    flyctl, _, _ = make({"secrets import -a relay-api --stage": [Completed(1, "", text)] * 2})
    with pytest.raises(errors.FlyError, match=re.escape("relay-api-staging: {bad} value")):
        flyctl.secrets_import("relay-api", {"TIER": "staging", "JSON": "{\n}\nbad"}, plain=["TIER"])


@pytest.mark.parametrize(
    ("answer", "hidden", "expected"),
    [
        pytest.param("app a is at 1, not 11", ["a", "1"], "app [secret] is at [secret], not 11", id="a short word"),
        pytest.param("xabcx xabcdx", ["abc", "abcd"], "xabcx x[secret]x", id="a short value within a word"),
        pytest.param("xfivesx xlonger", ["fives\nlonger"], "xfivesx x[secret]", id="parts from six characters on"),
        pytest.param('said "hü\\"nter"', ['hü"nter'], 'said "[secret]"', id="as JSON writes it"),
        pytest.param("x" * 5000, [], f"{'x' * 400}…", id="a long answer"),
    ],
)
def test_hidden_texts_of_an_answer(answer: str, hidden: list[str], expected: str) -> None:
    assert shown(f"Error: {answer}\n", hidden) == expected
