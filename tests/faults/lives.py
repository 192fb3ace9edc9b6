"""Random lives: what a careless team does to its stacks, and what must hold after every step.

A life is drawn from one seed, so a failure is repeated with `RELAY_LIVES=SEED`. Each step is an ordinary command, a
changed setting, an edit by hand, or a killed engine.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.credentials import ENVIRONMENT
from tests.engine.conftest import STACKS, TIMEOUT, Sandbox
from tests.engine.processes import descendants, gone, until
from tests.engine.test_environments import objects
from tests.faults.blows import VICTIMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STEPS = 15
Keys = dict[tuple[str, str], Any]
# Settings that a person may change, right or wrong; None removes the key.
CHANGES: tuple[tuple[str, str, Any], ...] = (
    ("production", "adopt", None),
    ("production", "manage", ["database", "backend", "delivery"]),
    ("production", "manage", ["storage", "frontend"]),
    ("production", "unprotect", True),
    ("production", "neonProject", "tune-renamed"),
    ("production", "rotate", {"storageToken": 1}),
    ("production", "productionBranch", "release"),
    ("staging", "manage", ["database"]),
    ("staging", "unprotect", True),
    ("staging", "flyApp", "tune-api"),
    ("staging", "flyApp", "tune-api-next"),
    ("staging", "neonProject", "tune"),
    ("staging", "githubEnvironment", "production"),
    ("staging", "tier", "production"),
    ("staging", "rotate", {"oauthKey": 1}),
    ("dev", "adopt", None),
    ("dev", "unprotect", True),
    ("dev", "neonProject", "tune"),
    ("dev", "historyRetentionSeconds", 0),
)
# A second stack, copied as the README says; the first set is refused.
SECOND: tuple[dict[str, Any], ...] = (
    {"tier": "staging", "manage": ["database", "backend", "delivery"], "neonProject": "tune-qa", "flyApp": "tune-api"},
    {"tier": "staging", "manage": ["database"], "neonProject": "tune-qa"},
    {"tier": "staging", "manage": ["delivery"], "neonProject": "tune-qa", "githubEnvironment": "production"},
    {"tier": "production", "manage": ["storage", "frontend"], "neonProject": "tune-qa", "previewStack": "staging"},
)
# Fly secrets whose values nobody may see.
SECRETS = ("/DATABASE_URL", "/OAUTH_ENCRYPTION_KEY", "/AWS_SECRET_ACCESS_KEY", "/LOGFIRE_WRITE_TOKEN")


class LifeError(AssertionError):
    """A step broke what must hold. The message has the seed and the steps so far."""


class Life:
    """One life in a sandbox of its own.

    Attributes:
        told: The steps so far, for a failure's message.
    """

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self.told: list[str] = []
        self._sandbox = sandbox
        self._random = random.Random(seed)  # noqa: S311 -- repeatable
        self._seed = seed
        self._hand_made = set(self._objects())
        self._owners: dict[tuple[str, str], str] = {}
        self._files = {path.name: path.read_text() for path in self._mirror.glob("Pulumi.*.yaml")}
        self._stacks = list(STACKS)

    def live(self) -> None:
        """Take every step, then put the files back and bring every stack up: empty plans, or a reason."""
        steps: list[Callable[[], object]] = [
            *(self._up,) * 5,
            self._preview,
            self._refresh,
            *(self._change,) * 3,
            self._second,
            self._by_hand,
            self._killed,
            self._recover,
            self._destroy,
        ]
        for _ in range(STEPS):
            self._random.choice(steps)()
        self._end()

    @property
    def _mirror(self) -> Path:
        return self._sandbox.folder / "mirror"

    def _objects(self) -> Keys:
        return {(kind, key): found for kind, all_ in objects(self._sandbox).items() for key, found in all_.items()}

    def _up(self, stack: str = "") -> int:
        stack = stack or self._random.choice(self._stacks)
        refresh = ["--refresh"] if self._random.random() < 0.3 else []
        return self._run(stack, "pulumi", "up", "--yes", "--skip-preview", *refresh)

    def _preview(self) -> None:
        self._run(self._random.choice(self._stacks), "pulumi", "preview")

    def _refresh(self) -> None:
        self._run(self._random.choice(self._stacks), "pulumi", "refresh", "--yes", "--skip-preview")

    def _destroy(self) -> None:
        flags = ["--ignore-protect"] if self._random.random() < 0.5 else []
        self._run(self._random.choice(self._stacks), "pulumi", "destroy", "--yes", "--skip-preview", *flags)

    def _recover(self, stack: str = "") -> None:
        stack = stack or self._random.choice(self._stacks)
        self._check(stack, str(self._sandbox.project / "bin" / "recover"), stack)

    def _change(self) -> None:
        stack, key, value = self._random.choice(CHANGES)
        self.told.append(f"set {key} of {stack} to {json.dumps(value)}")
        with self._sandbox.settings(stack) as config:
            config.pop(f"relay:{key}", None)
            if value is not None:
                config[f"relay:{key}"] = value

    def _second(self) -> None:
        config = self._random.choice(SECOND)
        self.told.append(f"stack qa with {json.dumps(config)}")
        text = yaml.safe_dump({"config": {f"relay:{key}": value for key, value in config.items()}})
        (self._mirror / "Pulumi.qa.yaml").write_text(text)
        if "qa" not in self._stacks:
            self._stacks.append("qa")
            self._sandbox.run("pulumi", "stack", "init", "qa", "--no-select", "--non-interactive")

    def _by_hand(self) -> None:
        kind = self._random.choice(("github secret", "github variable", "neon project"))
        found = objects(self._sandbox)[kind]
        if not found:
            return
        key = self._random.choice(sorted(found))
        self.told.append(f"by hand: {kind} {key}")
        cloud, what = kind.split()
        with self._sandbox.world.transaction() as tx:
            if cloud == "neon":
                tx.put(cloud, what, key, {**found[key], "name": f"{found[key]['name']}-by-hand"})
            else:
                tx.delete(cloud, what, key)
                self._owners.pop((kind, key), None)

    def _killed(self) -> None:
        """Kill the engine after some of its outside calls."""
        stack, calls = self._random.choice(self._stacks), self._random.randrange(1, 12)
        before = len(self._sandbox.world.calls())
        options = self._sandbox.command("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--color", "never")
        with subprocess.Popen(**options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            until(lambda: process.poll() is not None or len(self._sandbox.world.calls()) >= before + calls, TIMEOUT)
            started = descendants(process.pid)
            for pid, command in {**started, process.pid: "pulumi up "}.items():
                if process.poll() is None and re.search(VICTIMS["engine"], command):
                    os.kill(pid, signal.SIGKILL)
            said, _ = process.communicate(timeout=TIMEOUT)
            until(lambda: gone(started), 60)
        self._owned(stack)
        self._holds(f"up of {stack}, killed after {calls} calls", said, refused=False)

    def _run(self, stack: str, *command: str) -> int:
        return self._check(stack, *command, "--stack", stack, "--color", "never", "--non-interactive")

    def _check(self, stack: str, *command: str) -> int:
        before = self._objects()
        done = self._sandbox.run(*command, check=False)
        after = self._objects()
        named = " ".join(word.rpartition("/")[2] for word in command)
        touched = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        foreign = [f"{key} of {self._owners[key]}" for key in sorted(touched) if self._owners.get(key, stack) != stack]
        self._holds(named, done.stdout + done.stderr, refused=done.returncode != 0)
        if foreign:
            self._fail(f"`{named}` touched {', '.join(foreign)}")
        self._owners |= dict.fromkeys(touched & after.keys(), stack)
        self._owned(stack)
        return done.returncode

    def _owned(self, stack: str) -> None:
        """Forget the owners of what is gone; a killed run's new things are the stack's."""
        now = self._objects().keys()
        self._owners = {key: owner for key, owner in self._owners.items() if key in now}
        self._owners |= {key: stack for key in now - self._hand_made if key not in self._owners}

    def _holds(self, step: str, said: str, *, refused: bool) -> None:
        """Check what must hold after a step, whatever it was."""
        self.told.append(f"{step}{' (refused or failed)' if refused else ''}")
        found = self._objects()
        if lost := self._hand_made - found.keys():
            self._fail(f"made by hand, and gone: {sorted(lost)}\n{said}")
        names = [
            f"{kind} {one['name']}" for (kind, _), one in found.items() if kind in {"neon project", "cloudflare token"}
        ]
        if twice := {name for name in names if names.count(name) > 1}:
            self._fail(f"made twice: {sorted(twice)}\n{said}")
        if "Traceback (most recent call last)" in said or (refused and not said.strip()):
            self._fail(f"no message, or a traceback:\n{said}")
        if shown := [place for place, secret in self._secrets() if secret in said]:
            self._fail(f"the output shows {shown}")

    def _secrets(self) -> Iterator[tuple[str, str]]:
        """Yield the place and the value of each secret: credentials, passwords, tokens and an app's secrets."""
        yield from ENVIRONMENT.items()
        for (kind, key), found in self._objects().items():
            secret = kind in {"neon project", "cloudflare token"} or key.endswith(SECRETS)
            for name, value in _texts(found) if secret else ():
                if name in {"password", "value", "token"} and len(value) >= 12:
                    yield f"{kind} {key}", value

    def _end(self) -> None:
        self.told.append("the files as they were")
        for name, text in self._files.items():
            salt = re.findall(r"^encryptionsalt: .*$", (self._mirror / name).read_text(), re.MULTILINE)
            kept = text if "encryptionsalt" in text else "\n".join([text, *salt])
            (self._mirror / name).write_text(kept)
        (self._mirror / "Pulumi.qa.yaml").unlink(missing_ok=True)
        for stack in STACKS:
            self._recover(stack)
            if self._up(stack) == 0 and self._up(stack) == 0:
                code = self._run(stack, "pulumi", "preview", "--expect-no-changes")
                if code != 0:
                    self._fail(f"the last plan of {stack} is not empty")

    def _fail(self, problem: str) -> None:
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(self.told, 1))
        raise LifeError(f"seed {self._seed}, after\n{steps}\n{problem}")


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a document with the name it stands under."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str):
        yield name, value
