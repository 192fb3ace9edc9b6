"""Run the two steps of `preview.yml`, each with its environment there: nothing that they print holds a credential."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ops.preview import run
from ops.redact import MASK
from tests.unit.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Of no shape that `ops.redact` knows: found by value or not at all. The second has what JSON and URLs write otherwise.
TOKEN = "q7Hs2Lk9-Zt4Wm1Xc8Vb5_Nn3Qe6Rd0Yf2Gj8Kp4Lu"
PASSPHRASE = 'a "quoted" zebra\\s <& é/%'
CREDENTIALS = {"CLOUDFLARE_API_TOKEN": TOKEN, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
# Refuses what the steps do not run.
PULUMI = """\
#!/bin/sh
case "$*" in
    "whoami --json --non-interactive") echo '{"user": "ci", "url": "s3://relay-state"}' ;;
    "preview --stack staging --json --color never"*)
        cat "$SAID/stdout"; cat "$SAID/stderr" >&2; exit 1 ;;
    "up --stack staging --yes --skip-preview --non-interactive --suppress-outputs --color never")
        cat "$SAID/stderr"; printf '::add-mask::x\\n\\033[2Jcleared\\n'; exit 255 ;;
    "stack export "*) cat "$SAID/stderr" >&2; exit 1 ;;
    *) echo "the stand-in was not told of: pulumi $*" >&2; exit 99 ;;
esac
"""


def _steps() -> list[dict[str, Any]]:
    """Return the steps of the workflow that run something of this repository."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "preview.yml").read_text())["jobs"]
    return [step for step in jobs["preview"]["steps"] if "run" in step]


def _run(tmp_path: Path, command: str, names: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a step's command with the credentials it names, and with nothing else that this machine may have."""
    environment = {name: CREDENTIALS.get(name, f"made-up-{name.lower()}") for name in names}
    environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SAID": str(tmp_path), "RUNNER_TEMP": str(tmp_path)}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ROOT,
        env=environment | {"STACK": "staging", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")},
        capture_output=True,
        text=True,
        check=False,
    )


def _forms(secret: str) -> set[str]:
    """Return a secret as it is, and as JSON, a JSON in JSON, and Go write it."""
    quoted = json.dumps(secret)[1:-1]
    return {secret, quoted, json.dumps(quoted)[1:-1], quoted.replace("<", "\\u003c").replace("&", "\\u0026")}


def _assert_hidden(text: str) -> None:
    for secret in CREDENTIALS.values():
        assert not [form for form in _forms(secret) if form in text], text
    assert "zebra" not in text


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """Let the CLI print a failed preview that quotes both credentials wherever a text can stand."""
    quotes = f"the token {TOKEN} and the passphrase {PASSPHRASE} are refused"
    inner = json.dumps({"error": quotes})
    state = {
        "urn": "urn:pulumi:staging::relay::cloudflare:index/r2Bucket:R2Bucket::bucket",
        "type": "cloudflare:index/r2Bucket:R2Bucket",
        "custom": True,
        "inputs": {"note": quotes, "json": inner, quotes: ["x", {"deep": inner}]},
    }
    document = {
        "steps": [{"op": "create", "urn": state["urn"], "newState": state}],
        "diagnostics": [
            {"severity": "error", "message": f"error: {quotes}\n{inner}"},
            {"severity": "warning", "message": f"warning: {inner}"},
        ],
    }
    # As Go writes it.
    text = json.dumps(document, ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    (tmp_path / "stdout").write_text(text)
    (tmp_path / "stderr").write_text(f"error: {quotes}\n{inner}\n")
    (tmp_path / "pulumi").write_text(PULUMI)
    (tmp_path / "pulumi").chmod(0o755)
    return tmp_path


def _preview_and_comment(folder: Path) -> str:
    preview, comment = _steps()[-2:]
    assert preview["run"].startswith("bin/preview ")
    assert list(comment["env"]) == ["GITHUB_TOKEN"]
    shown = _run(folder, preview["run"], list(preview["env"]))
    assert shown.returncode == 1, shown.stderr
    told = _run(folder, comment["run"], list(comment["env"]))
    assert told.returncode == 0, told.stderr
    summary = (folder / "summary.md").read_text()
    for text in (shown.stdout, shown.stderr, told.stdout, told.stderr, summary):
        _assert_hidden(text)
    return summary


def test_a_preview_that_quotes_credentials_is_reported_without_them(said: Path) -> None:
    summary = _preview_and_comment(said)
    assert f"the token {MASK} and the passphrase {MASK} are refused" in summary
    assert "create R2 bucket `bucket`" in summary
    kept = (said / "preview" / run.KEPT).read_text()
    _assert_hidden(kept)
    assert json.loads(json.loads(kept)["stdout"])["steps"][0]["op"] == "create"


@pytest.mark.parametrize("stdout", ["", '{"steps": [', "42"])
def test_a_preview_that_died_is_reported_without_them(said: Path, stdout: str) -> None:
    (said / "stdout").write_text(f"{stdout}{TOKEN}" if stdout else "")
    assert f"the token {MASK}" in _preview_and_comment(said)


def test_drift_and_its_summary_hold_none(said: Path) -> None:
    names = list(_steps()[-2]["env"])
    for exit_code in ("exit 1", "exit 0"):
        (said / "pulumi").write_text(PULUMI.replace("exit 1", exit_code, 1))
        if exit_code == "exit 0":  # it can be compared, and the state cannot be read
            (said / "stdout").write_text('{"steps": []}')
        done = _run(said, "bin/drift staging", names)
        assert done.returncode == 1
        assert MASK in done.stdout + done.stderr
        for text in (done.stdout, done.stderr, (said / "summary.md").read_text()):
            _assert_hidden(text)


def test_an_up_prints_no_credential_and_no_command(said: Path) -> None:
    done = _run(said, "bin/up staging", list(_steps()[-2]["env"]))
    assert done.returncode == 255
    assert f"the token {MASK} and the passphrase {MASK} are refused" in done.stdout
    assert done.stdout.endswith(": :add-mask::x\ncleared\n")
    _assert_hidden(done.stdout + done.stderr)
