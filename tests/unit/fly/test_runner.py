"""Run flyctl: its environment and folders, its version, its repeats."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.providers.fly import errors
from infra.providers.fly.command import Command
from infra.providers.fly.flyctl import Flyctl
from infra.providers.fly.process import Completed, child_environment, run_process
from infra.providers.fly.runner import RETRY_PAUSES
from sandbox.credentials import FLY_TOKEN
from tests.unit.fly.scripted import STATUS, VERSION, make
from tests.unit.fly.standin import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ASKING = r"^Fly\.io: asking flyctl for its version failed:"


def test_a_run_gets_listed_variables_alone() -> None:
    proxies = [f"{name}_proxy" for name in ("http", "https", "no", "all")]
    listed = dict.fromkeys([*proxies, *map(str.upper, proxies)], "http://proxy")
    listed |= {"SSL_CERT_FILE": "/ca.pem", "SSL_CERT_DIR": "/certs", "FLY_FLAPS_BASE_URL": "http://127.0.0.1:1"}
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


def test_flyctls_notes_on_an_app_return_at_its_next_run_and_for_no_other_app() -> None:
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
    with pytest.raises(
        errors.FlyAuthError,
        match=r"^Fly app relay-api: looking at it failed: neither FLY_ACCESS_TOKEN nor FLY_API_TOKEN is set",
    ):
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
    threads[1].join(0.1)
    assert started == ["one", "two"]
    release.set()
    for thread in threads:
        thread.join(20)
    assert started == ["one", "two", "one"]


def test_a_real_process_gets_its_input_its_folder_its_environment_and_a_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEON_API_KEY", "canary")
    echo = (
        "import os, sys; assert not sys.stdin.isatty(); assert 'NEON_API_KEY' not in os.environ; "
        "print(os.environ['A'], sys.stdin.read(), os.getcwd(), end='', flush=True); "
        "sys.stdout.buffer.write(b'\\xff'); sys.stderr.buffer.write(b'\\xff'); exit(3)"
    )
    done = run_process([sys.executable, "-c", echo], stdin=b"in", env={"A": "1"}, cwd=tmp_path, timeout=20)
    assert done == Completed(3, f"1 in {tmp_path.resolve()}\ufffd", "\ufffd")
    with pytest.raises(TimeoutError) as caught:
        run_process(
            [sys.executable, "-c", "import time; time.sleep(30)"], stdin=b"hunter2", env={}, cwd=tmp_path, timeout=0.05
        )
    assert caught.value.__context__ is None
    assert not isinstance(caught.value, subprocess.TimeoutExpired)


def test_the_version_is_asked_once() -> None:
    flyctl, run, _ = make({"secrets list --json -a a1": [Completed(0, "[]")] * 2})
    flyctl.secrets_list("a1")
    flyctl.secrets_list("a1")
    assert flyctl.version() == (0, 4, 87)
    assert [call.line for call in run.calls] == ["version --json", *2 * ["secrets list --json -a a1"]]


@pytest.mark.parametrize("text", ["2026.8.21", "v2026.8.21", "2026.8.21-pr.5", "2026.8.21+dirty"])
def test_a_newer_version_in_each_form(text: str) -> None:
    flyctl, _, _ = make({"version --json": [Completed(0, json.dumps({"Version": text}))]})
    assert flyctl.version() == (2026, 8, 21)


def test_an_older_flyctl_is_refused_each_time() -> None:
    flyctl, run, _ = make({"version --json": [Completed(0, '{"Version": "0.4.86"}')]})
    for _ in range(2):
        with pytest.raises(
            errors.FlyctlTooOldError, match=rf"{ASKING} flyctl is 0\.4\.86, and at least 0\.4\.87 is needed\. Run"
        ):
            flyctl.status("relay-api")
    assert len(run.calls) == 1


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "x"), PermissionError(13, "x"), OSError(8, "Exec format error")]
)
def test_a_missing_flyctl_says_how_to_get_it(error: OSError) -> None:
    flyctl, _, _ = make({"version --json": [error]})
    with pytest.raises(
        errors.FlyctlMissingError, match=rf"{ASKING} flyctl cannot be run \({error.strerror}\)\. Install flyctl \("
    ):
        flyctl.status("relay-api")


def test_what_runs_flyctl_shows_neither_token_nor_input() -> None:
    shown = f"{Flyctl(environ=ENVIRONMENT)!r} {Command('setting secrets', [], stdin=b'hunter2', hidden=['hunter2'])!r}"
    assert FLY_TOKEN not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("code", [-9, -15, 2, 3, 126, 127])
def test_a_stopped_or_crashed_flyctl_shows_nothing_of_its_output(code: int) -> None:
    flyctl, run, _ = make({"status --json -a relay-api": [Completed(code, "goroutine hunter2", "hunter2")]})
    with pytest.raises(errors.FlyctlStoppedError) as caught:
        flyctl.status("relay-api")
    assert "hunter2" not in str(caught.value)
    how = "crashed" if code in {2, 3} else "was stopped"
    assert f"looking at it failed: flyctl {how} (exit code {code}). Run" in str(caught.value)
    assert len(run.calls) == 2


def test_a_time_limit_is_an_error_and_not_waited_for_again() -> None:
    flyctl, _, _ = make({"status --json -a relay-api": [TimeoutError()]})
    with pytest.raises(
        errors.FlyctlTimeoutError, match=r"did not finish within 60 s and was stopped\. Check https://status"
    ):
        flyctl.status("relay-api")


BUSY = Completed(1, "", "Error: dial tcp: i/o timeout")
LIMITED = Completed(1, "", "Error: server returned a non-200 status code: 429")


def test_a_safe_repeat_is_tried_three_times_with_growing_pauses() -> None:
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
