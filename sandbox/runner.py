"""Run a command against the stand-ins: make the world on first use, start the stand-ins, and end them."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import credentials, folder
from setup import progress
from setup.engine import build
from setup.errors import SandboxError
from setup.files import write

# The caller's variables that reach the child. None can hold a credential.
_PASSED = {"HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE", "TZ"}
_PASSED |= {"TMPDIR", "COLUMNS", "LINES", "CI"}

# The variables by which the program and the tools find the stand-ins' HTTP server, `sandbox.http.face`.
_HTTP = {"CLOUDFLARE_BASE_URL": "http://127.0.0.1:{port}/client/v4", "NEON_API_URL": "http://127.0.0.1:{port}/api/v2"}
_HTTP["GITHUB_API_URL"] = "http://127.0.0.1:{port}"

_SHIM = """\
#!/bin/sh
# `pulumi` in the sandbox runs the engine in the mirror; elsewhere it would write into the committed files.
folder= option=
for word in "$@"; do
    case $option$word in
        --) break ;;
        -C | --cwd) option=-C; continue ;;
        -C*) folder=$option$word; folder=${{folder#-C}} ;;
        --cwd=*) folder=${{word#--cwd=}} ;;
    esac
    option=
done
if [ -z "$folder" ]; then
    cd {mirror} || exit
    # The sandbox made every stack, to encrypt its secrets; a stack without an update counts as one not made yet.
    if [ "$1 $2" = "stack init" ] && ! [ -d "$(echo ../state/.pulumi/history/*/"$3")" ]; then
        {pulumi} stack rm --yes --preserve-config --non-interactive "$3" >/dev/null 2>&1
    fi
elif ! [ -f "$folder/Pulumi.yaml" ] || [ "$folder/Pulumi.yaml" -ef {project} ]; then
    echo "bin/sandbox: $folder is not another project. For this one, run pulumi without -C." >&2
    exit 2
fi
exec {pulumi} "$@"
"""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox for one project.

    Attributes:
        root: The project's folder.
        folder: The world's folder: the clouds, the backend, the mirror.
    """

    root: Path
    folder: Path

    @property
    def clouds(self) -> Path:
        """The file that holds the clouds' state."""
        return self.folder / "clouds.sqlite"

    def prepare(self) -> None:
        """Make the world from the stack files, or bring its mirror up to date."""
        with self._locked():
            self._prepare()

    def reset(self, *, empty: bool) -> None:
        """Start over, with the world that the stack files describe or with an empty one."""
        with self._locked():
            folder.clear(self.folder)
            self._prepare(empty=empty)

    def run(self, command: Sequence[str]) -> int:
        """Run a command in the sandbox and return its exit code as a shell would."""
        if not self._recorded():
            self.prepare()
        with self._stand_ins() as stand_ins:
            # The stand-ins start while an existing world is brought up to date.
            self.prepare()
            line = stand_ins.stdout.readline() if stand_ins.stdout else ""
            if not line:
                raise SandboxError("The clouds' stand-ins did not start; their error is above.")
            ports = json.loads(line)
            addresses = {name: url.format(port=ports["http"]) for name, url in _HTTP.items()}
            attached = ",".join(f"{package}:{port}" for package, port in ports["providers"].items())
            return _run(command, self._environment() | addresses | {"PULUMI_DEBUG_PROVIDERS": attached})

    @property
    def _record(self) -> Path:
        """The file that names the world's sources. It is written last: without it the world is incomplete."""
        return self.folder / "prepared.json"

    def _recorded(self) -> dict[str, Any]:
        """Return the content of `_record`; nothing where the world is incomplete."""
        whole = self._record.is_file() and self.clouds.is_file()
        return json.loads(self._record.read_text()) if whole else {}

    def _prepare(self, *, empty: bool = False) -> None:
        pulumi = build.ensure()
        record = self._recorded()
        files = [self.root / "Pulumi.yaml", *sorted(self.root.glob("Pulumi.*.yaml"))]
        if not files[0].is_file():
            raise SandboxError(f"There is no Pulumi.yaml in {self.root}.")
        new = {
            "places": [str(self.root), str(self.folder), str(pulumi)],
            "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
            "empty": record.get("empty", empty),
        }
        made = [self.folder / "bin" / "pulumi", *(self.folder / "mirror" / path.name for path in files)]
        states = (f"state/.pulumi/stacks/*/{path.name[7:-5]}.json" for path in files[1:])
        if record == new and all(path.is_file() for path in made) and all(any(self.folder.glob(s)) for s in states):
            return
        # Imported here: a command in a prepared sandbox would take twice as long.
        from sandbox.flyctl import install  # noqa: PLC0415
        from sandbox.mirror import Mirror  # noqa: PLC0415

        if not record:
            print(f"Making the sandbox's world in {self.folder} …", file=sys.stderr)
            folder.clear(self.folder)
        mirror = Mirror(self.root, self.folder, pulumi, self._environment(), empty=new["empty"])
        paths = {"pulumi": pulumi, "mirror": mirror.folder, "project": files[0]}
        shim = _SHIM.format_map({name: shlex.quote(str(path)) for name, path in paths.items()})
        write(self.folder / "bin" / "pulumi", shim, 0o755)
        install.install(self.folder, self._python)
        before, now = record.get("files", {}), new["files"]
        project, stacks = mirror.refresh([name for name in before | now if before.get(name) != now.get(name)])
        if not record:
            from sandbox.seed import seed  # noqa: PLC0415
            from sandbox.world.errors import CloudError  # noqa: PLC0415
            from sandbox.world.store import World  # noqa: PLC0415

            try:
                seed(World(self.clouds), stacks, project, empty=new["empty"])
            except (CloudError, KeyError) as error:
                raise SandboxError(f"No clouds can be as the stack files describe them: {error}.") from None
        write(self._record, json.dumps(new))

    @property
    def _python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    def _locked(self) -> AbstractContextManager[None]:
        """Keep other commands from preparing this world at the same time."""
        folder.claim(self.folder)
        return progress.alone(self.folder / "lock")

    def _environment(self) -> dict[str, str]:
        """Return the child's environment, without the stand-ins' ports."""
        passed = {k: v for k, v in os.environ.items() if k in _PASSED or k.startswith("LC_")}
        path = [self.folder / "bin", self._python.parent, os.environ.get("PATH", os.defpath)]
        return {
            **passed,
            **credentials.ENVIRONMENT,
            "PATH": os.pathsep.join(map(str, path)),
            "RELAY_SANDBOX": str(self.folder),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_HOME": str(self.folder / "home"),
            "FLY_CONFIG_DIR": str(self.folder / "fly"),  # the user's own belongs to the real Fly.io
            "PULUMI_CONFIG_PASSPHRASE": "sandbox",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Without this, each preview looks on the network for the stand-ins' plug-ins, for 2 s.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    @contextmanager
    def _stand_ins(self) -> Iterator[subprocess.Popen[str]]:
        """Run the stand-ins in a session of their own, which Ctrl-C does not reach."""
        process = subprocess.Popen(
            [self._python, "-m", "sandbox.providers", self.folder],
            cwd=self.root,
            env=self._environment(),
            # The stand-ins end when this pipe closes, however this process ends.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            try:
                process.communicate(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run the command in the foreground; return its exit code, 128 + n after signal n."""
    # The terminal sends Ctrl-C to the child too; the child decides when it ends.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"bin/sandbox: {command[0]}: {error.strerror}. --help shows what it runs.", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    code = child.wait()
    return code if code >= 0 else 128 - code
