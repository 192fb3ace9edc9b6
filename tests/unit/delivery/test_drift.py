"""Credentials that end soon, and what is said of a stack that cannot be looked at."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.checks.findings import Finding
from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from infra.providers.fly.answers import Token
from infra.providers.fly.flyctl import Flyctl
from ops import stacks
from ops.backend import require_shared
from ops.drift import __main__ as bin_drift
from ops.drift import credentials
from ops.preview import __main__ as bin_preview
from ops.preview import reader as previews
from ops.up import __main__ as bin_up
from tests.unit.delivery.serving import serving
from tests.unit.program import EXAMPLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _state(**outputs: Any) -> dict[str, Any]:
    resource = {"urn": "urn:pulumi:staging::relay::pulumi-python:dynamic/fly:DeployToken::deploy-token"}
    return {"deployment": {"resources": [resource | {"outputs": outputs}, resource]}}


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (NOW + timedelta(days=13), "deploy-token ends on 2026-12-07"),
        (NOW - timedelta(days=1), "deploy-token ended on 2026-11-23"),
    ],
)
@pytest.mark.parametrize("key", ["expires_at", "expiresOn"])
def test_a_credential_is_told_fourteen_days_before_it_ends(key: str, end: datetime, said: str) -> None:
    for text in (end.isoformat(), end.replace(tzinfo=None).isoformat(), f"{end:%Y-%m-%dT%H:%M:%SZ}"):
        (sentence,) = credentials.in_state(_state(**{key: text}), NOW)
        assert sentence.startswith(said)


@pytest.mark.parametrize("text", [(NOW + timedelta(days=15)).isoformat(), "", None, 5])
def test_one_that_lasts_is_not_told(text: Any) -> None:
    assert list(credentials.in_state(_state(expires_at=text), NOW)) == []
    assert list(credentials.in_state({"deployment": None}, NOW)) == []


def test_drift_names_both_ways_out() -> None:
    step = {
        "op": "update",
        "oldState": {"urn": "a::b", "type": "neon:index/project:Project", "custom": True, "inputs": {"x": 1}},
        "newState": {"urn": "a::b", "type": "neon:index/project:Project", "custom": True, "inputs": {"x": 2}},
    }
    found = previews.read("staging", stdout=json.dumps({"steps": [step]}), stderr="", exit_code=0)
    text = bin_drift.report("staging", found)
    assert "`pulumi up --refresh -s staging`" in text
    assert "`pulumi refresh -s staging`" in text


def _answer(monkeypatch: pytest.MonkeyPatch, *, code: int = 0, stdout: str = "", stderr: str = "") -> None:
    monkeypatch.delenv("RELAY_SANDBOX", raising=False)
    done = subprocess.CompletedProcess(["pulumi"], code, stdout, stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


def _compared(monkeypatch: pytest.MonkeyPatch, world: Path, *findings: Finding) -> list[str]:
    """Let a comparison in the sandbox find nothing but these; return the stacks that it is made of."""
    settings, _ = examine_files("staging", read_stack_files(EXAMPLE))
    looks: list[str] = []

    def live(stack: str) -> Any:
        looks.append(stack)
        return settings, list(findings)

    monkeypatch.setattr(bin_drift, "live", live)
    _answer(monkeypatch, stdout='{"steps": [], "url": "s3://relay-state"}')
    monkeypatch.setenv("RELAY_SANDBOX", str(world))
    return looks


@pytest.mark.parametrize("url", ["https://api.pulumi.com", "s3://relay-state?region=auto"])
def test_a_backend_that_others_reach_is_used(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    _answer(monkeypatch, stdout=f'{{"user": "ci", "url": "{url}"}}')
    require_shared()


@pytest.mark.parametrize("url", ["file://~", "file:///home/runner/state"])
def test_a_folder_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    _answer(monkeypatch, stdout=f'{{"user": "ci", "url": "{url}"}}')
    monkeypatch.setattr(stacks, "stream", lambda *_: pytest.fail("an update began"))
    with pytest.raises(stacks.StackError, match="Set PULUMI_BACKEND_URL"):
        bin_up.main(["staging"])


@pytest.mark.parametrize(
    ("up", "state", "code", "compared"), [(0, "ok", 0, True), (0, "wrong", 1, True), (255, "ok", 255, False)]
)
def test_a_good_up_compares_the_clouds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, up: int, state: Any, *, code: int, compared: bool
) -> None:
    looks = _compared(monkeypatch, tmp_path, Finding(state, "variable PUBLIC_API_URL of previews is missing"))
    monkeypatch.setattr(stacks, "stream", lambda *_: up)
    assert bin_up.main(["staging"]) == code
    assert looks == (["staging"] if compared else [])


def test_no_backend_is_told_without_the_credential_it_was_tried_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "pul-0123456789abcdef0123456789abcdef01234567")
    _answer(monkeypatch, code=1, stderr="error: invalid access token pul-0123456789abcdef0123456789abcdef01234567")
    with pytest.raises(stacks.StackError, match=r"docs/operating\.md") as error:
        require_shared()
    assert "pul-0" not in str(error.value)


def test_a_preview_without_a_cli_is_not_one_without_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bin_preview.main(["staging", str(tmp_path / "found")]) == 1
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("`pulumi` is not on PATH")
    assert last == "staging: preview failed"


@pytest.mark.parametrize(("days", "count"), [(13, 3), (-1, 3), (15, 0), (None, 0)])
def test_the_workflows_own_credentials_are_asked_for_their_end(
    monkeypatch: pytest.MonkeyPatch, days: int | None, count: int
) -> None:
    end = NOW + timedelta(days=days) if days is not None else None

    def answer(_: str, path: str, __: Any) -> tuple[int, Any]:
        assert path in {"/user/tokens/verify", "/accounts/a-1/tokens/verify", "/rate_limit"}
        if path.startswith("/user"):  # an account's token
            return 401, {"errors": [{"code": 1000, "message": "Invalid API Token"}]}
        return 200, {"result": {"status": "active", **({"expires_on": end.isoformat()} if end else {})}}

    headers = {"GitHub-Authentication-Token-Expiration": f"{end:%Y-%m-%d %H:%M:%S} UTC"} if end else {}
    with serving(answer, headers=headers) as url:
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", url)
        monkeypatch.setenv("GITHUB_API_URL", url)
        environ = {
            "CLOUDFLARE_API_TOKEN": "cfat_canary",
            "GITHUB_TOKEN": "github_pat_canary",
            "FLY_API_TOKEN": "fm2_canary",
        }
        ends = [end, end + timedelta(days=90)] if end else []  # the earlier counts
        caveats = [{"type": "ValidityWindow", "body": {"not_after": int(one.timestamp())}} for one in ends]
        macaroons = [
            {"location": "https://api.fly.io/v1", "caveats": [{"type": "Organization"}, *caveats] if end else None}
        ]
        monkeypatch.setattr(Flyctl, "_call", lambda *_: json.dumps(macaroons))
        said = [*credentials.of_process("a-1", NOW, environ)]
    assert [sentence.split()[0] for sentence in said] == [*environ][:count]
    assert "canary" not in str(said)


def test_a_credential_that_cannot_be_asked_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda *_: (500, {})) as url:
        monkeypatch.setenv("GITHUB_API_URL", url)
        (said,) = credentials.of_process("a-1", NOW, {"GITHUB_TOKEN": "github_pat_canary"})
    assert said.startswith("GITHUB_TOKEN: its end is not known: GitHub answered 500")


def test_a_deploy_token_made_by_hand_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [
        Token("1", "by-hand", NOW + timedelta(days=3), revoked=False),
        Token("2", "revoked", NOW + timedelta(days=3), revoked=True),
        Token("3", "ended", NOW - timedelta(days=3), revoked=False),
        Token("4", "lasting", None, revoked=False),
    ]
    monkeypatch.setattr(Flyctl, "tokens_list", lambda _, app: tokens)
    assert [*credentials.of_app("relay-api", NOW)] == [
        "Token by-hand of Fly app relay-api ends on 2026-11-27: rotate it (docs/operating.md)"
    ]


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("wrong", 1)])
def test_what_no_preview_shows_is_in_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], state: Any, code: int
) -> None:
    variable = "variable PUBLIC_API_URL of previews is missing"
    _compared(monkeypatch, tmp_path, Finding(state, variable, "`pulumi up --refresh`"))
    assert bin_drift.main(["staging", str(tmp_path)]) == code
    assert (variable in capsys.readouterr().out) == (state != "ok")
    assert (variable in (tmp_path / bin_drift.REPORT).read_text()) == bool(code)


def test_a_credential_that_ends_soon_is_reported_and_a_copy_of_the_state_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _compared(monkeypatch, tmp_path)
    state = json.dumps(_state(expires_at=datetime.now(UTC).isoformat()) | {"steps": [], "url": "s3://relay-state"})
    encrypted: list[tuple[list[str], str]] = []

    def run(command: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
        if command[0] == "openssl":
            encrypted.append((list(command), more["input"]))
        return subprocess.CompletedProcess(command, 0, state, "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary passphrase")
    assert bin_drift.main(["staging", str(tmp_path)]) == 0
    assert "deploy-token ended on" in capsys.readouterr().out
    assert "deploy-token ended on" in (tmp_path / bin_drift.REPORT).read_text()
    # As the command on the page decrypts it.
    (cipher,) = re.findall(r"`openssl enc -d (.+) -in state", (ROOT / "docs" / "delivery.md").read_text())
    command = ["openssl", "enc", *cipher.split(), "-pass", "env:PULUMI_CONFIG_PASSPHRASE"]
    assert encrypted == [([*command, "-out", str(tmp_path / bin_drift.STATE)], state)]
