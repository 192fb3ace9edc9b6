"""Hunt for secrets, in every spelling, in all that commands print, start and write.

While a command runs, a thread samples every process below it (arguments and environment) and every file under its
folder for temporary files. Those live long enough to be seen: the test asserts that each kind of process was. flyctl,
which lives for milliseconds, is recorded by the stand-in itself.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from tests.engine.sandboxes import TIMEOUT, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Shorter texts are found by chance; all values here are longer.
_SHORTEST = 12
# The clouds themselves, and the login of a person who uses flyctl by hand: what is in them is where it should be.
_CLOUDS, _LOGIN = "clouds.sqlite", ("fly", "config.yml")
_EVERY = 0.02


def spellings(value: str) -> dict[str, bytes]:
    """Return the forms in which a value would still give itself away, by name."""
    raw = value.encode()
    once = json.dumps(value)[1:-1]
    texts = {
        "plain": value,
        "JSON": once,
        "JSON, not ASCII alone": json.dumps(value, ensure_ascii=False)[1:-1],
        "JSON in JSON": json.dumps(once)[1:-1],
        "Python": repr(value)[1:-1],
        "in a URL": quote(value, safe=""),
        "in a form": quote_plus(value),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
    }
    # Of a text in lines, each line is enough.
    texts |= {f"line {number}": line for number, line in enumerate(value.splitlines()) if line != value}
    found = {name: text.encode() for name, text in texts.items()}
    for before in range(3):
        # As a part of something longer: without the characters that its neighbours have a share in.
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for name, encode in (("base64", base64.b64encode), ("base64 for URLs", base64.urlsafe_b64encode)):
            found[f"{name}, {before} before"] = encode(bytes(before) + raw)[first:last]
    # Under the first of its names, where several come to the same.
    names = {form: name for name, form in reversed(found.items())}
    return {name: form for form, name in names.items() if len(form) >= _SHORTEST}


class Hunt:
    """Everything that was said, started and written, until it is searched.

    Attributes:
        seen: How many things were looked at, by kind.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, allowed: Mapping[str, str]) -> None:
        """Prepare a hunt.

        Args:
            sandbox: Where the commands run.
            folder: Is given a folder for temporary files, and a home.
            allowed: Credentials by variable: a process may have them in its environment, under that name alone.
        """
        self.seen: Counter[str] = Counter()
        self.commands: set[str] = set()
        self.temporary, self.home = folder / "tmp", folder / "home"
        for made in (self.temporary, self.home):
            made.mkdir()
        self._sandbox = sandbox
        self._allowed = {f"{name}={value}".encode() for name, value in allowed.items()}
        self._found: dict[bytes, str] = {}
        self._files: set[tuple[str, int, int]] = set()

    def run(self, *command: str, stdin: str = "", keep: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the sandbox, watched.

        Args:
            command: What to run.
            stdin: Its standard input.
            keep: Whether what it says is searched; not so where it was asked for secrets.
        """
        options = {**self._sandbox.command(*command), "stdin": subprocess.PIPE}
        options["env"] = {**options["env"], "TMPDIR": str(self.temporary), "HOME": str(self.home)}
        process = subprocess.Popen(**options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with self._watching(process.pid):
            stdout, stderr = process.communicate(stdin, timeout=TIMEOUT)
        self.seen["verbs"] += 1
        name = f"{' '.join(command[-4:])} ({self.seen['verbs']})"
        if keep:
            self.add(f"what {name} prints", stdout.encode())
            self.add(f"what {name} prints as errors", stderr.encode())
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def add(self, place: str, data: bytes) -> None:
        """Have something searched."""
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        self._found.setdefault(data, place)

    def add_files(self, *folders: Path) -> None:
        """Have every file below the folders searched, but for the clouds themselves and flyctl's login."""
        for folder in folders:
            for path in folder.rglob("*"):
                theirs = path.name.startswith(_CLOUDS) or path.parts[-2:] == _LOGIN
                if path.is_file() and not path.is_symlink() and not theirs:
                    self.seen["files"] += 1
                    self.add(f"file {path}", path.read_bytes())

    def add_flyctl(self) -> None:
        """Have every run of flyctl searched, as the stand-in recorded it. Only one credential may be there."""
        for _, operation, detail in self._sandbox.world.calls("fly"):
            self.seen["runs of flyctl"] += 1
            entries = [f"{name}={value}".encode() for name, value in detail["environment"].items()]
            kept = [entry for entry in entries if not (entry in self._allowed and entry.startswith(b"FLY_API_TOKEN="))]
            self.add(f"flyctl {operation}", b"\0".join([*(word.encode() for word in detail["argv"]), *kept]))

    def hits(self, secrets: Mapping[str, str]) -> list[str]:
        """Return where a secret is, and in which spelling.

        Args:
            secrets: Values by what to call them in the answer, which does not show them.
        """
        self.seen["secrets"] = len(secrets)
        forms = [(name, how, form) for name, value in secrets.items() for how, form in spellings(value).items()]
        return sorted(
            {
                f"{name} ({how}): {place}"
                for data, place in self._found.items()
                for name, how, form in forms
                if form in data
            }
        )

    @contextmanager
    def _watching(self, pid: int) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_EVERY):
                self._look_at_processes(pid)
                self._look_at_temporary_files()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._look_at_temporary_files()

    def _look_at_processes(self, pid: int) -> None:
        with suppress(OSError):  # it may end while it is looked at
            proc = Path(f"/proc/{pid}")
            command, environment = (proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()
            # The official language host passes the program its decrypted configuration here, and the program alone.
            configured = b"pulumi-language-python-exec" in command
            allowed = self._allowed | {
                e for e in environment.split(b"\0") if configured and e.startswith(b"PULUMI_CONFIG=")
            }
            kept = b"\0".join(entry for entry in environment.split(b"\0") if entry not in allowed)
            seen = command + b"\0" + kept
            if seen not in self._found:
                self.seen["processes"] += 1
                self.commands.add(command.replace(b"\0", b" ").decode(errors="replace"))
                self.add(f"process {command.split(bytes(1))[:4]!r}", seen)
            for thread in (proc / "task").iterdir():
                for child in (thread / "children").read_text().split():
                    self._look_at_processes(int(child))

    def _look_at_temporary_files(self) -> None:
        # os.walk leaves out what goes away meanwhile.
        for folder, _, names in os.walk(self.temporary):
            for path in (Path(folder, name) for name in names):
                with suppress(OSError):
                    status = path.stat()
                    key = (str(path), status.st_mtime_ns, status.st_size)
                    if key not in self._files:
                        self.add(f"temporary file {path}", path.read_bytes())
                        self._files.add(key)
                        self.seen["temporary files"] += 1

    @property
    def temporary_files(self) -> set[str]:
        """Names of the temporary files that were seen."""
        return {path for path, _, _ in self._files}


def encrypted(state: Any) -> Iterator[str]:
    """Yield every text that a state, exported with its secrets shown, holds encrypted."""
    if isinstance(state, dict) and "plaintext" in state:
        yield from _texts(json.loads(state["plaintext"]))
    elif isinstance(state, dict):
        for name, value in state.items():
            if name != "__provider":  # the name of a class
                yield from encrypted(value)
    elif isinstance(state, list):
        for value in state:
            yield from encrypted(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
