"""Hold `bin/sandbox` to its promises about files, credentials, exit codes and processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.engine.processes import KINDS, descendants, end_leftovers, gone, until
from tests.engine.sandboxes import INTERRUPTIBLE, Sandbox, copied, held, own_program

if TYPE_CHECKING:
    from pathlib import Path

# A program that takes no cloud: what is tested here is how it is run.
_PROGRAM = """\
import pulumi
config = pulumi.Config()
pulumi.export("tier", config.require("tier"))
pulumi.export("token", config.get_secret("token"))
pulumi.export("nested", config.get_secret_object("nested"))
"""
# Encrypted with a passphrase nobody has, or by another provider.
_SALT = "encryptionsalt: v1:N3Xk1Q0lGzs=:v1:0wJ9mEo3n2m7b9jv:5o9b0Yy2pV0r1mJr0kP0w7C2bFf1yQ==\n"
_KMS = "secretsprovider: awskms://alias/infra\nencryptedkey: AQICAHh=\n"
_FOREIGN = """\
config:
  relay:tier: staging # a comment
  relay:token:
    secure: v1:5l3mRW9iQ0k2a1Zs:Yx8m0m3bq0l8vKfYQZ5o2W1rXw==
  relay:nested:
    items: [plain, {secure: v1:AAAA:BBBB}]
    dotted.name: {secure: v1:CCCC:DDDD}
"""


@pytest.fixture
def sandbox(prepared: dict[bool, Sandbox], tmp_path: Path) -> Sandbox:
    """A sandbox of the example project; each command is run by `bin/sandbox`."""
    return copied(prepared[False], tmp_path / "world")


def _files(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.glob("Pulumi*.yaml")}


def _own_program(sandbox: Sandbox, head: str = _SALT) -> None:
    (sandbox.project / "__main__.py").unlink()
    (sandbox.project / "__main__.py").write_text(_PROGRAM)
    for path in sandbox.project.glob("Pulumi.*.yaml"):
        path.unlink()
    (sandbox.project / "Pulumi.staging.yaml").write_text(head + _FOREIGN)


def test_committed_files_are_never_written(checkout: Sandbox) -> None:
    _own_program(checkout)
    before = _files(checkout.project)
    checkout.pulumi("preview", "--stack", "staging")
    with held(checkout) as opened:
        opened.up("staging")
        opened.config_set("staging", "relay:tier", "other")
        opened.config_set("staging", "relay:token", "other", secret=True)
        opened.destroy("staging")
        opened.pulumi("stack", "rm", "staging", "--yes")
    checkout.run("true")
    assert _files(checkout.project) == before


@pytest.mark.parametrize("head", [_SALT, _KMS], ids=["passphrase", "kms"])
def test_values_encrypted_elsewhere_are_replaced_where_they_stand(checkout: Sandbox, head: str) -> None:
    _own_program(checkout, head)
    with held(checkout) as opened:
        opened.up("staging")
        outputs = json.loads(opened.pulumi("stack", "output", "--json", "--show-secrets", "--stack", "staging").stdout)
    assert outputs["token"]
    nested = outputs["nested"]
    assert nested.keys() == {"items", "dotted.name"}
    assert nested["items"][0] == "plain"
    for made_up in (nested["items"][1], nested["dotted.name"]):
        assert made_up not in {"", "v1:AAAA:BBBB", "v1:CCCC:DDDD"}
        assert made_up not in (checkout.folder / "mirror" / "Pulumi.staging.yaml").read_text()


def test_config_set_lasts_until_its_committed_file_changes(checkout: Sandbox) -> None:
    _own_program(checkout)
    checkout.config_set("staging", "relay:tier", "set-here")
    project = checkout.folder / "mirror" / "Pulumi.yaml"
    project.write_text(project.read_text() + "# as bin/adopt writes\n")
    (checkout.project / "Pulumi.qa.yaml").write_text("config: {relay:tier: staging}\n")
    assert checkout.pulumi("config", "get", "tier", "--stack", "staging").stdout.strip() == "set-here"
    assert "# as bin/adopt writes" in project.read_text()
    (checkout.project / "Pulumi.qa.yaml").unlink()
    committed = checkout.project / "Pulumi.staging.yaml"
    committed.write_text(committed.read_text() + "  relay:added: later\n")
    found = json.loads(checkout.pulumi("config", "--json", "--stack", "staging").stdout)
    assert (found["relay:added"]["value"], found["relay:tier"]["value"]) == ("later", "staging")
    assert not (checkout.folder / "mirror" / "Pulumi.qa.yaml").exists()


def test_a_removed_stack_is_made_again(sandbox: Sandbox) -> None:
    sandbox.pulumi("stack", "rm", "staging", "--yes")
    assert sandbox.pulumi("config", "get", "tier", "--stack", "staging").stdout.strip() == "staging"


def test_a_stack_without_an_update_can_be_made_with_pulumi_as_the_readme_says(sandbox: Sandbox) -> None:
    assert "Created stack 'staging'" in sandbox.pulumi("stack", "init", "staging").stderr
    sandbox.up("staging")
    assert "already exists" in sandbox.pulumi("stack", "init", "staging", check=False).stderr


def test_an_empty_world_has_nothing_to_adopt(empty_sandbox: Sandbox) -> None:
    config = yaml.safe_load((empty_sandbox.folder / "mirror" / "Pulumi.production.yaml").read_text())["config"]
    committed = yaml.safe_load((empty_sandbox.project / "Pulumi.production.yaml").read_text())["config"]
    assert committed.keys() - config.keys() == {"relay:adopt"}


def test_no_credential_of_the_caller_reaches_the_child(sandbox: Sandbox) -> None:
    mine = {
        "AWS_SECRET_ACCESS_KEY": "caller-aws",
        "CLOUDFLARE_API_KEY": "caller-cloudflare",
        "FLY_API_TOKEN": "caller-fly",
        "GITHUB_TOKEN": "caller-github",
        "NEON_API_KEY": "caller-neon",
        "PULUMI_ACCESS_TOKEN": "caller-pulumi",
        "PULUMI_BACKEND_URL": "caller-backend",
        "PULUMI_CONFIG_PASSPHRASE": "caller-passphrase",
        "HTTPS_PROXY": "http://caller-proxy",
    }
    environment = os.environ | mine | {"RELAY_SANDBOX": str(sandbox.folder)}
    done = subprocess.run(
        [sandbox.project / "bin" / "sandbox", "env"], env=environment, capture_output=True, text=True, check=True
    )
    assert "caller-" not in done.stdout
    assert "FLY_API_TOKEN=sandbox-" in done.stdout


def test_the_exit_code_is_the_commands(sandbox: Sandbox) -> None:
    assert sandbox.run("sh", "-c", "exit 7", check=False).returncode == 7
    assert sandbox.run("sh", "-c", "kill -TERM $$", check=False).returncode == 128 + signal.SIGTERM
    missing = sandbox.run("no-such-command", check=False)
    assert missing.returncode == 127
    assert "no-such-command: No such file or directory. --help shows what it runs." in missing.stderr


def test_a_command_runs_in_the_callers_folder_and_pulumi_in_the_mirror(sandbox: Sandbox, tmp_path: Path) -> None:
    def said(*command: str) -> str:
        options = sandbox.command(*command) | {"cwd": tmp_path}
        done: subprocess.CompletedProcess[str] = subprocess.run(
            **options, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout

    assert said("pwd").strip() == str(tmp_path)
    assert "staging" in said("pulumi", "stack", "ls")


@pytest.mark.parametrize("option", ["-C.", "--cwd infra"])
def test_pulumi_is_not_run_where_it_would_write_committed_files(sandbox: Sandbox, option: str) -> None:
    before = _files(sandbox.project)
    done = sandbox.pulumi("preview", "--stack", "dev", *option.split(), check=False)
    assert done.returncode == 2
    assert "is not another project. For this one, run pulumi without -C." in done.stderr
    assert _files(sandbox.project) == before


def test_pulumi_runs_in_another_project_that_the_caller_names(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "Pulumi.yaml").write_text("name: other\nruntime: yaml\n")
    assert "staging" not in sandbox.pulumi("stack", "ls", "-C", str(tmp_path / "other")).stdout
    assert "staging" in sandbox.pulumi("stack", "ls", "-C", str(sandbox.folder / "mirror")).stdout


@pytest.mark.parametrize("lost", ["clouds.sqlite", "mirror/Pulumi.yaml"])
def test_a_world_that_lost_a_file_gets_it_back(sandbox: Sandbox, lost: str) -> None:
    (sandbox.folder / lost).unlink()
    assert "staging" in sandbox.pulumi("stack", "ls").stdout
    assert "tune-audio" in sandbox.run("show").stdout


def test_several_commands_run_in_one_world_at_once(checkout: Sandbox) -> None:
    _own_program(checkout)
    running = [
        subprocess.Popen(**checkout.command("pulumi", "preview", "--stack", "staging"), stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_stand_in_outlives_its_command(sandbox: Sandbox, end: signal.Signals) -> None:
    process = subprocess.Popen(**sandbox.command("sleep", "3"))
    assert until(lambda: "sleep 3 " in descendants(process.pid).values())
    started = descendants(process.pid)
    assert any("sandbox.providers" in command for command in started.values())
    process.send_signal(end)
    process.wait(timeout=20)
    assert until(lambda: gone(started))


@pytest.mark.parametrize("how", ["Ctrl-C", "kill -9"])
def test_a_stopped_command_leaves_nothing_running(sandbox: Sandbox, how: str) -> None:
    mark = sandbox.folder / "running"
    program = f"import pathlib, time\npathlib.Path({str(mark)!r}).touch()\ntime.sleep(120)\n"
    own_program(sandbox, INTERRUPTIBLE + program)
    process = subprocess.Popen(
        **sandbox.command("pulumi", "up", "--stack", "staging", "--yes", "--skip-preview"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert until(mark.exists), "the program did not start"
    started = descendants(process.pid)
    assert any(re.search(KINDS["language host"], command) for command in started.values())
    if how == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: it reaches the engine, not its plug-ins
    else:
        (engine,) = (pid for pid, command in started.items() if "pulumi up --stack" in command)
        os.kill(engine, signal.SIGKILL)
    said, _ = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "Traceback" not in said
    if how == "kill -9":
        end_leftovers(started)
    assert until(lambda: gone(started))
    if how == "kill -9":
        sandbox.pulumi("cancel", "--stack", "staging", "--yes")
    # The stack is not left locked.
    own_program(sandbox, _PROGRAM)
    sandbox.up("staging")
