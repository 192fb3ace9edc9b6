"""Draw random lives: a careless team does things to its stacks, and this checks what must hold after every step.

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
from sandbox.world import fly, github
from tests.engine.processes import KINDS, descendants, end_leftovers, gone, until
from tests.engine.sandboxes import STACKS, TIMEOUT, Sandbox
from tests.faults import strays
from tests.faults.careless import CHANGES, DELETED, EDITS, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Keys = dict[tuple[str, str], Any]
READERS = (("pulumi", "preview", "--stack", "{stack}"), ("bin/drift", "{stack}"), ("bin/doctor",), ("bin/strays",))
_ALWAYS = {"--yes", "--skip-preview", "--non-interactive"}
# A stack takes none of these for itself.
_NOBODYS = {"fly organization", "cloudflare account", "github repository", "neon account"}
# Fly secrets whose values nobody may see.
SECRETS = ("/DATABASE_URL", "/OAUTH_ENCRYPTION_KEY", "/AWS_SECRET_ACCESS_KEY", "/LOGFIRE_WRITE_TOKEN")


class LifeError(AssertionError):
    """A step broke what must hold. The message has the seed and the steps so far."""


class Life:
    """One life in a sandbox of its own.

    Attributes:
        told: The steps so far, for a failure's message.
        refusals: Why the last `up` was refused, by stack.
    """

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self.told: list[str] = []
        self.refusals: dict[str, str] = {}
        self._sandbox = sandbox
        self._random = random.Random(seed)  # noqa: S311 -- repeatable
        self._seed = seed
        self._hand_made = set(self._objects())
        self._by_hand_set = {key: one["value"] for key, one in self._objects().items() if key[0] == "fly secret"}
        self._owners: dict[tuple[str, str], str] = {}
        self._files = {path.name: path.read_text() for path in self._mirror.glob("Pulumi.*.yaml")}
        self._stacks = list(STACKS)

    def live(self, count: int, ends: Sequence[str] = STACKS) -> None:
        """Take so many steps, then put the files back and bring stacks up: empty plans, or a reason."""
        steps: list[Callable[[], object]] = [
            *(self._up,) * 5,
            self._read,
            self._refresh,
            *(self._change,) * 3,
            self._second,
            *(self._edit,) * 2,
            self._killed,
            self._recover,
            self._destroy,
        ]
        for _ in range(count):
            self._random.choice(steps)()
        self._end(ends)

    @property
    def _mirror(self) -> Path:
        return self._sandbox.folder / "mirror"

    def _objects(self) -> Keys:
        """Return everything in every cloud, of whatever kind."""
        with self._sandbox.world.transaction() as tx:
            rows = tx._connection.execute("SELECT cloud, kind, key, document FROM objects").fetchall()
        return {
            (f"{cloud} {kind}", key): json.loads(text)
            for cloud, kind, key, text in rows
            if f"{cloud} {kind}" not in _NOBODYS
        }

    def _up(self) -> None:
        flags = self._random.choice(((), (), (), ("--refresh",), ("--refresh",), ("--ignore-protect",)))
        self._pulumi(self._any_stack(), "up", *flags)

    def _read(self) -> None:
        """Run a command that only reads."""
        stack = self._any_stack()
        command = self._random.choice(READERS)
        self._check(stack, *(word.format(stack=stack) for word in command), reads=True)

    def _refresh(self) -> None:
        self._pulumi(self._any_stack(), "refresh")

    def _destroy(self) -> None:
        flags = self._random.choice(((), ("--ignore-protect",), ("--exclude-protected",)))
        self._pulumi(self._any_stack(), "destroy", *flags)

    def _recover(self, stack: str = "") -> None:
        stack = stack or self._any_stack()
        self._check(stack, "bin/recover", stack)

    def _change(self) -> None:
        stack, path, value = self._random.choice(CHANGES)
        self.told.append(f"set {path} of {stack} to {json.dumps(value)}")
        with self._sandbox.settings(stack) as config:
            *groups, key = f"relay:{path}".split(".")
            within = config
            for group in groups:
                within = within.setdefault(group, {})
            within.pop(key, None)
            if value is not None:
                within[key] = value

    def _second(self) -> None:
        config = self._random.choice(SECOND)
        self.told.append(f"stack qa with {json.dumps(config)}")
        text = yaml.safe_dump({"config": {f"relay:{key}": value for key, value in config.items()}})
        (self._mirror / "Pulumi.qa.yaml").write_text(text)
        if "qa" not in self._stacks:
            self._stacks.append("qa")
            self._sandbox.run("pulumi", "stack", "init", "qa", "--no-select", "--non-interactive")

    def _edit(self) -> None:
        """Change or delete something in a cloud behind the program's back."""
        cloud, kind, *edit = self._random.choice((*EDITS, *DELETED))
        with self._sandbox.world.transaction() as tx:
            found = [key for key in tx.list(cloud, kind) if edit or (f"{cloud} {kind}", key) not in self._hand_made]
            if not found:
                return
            key = self._random.choice(found)
            self.told.append(f"by hand: {cloud} {kind} {key}: {json.dumps(edit) if edit else 'deleted'}")
            document = tx.get(cloud, kind, key) or {}
            if kind == "secret" and cloud == "fly":
                app, _, name = key.partition("/")
                fly.put_secrets(tx, tx.get(cloud, "app", app) or {}, {name: edit[1] if edit else None})
                if (f"{cloud} {kind}", key) in self._by_hand_set:
                    self._by_hand_set[f"{cloud} {kind}", key] = edit[1]
            elif not edit and cloud == "github":
                github.delete(tx, kind, *key.split("/"))  # an environment with everything in it
            elif not edit:
                tx.delete(cloud, kind, key)
            else:
                path, value = edit
                *steps, last = path.split(".")
                within = document
                for step in steps:
                    within = within.setdefault(step, {})
                within[last] = f"{within[last]}-by-hand" if last == "name" else value
                tx.put(cloud, kind, key, document)
        self._owned("")

    def _killed(self) -> None:
        """Kill the engine after some of its outside calls."""
        stack, calls = self._any_stack(), self._random.randrange(1, 12)
        before = len(self._sandbox.world.calls())
        options = self._sandbox.command("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--color", "never")
        with subprocess.Popen(**options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            until(lambda: process.poll() is not None or len(self._sandbox.world.calls()) >= before + calls, TIMEOUT)
            started = descendants(process.pid)
            for pid, command in {**started, process.pid: "pulumi up "}.items():
                if process.poll() is None and re.search(KINDS["engine"], command):
                    os.kill(pid, signal.SIGKILL)
            said, _ = process.communicate(timeout=TIMEOUT)
            end_leftovers(started)
            until(lambda: gone(started), 60)
        self._owned(stack)
        self._holds(f"up of {stack}, killed after {calls} calls", said, refused=False)

    def _any_stack(self) -> str:
        return self._random.choice(self._stacks)

    def _pulumi(self, stack: str, command: str, *flags: str) -> subprocess.CompletedProcess[str]:
        return self._check(
            stack, "pulumi", command, "--yes", "--skip-preview", "--non-interactive", *flags, "--stack", stack
        )

    def _check(self, stack: str, *command: str, reads: bool = False) -> subprocess.CompletedProcess[str]:
        before = self._objects()
        done = self._sandbox.run(*command, check=False)
        after = self._objects()
        named = " ".join(word.rpartition("/")[2] for word in command if word not in _ALWAYS)
        touched = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        foreign = [f"{key} of {self._owners[key]}" for key in sorted(touched) if self._owners.get(key, stack) != stack]
        self._holds(named, done.stdout + done.stderr, refused=done.returncode != 0)
        if foreign:
            self._fail(f"`{named}` touched {', '.join(foreign)}")
        if reads and touched:
            self._fail(f"`{named}` only reads, and touched {sorted(touched)}")
        self._owners |= dict.fromkeys(touched & after.keys(), stack)
        self._owned(stack)
        return done

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
        if overwritten := [key for key, value in self._by_hand_set.items() if found[key]["value"] != value]:
            self._fail(f"set by hand, and overwritten: {overwritten}\n{said}")
        names = [
            f"{kind} {one['name']}" for (kind, _), one in found.items() if kind in {"neon project", "cloudflare token"}
        ]
        if twice := {name for name in names if names.count(name) > 1}:
            self._fail(f"made twice: {sorted(twice)}\n{said}")
        if "Traceback (most recent call last)" in said or (refused and not said.strip()):
            self._fail(f"no message, or a traceback:\n{said}")
        if shown := [place for place, secret in self._secrets(found) if secret in said]:
            self._fail(f"the output shows {shown}")

    def _secrets(self, objects: Keys) -> Iterator[tuple[str, str]]:
        """Yield the place and the value of each secret: credentials, passwords, tokens and an app's secrets."""
        yield from ENVIRONMENT.items()
        for (kind, key), found in objects.items():
            secret = kind in {"neon project", "cloudflare token"} or key.endswith(SECRETS)
            for name, value in _texts(found) if secret else ():
                if name in {"password", "value", "token"} and len(value) >= 12:
                    yield f"{kind} {key}", value

    def _end(self, stacks: Sequence[str]) -> None:
        self.told.append("the files as they were")
        for name, text in self._files.items():
            salt = re.findall(r"^encryptionsalt: .*$", (self._mirror / name).read_text(), re.MULTILINE)
            kept = text if "encryptionsalt" in text else "\n".join([text, *salt])
            (self._mirror / name).write_text(kept)
        (self._mirror / "Pulumi.qa.yaml").unlink(missing_ok=True)
        for stack in stacks:
            if "locked by" in (done := self._pulumi(stack, "up", "--refresh")).stderr:
                self._recover(stack)
                done = self._pulumi(stack, "up", "--refresh")
            if done.returncode != 0:
                errors = [line.strip() for line in (done.stderr + done.stdout).splitlines() if "error:" in line]
                self.refusals[stack] = " / ".join(errors) or done.stderr + done.stdout
            elif (again := self._pulumi(stack, "up", "--expect-no-changes")).returncode != 0:
                self._fail(f"the last plan of {stack} is not empty:\n{again.stdout}{again.stderr}")
        strays.listed(self._sandbox)

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
