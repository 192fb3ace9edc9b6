"""`bin/doctor`: what it finds on machines that lack one thing or another, and how it says so."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.checks.credentials import CREDENTIALS
from infra.checks.findings import Finding
from ops import stacks
from ops.doctor import __main__ as doctor
from ops.doctor import machine as of_machine
from ops.doctor import pulumi_cli
from ops.doctor import stack as of_stack
from setup import environment as bootstrap
from setup.engine import build, locate
from setup.errors import SandboxError
from tests.unit.clouds.fake import Clouds
from tests.unit.program import EXAMPLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A Pulumi CLI that answers from files; an absent one is a failure.
PULUMI = """\
#!/bin/sh
case "$1 $2" in
    "stack output") answer="output.$5" ;;
    "stack ls") answer=ls ;;
    "stack export") answer=export ;;
    *) answer=$1 ;;
esac
if [ -f "{folder}/$answer" ]; then cat "{folder}/$answer"; else echo "error: no stack named '$5' found" >&2; exit 1; fi
"""
ENGINE = locate.dotted(locate.pinned())
INSTALL = "(https://www.pulumi.com/docs/install/)"


class Machine:
    """A machine with what a test puts on it, and a project's files of its own."""

    def __init__(self, folder: Path) -> None:
        self.answers = folder / "answers"
        self.bin = folder / "bin"
        self.project = folder / "project"
        for made in (self.answers, self.bin):
            made.mkdir()
        shutil.copytree(EXAMPLE, self.project)

    def install(self, name: str, script: str) -> None:
        """Put a program on PATH."""
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def pulumi(self, *, version: str = f"v{ENGINE}", url: str | None = "file:///state", **outputs: Any) -> None:
        """Install a CLI; without a URL it is not logged in; the outputs are those of live stacks."""
        self.install("pulumi", PULUMI.format(folder=self.answers))
        rows = [{"name": stack, "resourceCount": 9} for stack in ("production", "staging")]
        answers = {
            "ls": rows,
            "export": {"deployment": {}},
            **{f"output.{stack}": found for stack, found in outputs.items()},
        }
        if url:
            answers["whoami"] = {"url": url, "user": "jane"}
        (self.answers / "version").write_text(version)
        for name, answer in answers.items():
            (self.answers / name).write_text(json.dumps(answer))

    def change(self, stack: str, **changes: Any) -> None:
        """Change a stack file: `config` keys with their namespace, other keys at the top; None removes."""
        path = self.project / f"Pulumi.{stack}.yaml"
        document = yaml.safe_load(path.read_text())
        for key, value in changes.pop("config", {}).items():
            document["config"][key] = value
        document |= changes
        document["config"] = {key: value for key, value in document["config"].items() if value is not None}
        path.write_text(yaml.safe_dump(document))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with every credential, storage keys in staging's file, and neither Pulumi nor flyctl."""
    machine = Machine(tmp_path)
    keys = {f"relay:{key}": {"secure": "v1:x:y"} for key in ("storageAccessKeyId", "storageSecretAccessKey")}
    machine.change("staging", config=keys)
    monkeypatch.setenv("PATH", f"{machine.bin}:/usr/bin:/bin")
    monkeypatch.setattr(stacks, "folder", lambda: machine.project)
    # The tests may run in another environment than `.venv`, as they do with another Python.
    monkeypatch.setattr(bootstrap, "VENV", Path(sys.prefix))
    for variable in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "RELAY_SANDBOX"):
        monkeypatch.delenv(variable, raising=False)
    pulumi_cli.ask.cache_clear()
    return machine


def bad(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state in {"missing", "wrong"}]


def _raise(error: Exception) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


# --- the sandbox and the tests


def test_a_machine_that_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_machine, "_NEWEST", sys.version_info[:2])
    monkeypatch.setattr(build, "check", lambda: None)
    monkeypatch.setattr(locate, "locate", lambda: Path("/opt/pulumi"))
    monkeypatch.setattr(bootstrap, "is_set_up", lambda: True)
    assert [*of_machine.sandbox()] == [
        Finding("ok", f"Python {sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"),
        Finding("ok", ".venv, as requirements.lock has it"),
        Finding("ok", "Pulumi engine: /opt/pulumi"),
    ]


def test_neither_cli_nor_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "check", _raise(SandboxError("There is neither `pulumi` nor `go` on PATH.")))
    assert Finding("missing", "Pulumi engine", "There is neither `pulumi` nor `go` on PATH.") in [*of_machine.sandbox()]


def test_an_engine_that_is_not_built_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "check", lambda: None)
    monkeypatch.setattr(locate, "locate", lambda: None)
    finding = Finding("missing", "Pulumi engine: not built yet", "bin/setup (some minutes, once)")
    assert finding in [*of_machine.sandbox()]


def test_a_venv_that_is_not_what_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "set-up")
    missing = Finding("missing", ".venv: not made, or not what requirements.lock asks for", "bin/setup")
    assert missing in [*of_machine.sandbox()]
    bootstrap.STAMP.write_text("another digest")
    assert missing in [*of_machine.sandbox()]


@pytest.mark.parametrize(
    ("version", "finding"),
    [
        (
            (3, 10, 4),
            Finding("missing", "Python 3.10.4: 3.11 or later is needed", "https://www.python.org/downloads/"),
        ),
        ((3, 14, 9), Finding("ok", "Python 3.14.9")),
        ((3, 99, 0), Finding("note", "Python 3.99.0 is newer than the tested 3.14; it should work")),
    ],
)
def test_the_version_of_python(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], finding: Finding
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert next(of_machine.sandbox()) == finding


def test_a_python_that_makes_no_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "set-up")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    package = f"python3.{sys.version_info[1]}-venv"
    finding = Finding("missing", "this Python cannot make virtual environments", f"apt-get install {package}")
    assert finding in [*of_machine.sandbox()]


# --- what every real `up` needs


@pytest.mark.parametrize("built", [False, True])
def test_no_pulumi_cli(machine: Machine, monkeypatch: pytest.MonkeyPatch, built: bool) -> None:
    monkeypatch.setattr(locate, "built", lambda: built)
    what = "Pulumi CLI: not on PATH" + ("; the engine that was built here is for the sandbox alone" if built else "")
    assert bad(of_machine.real()) == [Finding("missing", what, f"install {ENGINE} or later {INSTALL}")]


def test_packages_other_than_pinned(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_machine.packages() == Finding("ok", ".venv, with what requirements.txt pins")
    real = of_machine._installed
    found = {"pulumi": "3.1.0", "pydantic": None}
    monkeypatch.setattr(of_machine, "_installed", lambda name: found[name] if name in found else real(name))
    what = ".venv: pulumi, pydantic not as pinned in requirements.txt"
    assert of_machine.packages() == Finding("missing", what, "`pulumi install`, or bin/setup")
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert of_machine.packages() == Finding("missing", ".venv: not made", "`pulumi install`, or bin/setup")


def test_an_old_pulumi_cli(machine: Machine) -> None:
    machine.pulumi(version="v3.99.1")
    assert bad(of_machine.real()) == [
        Finding("missing", "Pulumi CLI 3.99.1: too old", f"install {ENGINE} or later {INSTALL}"),
    ]


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("#!/bin/sh\necho hello\n", "{bin}/pulumi does not tell its version"),
        ("garbage", "Pulumi CLI: `pulumi` on PATH cannot be run: Exec format error."),
        ("#!/nowhere\n", "Pulumi CLI: `pulumi` on PATH cannot be run: No such file or directory."),
    ],
)
def test_a_pulumi_that_is_none(machine: Machine, script: str, what: str) -> None:
    machine.install("pulumi", script)
    (finding,) = bad(of_machine.real())
    assert finding.what.startswith(what.format(bin=machine.bin))
    assert finding.fix == f"install {ENGINE} or later {INSTALL}"


def test_not_logged_in(machine: Machine) -> None:
    machine.pulumi(url=None)
    (finding,) = bad(of_machine.real())
    assert finding.what.startswith("backend: not logged in, or out of reach: no stack named")
    assert finding.fix.startswith("`pulumi login`")


def test_a_backend_that_answers_nonsense(machine: Machine) -> None:
    machine.pulumi()
    (machine.answers / "whoami").write_text("<html>")
    (finding,) = bad(of_machine.real())
    assert "`pulumi whoami --json` answered without JSON" in finding.what


def test_a_cli_that_is_logged_in(machine: Machine) -> None:
    machine.pulumi()
    assert [finding.what for finding in of_machine.real()][1:] == [f"Pulumi CLI {ENGINE}", "backend: file:///state"]


# --- a stack


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
    assert [*of_stack.check("qa")] == [
        Finding("missing", "Pulumi.qa.yaml", "copy another stack's file and change it"),
    ]


def test_a_file_that_is_not_yaml(machine: Machine) -> None:
    (machine.project / "Pulumi.dev.yaml").write_text("config:\n\trelay:tier: x\n")
    (finding,) = of_stack.check("dev")
    assert finding.what.startswith("configuration: Pulumi.dev.yaml, line 2: not valid YAML:")


def test_no_project_file(machine: Machine) -> None:
    (machine.project / "Pulumi.yaml").unlink()
    (finding,) = of_stack.check("dev")
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


# --- the report


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings of every kind, without a look at anything."""
    made = [
        Finding("ok", "one"),
        Finding("missing", "two", "mend it"),
        Finding("wrong", "three"),
        Finding("note", "four"),
    ]
    for name in ("sandbox", "real"):
        monkeypatch.setattr(of_machine, name, lambda: made)
    monkeypatch.setattr(of_stack, "check", lambda name: [Finding("ok", f"stack {name}")])


@pytest.mark.usefixtures("findings")
def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--for", "sandbox"]) == 1
    assert capsys.readouterr().out == (
        "The sandbox and the tests (bin/sandbox, make test)\n"
        "  ok       one\n"
        "  MISSING  two\n"
        "           → mend it\n"
        "  WRONG    three\n"
        "  note     four\n"
        "In order: nothing yet. Not yet: the sandbox and the tests (2).\n"
    )


@pytest.mark.usefixtures("findings")
def test_a_plain_listing_always_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 0
    headings = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert headings == [
        "The sandbox and the tests (bin/sandbox, make test)",
        "Real accounts (pulumi up)",
        "Stack production",
        "Stack staging",
        "Stack dev",
        "In order: stack production, stack staging, stack dev. Not yet: the sandbox and",
        "the tests (2), real accounts (2).",
    ]


@pytest.mark.usefixtures("findings")
def test_what_is_asked_for_decides(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--for", "sandbox"]) == 1
    for name in ("sandbox", "real"):
        monkeypatch.setattr(of_machine, name, lambda: [Finding("ok", "fine"), Finding("note", "no matter")])
    assert doctor.main(["--for", "dev"]) == doctor.main(["dev"]) == 0
    assert doctor.main(["sandbox"]) == 0
    assert "stack dev" in capsys.readouterr().out


@pytest.mark.usefixtures("findings")
def test_colour_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    doctor.main(["--for", "sandbox"])
    assert "\x1b[31mMISSING\x1b[0m  two" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    doctor.main(["--for", "sandbox"])
    assert "\x1b" not in capsys.readouterr().out


def test_an_unknown_stack(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["stagign"], ["--for", "stagign"], [""]):
        with pytest.raises(SystemExit):
            doctor.main(arguments)
        said = f"there is no stack {arguments[-1]!r}: choose from sandbox, production, staging, dev"
        assert said in capsys.readouterr().err


def test_on_a_bare_machine(tmp_path: Path) -> None:
    """Nothing is set up, and Python has its standard library alone."""
    for name in ("infra", "ops", "sandbox", "setup"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    for path in [ROOT / "bin" / "doctor", ROOT / "requirements.txt", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    path = tmp_path / "path"
    path.mkdir()
    (path / "dirname").symlink_to(shutil.which("dirname") or "")
    command = [tmp_path / "bin" / "doctor"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)

    none = run()
    assert (none.returncode, none.stderr.split(":")[1]) == (1, " no Python 3.11 or later is on PATH. Install one")
    (path / "python3").write_text(f'#!/bin/sh\nexec {Path(sys.executable).resolve()} -S "$@"\n')
    (path / "python3").chmod(0o755)
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "  MISSING  .venv: not made" in done.stdout
    assert "There is neither `pulumi` nor `go` on PATH" in done.stdout
    assert "configuration and credentials: known only after set-up" in done.stdout
