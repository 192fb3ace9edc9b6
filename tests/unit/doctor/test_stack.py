"""Findings about a stack: its files, its place in the backend, its secrets and its credentials."""

from __future__ import annotations

import json
import shutil

import pytest

from infra.checks.credentials import CREDENTIALS
from infra.checks.findings import Finding
from ops.doctor import stack as of_stack
from tests.unit.clouds.fake import Clouds
from tests.unit.doctor.conftest import Machine, bad
from tests.unit.program import ROOT


def test_a_stack_that_is_ready(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.pulumi()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    assert [*of_stack.check("staging")] == [
        Finding("ok", "configuration (encrypted values are not checked)"),
        Finding("ok", "stack staging exists"),
        Finding("ok", "passphrase (not tried: the file has no secret, or the backend did not answer)"),
        Finding("ok", "flyctl 0.4.87"),
        Finding("ok", "Fly.io: FLY_API_TOKEN sees organization tune-works"),
        Finding("ok", "Neon: NEON_API_KEY reaches what this stack needs"),
        Finding("ok", "GitHub: GITHUB_TOKEN reaches what this stack needs"),
    ]


def test_a_stack_without_a_file(machine: Machine) -> None:
    missing = Finding("missing", "Pulumi.qa.yaml", "copy another stack's file and change it")
    assert [*of_stack.check("qa")] == [missing]
    (machine.project / "Pulumi.qa.yaml").write_text("encryptionsalt: v1:x\n")
    (finding,) = of_stack.check("qa")
    assert finding.what == "Pulumi.qa.yaml sets no key"


def test_files_that_cannot_be_read(machine: Machine) -> None:
    (machine.project / "Pulumi.dev.yaml").write_text("config:\n\trelay:tier: x\n")
    (finding,) = of_stack.check("dev")
    assert finding.what.startswith("configuration: Pulumi.dev.yaml, line 2: not valid YAML:")
    (machine.project / "Pulumi.yaml").unlink()
    (finding,) = of_stack.check("staging")
    assert finding.what == f"configuration: There is no Pulumi.yaml with a `name` in {machine.project}"


def test_every_problem_of_the_configuration(machine: Machine) -> None:
    machine.change("dev", config={"relay:neonProject": None, "relay:typo": 1, "relay:unprotect": True})
    assert [finding.what for finding in bad(of_stack.check("dev"))] == [
        "configuration: Pulumi.dev.yaml: typo is not a configuration key",
        "configuration: Pulumi.dev.yaml: neonProject is missing",
    ]


def test_a_secret_in_clear(machine: Machine) -> None:
    machine.change("dev", config={"relay:logfireToken": "canary", "relay:extraSecrets": {"A": {"secure": "v1:x:y"}}})
    (finding,) = bad(of_stack.check("dev"))
    assert "logfireToken is not encrypted" in finding.what
    assert "canary" not in finding.what


def test_a_stack_the_backend_does_not_know(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.pulumi()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "secret.txt")
    assert bad(of_stack.check("dev")) == [
        Finding("missing", "stack dev does not exist", "pulumi stack init dev"),
    ]


def test_no_passphrase(machine: Machine) -> None:
    machine.pulumi()
    assert bad(of_stack.check("staging")) == [
        Finding(
            "missing",
            "passphrase: neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set",
            "export PULUMI_CONFIG_PASSPHRASE: the passphrase that encrypts this stack",
        )
    ]


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("echo 'error: incorrect passphrase' >&2; exit 1", "passphrase: not the one that Pulumi.dev.yaml is encrypted"),
        ('echo \'{"relay:logfireToken": "canary"}\'', "passphrase, which opens Pulumi.dev.yaml"),
        ("echo 'error: something else' >&2; exit 1", "passphrase (not tried: "),
    ],
)
def test_whether_the_passphrase_is_the_right_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, said: str, finding: str
) -> None:
    machine.pulumi()
    other = (machine.bin / "pulumi").read_text()
    machine.install("pulumi", other.replace('case "$1', f'[ "$1" = config ] && {{ {said}; exit; }}\ncase "$1'))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "any")
    machine.change("dev", encryptionsalt="v1:x", config={"relay:logfireToken": {"secure": "v1:x:y"}})
    (found,) = [one for one in of_stack.check("dev") if one.what.startswith("passphrase")]
    assert found.what.startswith(finding)
    assert found.state == ("wrong" if "incorrect" in said else "ok")
    assert "canary" not in str(found)


def test_a_backend_that_lists_no_stacks(machine: Machine) -> None:
    machine.pulumi()
    (machine.answers / "ls").unlink()
    assert "stack dev: the backend lists no stacks" in " ".join(one.what for one in bad(of_stack.check("dev")))


@pytest.mark.parametrize(
    ("url", "top", "what"),
    [
        ("https://api.pulumi.com", {}, "secrets: encrypted by the backend"),
        ("s3://state", {"secretsprovider": "awskms://alias/x"}, "secrets: encrypted by awskms://alias/x"),
        ("https://api.pulumi.com", {"encryptionsalt": "v1:x"}, None),
        ("s3://state", {"secretsprovider": "passphrase"}, None),
    ],
)
def test_who_needs_a_passphrase(machine: Machine, url: str, top: dict[str, str], what: str | None) -> None:
    machine.pulumi(url=url)
    machine.change("staging", **top)
    findings = [*of_stack.check("staging")]
    assert any(finding.what.startswith("passphrase: neither") for finding in findings) == (what is None)
    assert what is None or Finding("ok", what) in findings


def test_a_missing_credential_is_told_as_by_the_preflight(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEON_API_KEY")
    assert bad(of_stack.check("dev")) == [CREDENTIALS["Neon"].missing(frozenset())]


@pytest.mark.parametrize("opens", [True, False])
def test_a_credential_in_the_stack_file(machine: Machine, monkeypatch: pytest.MonkeyPatch, opens: bool) -> None:
    monkeypatch.delenv("NEON_API_KEY")
    machine.pulumi()
    if opens:
        (machine.answers / "config").write_text('{"neon:apiKey": {"value": "canary", "secret": true}}')
    machine.change("dev", config={"neon:apiKey": {"secure": "v1:x:y"}})
    (found,) = [finding for finding in of_stack.check("dev") if "Neon" in finding.what]
    assert found == (
        Finding("ok", "Neon: NEON_API_KEY reaches what this stack needs")
        if opens
        else Finding("note", "Neon: the credential was not tried: neon:apiKey cannot be decrypted here")
    )


def test_the_ids_in_the_state_tell_a_namesake(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.pulumi()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.setattr("infra.checks.clients.send", Clouds(neon=["mine", "other"]))
    project = {"urn": "urn::neon-project", "type": "neon:index/project:Project", "id": "mine"}
    (machine.answers / "export").write_text(json.dumps({"deployment": {"resources": [project]}}))
    assert [finding.fix.partition(".")[0] for finding in bad(of_stack.check("staging"))] == ["This stack's own is mine"]


def test_secrets_set_by_hand_on_the_fly_app(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.pulumi()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    secrets = {
        "urn": "urn::fly-secrets",
        "type": "pulumi-python:dynamic/fly:Secrets",
        "outputs": {"app": "tune-api-staging", "digests": {"A": ""}},
    }
    further = {**secrets, "outputs": {"app": "tune-worker", "digests": {"BY_HAND": ""}}}
    (machine.answers / "export").write_text(json.dumps({"deployment": {"resources": [secrets, further]}}))
    listed = dict.fromkeys(["A", "BY_HAND", "OAUTH_ENCRYPTION_KEY"], "")
    monkeypatch.setattr("infra.providers.fly.flyctl.Flyctl.secrets_list", lambda *_: listed)
    machine.change("staging", config={"relay:adopt": {"flyApp": "tune-api-staging", "keep": ["OAUTH_ENCRYPTION_KEY"]}})
    found = [finding for finding in of_stack.check("staging") if "by hand" in finding.what]
    assert found == [
        Finding(
            "note",
            "Fly app tune-api-staging has secrets that were set by hand: BY_HAND",
            "Set them under extraSecrets, name them under adopt.keep, or `flyctl secrets unset NAME -a "
            "tune-api-staging`",
        )
    ]


def test_the_examples_values_are_named_with_the_command(machine: Machine) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, machine.project)
    assert "pulumi config set --path adopt.neonProject YOURS -s dev" in {found.fix for found in of_stack.check("dev")}


def test_before_set_up_a_stack_is_not_looked_at(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert [*of_stack.check("staging")] == [
        Finding("note", "configuration and credentials: known only after set-up", "bin/setup")
    ]
