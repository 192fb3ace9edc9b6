"""Records previews of the real engine in the sandbox, for the tests beside this: `python -m tests.unit.preview.record`.

To be run again when the engine or the program changes what a preview says. With `--render`, only the expected Markdown
is written again, from what was recorded. Either way, read the difference of the `.md` files before it is committed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.preview import markdown
from ops.preview import reader as previews

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# What a preview says about each resource and no test reads. Outputs and ids would be made-up secrets in a commit.
_LEFT_OUT = {
    "additionalSecretOutputs",
    "created",
    "dependencies",
    "duration",
    "id",
    "modified",
    "outputs",
    "parent",
    "propertyDependencies",
    "provider",
    "sourcePosition",
    "stackTrace",
}
_NOISY_PROGRAM = """\
import sys
import pulumi
print("Traceback (most recent call last):\\nKeyboardInterrupt", file=sys.stderr)
pulumi.log.info("an information")
pulumi.log.warn("a warning")
pulumi.log.warn("a warning")
from infra.program import main
pulumi.run(main)
"""


@dataclass(frozen=True)
class Scenario:
    """One preview to record.

    Attributes:
        name: Of its files.
        stack: Of which stack.
        up: Whether staging is up before.
        settings: What is set before it, by key.
        command: What is run in the sandbox, instead of a preview, as a shell's line.
        program: Text of `__main__.py`, instead of the project's.
    """

    name: str
    stack: str = "staging"
    up: bool = False
    settings: tuple[tuple[str, str], ...] = ()
    command: str = ""
    program: str = ""


SCENARIOS = [
    Scenario("creates"),
    Scenario("imports", stack="production"),
    Scenario("no-changes", up=True),
    Scenario("updates", up=True, settings=(("historyRetentionSeconds", "3600"), ("mainBranch", "trunk"))),
    Scenario("replaces", up=True, settings=(("githubEnvironment", "stage"), ("previewBranch", "stage"))),
    Scenario("replace-refused", up=True, settings=(("neonRegion", "aws-us-east-1"),)),
    Scenario("replace-unprotected", up=True, settings=(("neonRegion", "aws-us-east-1"), ("unprotect", "true"))),
    Scenario("deletes", up=True, settings=(("manage", '["database"]'),)),
    Scenario("absent", stack="production", settings=(("adopt", '{"neonProject": "no-such-project-1"}'),)),
    Scenario("bad-configuration", settings=(("flyRegoin", "iad"), ("bucketPublicHost", "https://x.r2.dev/"))),
    Scenario("noise", program=_NOISY_PROGRAM),
    Scenario("crash", program='raise ValueError("the program has a bug")\n'),
    Scenario("no-stack", stack="nowhere"),
    Scenario("wrong-passphrase", command="PULUMI_CONFIG_PASSPHRASE=wrong pulumi preview -s staging --json"),
    Scenario("no-passphrase", command="unset PULUMI_CONFIG_PASSPHRASE; pulumi preview -s staging --json"),
    # A preview takes no lock of its own in a file or an S3 backend; this is what an `up` says of another's.
    Scenario(
        "locked",
        command='d="$RELAY_SANDBOX/state/.pulumi/locks/organization/relay/staging"; mkdir -p "$d"; '
        'echo \'{"pid": 1, "username": "runner", "hostname": "ci", "timestamp": "2026-11-24T00:00:00Z"}\' '
        '>"$d/0.json"; pulumi up -s staging --yes --skip-preview',
    ),
]


def rendered(name: str) -> str:
    """Return the comment on a recorded preview."""
    record = json.loads((HERE / f"{name}.json").read_text())
    document = record["preview"]
    preview = previews.read(
        record["stack"],
        stdout="" if document is None else json.dumps(document),
        stderr=record["stderr"],
        exit_code=record["exit_code"],
    )
    return markdown.comment(preview, markdown.Context(commit="0123456789ab"))


def main() -> None:
    """Record all scenarios, unless `--render` is given, and write what they become."""
    if sys.argv[1:] != ["--render"]:
        record()
    for scenario in SCENARIOS:
        (HERE / f"{scenario.name}.md").write_text(rendered(scenario.name))


def record() -> None:
    """Record all scenarios."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        project.mkdir()
        for name in ("bin", "sandbox", "setup", "infra", "sdks", ".venv"):
            (project / name).symlink_to(ROOT / name)
        for path in (ROOT / "tests" / "example").glob("Pulumi*.yaml"):
            shutil.copy(path, project)
        shutil.copy(ROOT / "__main__.py", project)
        worlds = {False: Path(folder, "world"), True: Path(folder, "world-up")}
        for up, world in worlds.items():
            _run(project, world, "true")
            if up:
                _run(
                    project, world, "pulumi", "up", "--stack", "staging", "--yes", "--skip-preview", "--color", "never"
                )
        for scenario in SCENARIOS:
            world = Path(folder, scenario.name)
            shutil.copytree(worlds[scenario.up], world, symlinks=True)
            _record(scenario, project, world)


def _record(scenario: Scenario, project: Path, world: Path) -> None:
    (project / "__main__.py").write_text(scenario.program or (ROOT / "__main__.py").read_text())
    for key, value in scenario.settings:
        _run(project, world, "pulumi", "config", "set", "--stack", scenario.stack, "--plaintext", f"relay:{key}", value)
    command = (
        ["sh", "-c", scenario.command] if scenario.command else ["pulumi", "preview", "-s", scenario.stack, "--json"]
    )
    done = _run(project, world, *command, "--color", "never", "--non-interactive", check=False)
    stdout, stderr = (text.replace(str(world), "/world") for text in (done.stdout, done.stderr))
    try:
        document: Any = _trimmed(json.loads(stdout))
    except ValueError:
        document = None
    record = {"stack": scenario.stack, "exit_code": done.returncode, "stderr": stderr, "preview": document}
    (HERE / f"{scenario.name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print(f"{scenario.name}: exit code {done.returncode}")


def _trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("op") in {"same", "refresh"}:
            return {"op": value["op"], "urn": value["urn"]}
        return {key: _trimmed(item) for key, item in value.items() if key not in _LEFT_OUT}
    return [_trimmed(item) for item in value] if isinstance(value, list) else value


def _run(project: Path, world: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"RELAY_SANDBOX": str(world)}
    done = subprocess.run(
        [project / "bin" / "sandbox", *command],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


if __name__ == "__main__":
    main()
