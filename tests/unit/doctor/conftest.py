"""A machine with what a test puts on it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ops import stacks
from ops.doctor import pulumi_cli
from setup import environment as bootstrap
from setup.engine import locate
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.checks.findings import Finding

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
