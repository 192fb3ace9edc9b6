"""Doubles of flyctl, of time, and of what the engine does with a provider."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.providers.fly.process import Completed
from tests.unit.fly import importer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pulumi.dynamic import ResourceProvider

NOW = datetime(2026, 9, 1, tzinfo=UTC)
TOKEN = "personal-login-7f3b"
ENVIRONMENT = {"PATH": "/usr/bin", "HOME": "/home/jane", "FLY_API_TOKEN": TOKEN}
VERSION = Completed(0, '{"Name":"flyctl","Version":"0.4.87"}')


@dataclass
class Call:
    """One run of flyctl."""

    argv: tuple[str, ...]
    stdin: bytes
    env: dict[str, str]
    cwd: Path
    timeout: float

    @property
    def command(self) -> str:
        """The subcommand."""
        return " ".join(self.argv[1:3]) if self.argv[1] not in {"status", "version"} else self.argv[1]


class ScriptedRun:
    """Answers exactly the calls it was told about, in any order, each as often as told; fails on any other."""

    def __init__(self, answers: Mapping[str, Sequence[Completed | Exception]] | None = None) -> None:
        self.answers = {"version --json": [VERSION], **(answers or {})}
        self.left = {line: list(results) for line, results in self.answers.items()}
        self.calls: list[Call] = []

    def __call__(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run flyctl."""
        line = " ".join(argv[1:])
        assert argv[0] == "flyctl"
        assert self.left.get(line), f"unexpected: flyctl {line}"
        self.calls.append(Call(tuple(argv), stdin, dict(env), cwd, timeout))
        result = self.left[line].pop(0)
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    seconds: float = 0.0

    def sleep(self, seconds: float) -> None:
        """Let seconds pass."""
        self.seconds += seconds


def _error(text: str) -> Completed:
    return Completed(1, "", f"Error: {text}\n")


def _missing(app: str) -> Completed:
    query = "query ($appName: String!) { appcompact:app(name: $appName) { id } }"
    return _error(f'failed to run query ({query}) {{ app {{ id }} }}: Could not find App "{app}"')


FAULTS: dict[str, Callable[[Callable[[], Completed]], Completed]] = {}


def _fault(name: str) -> Callable[[Callable[[Callable[[], Completed]], Completed]], None]:
    def register(function: Callable[[Callable[[], Completed]], Completed]) -> None:
        FAULTS[name] = function

    return register


@_fault("exit 1")
def _exit_1(_effect: Callable[[], Completed]) -> Completed:
    return _error("something broke")


@_fault("time-out")
def _time_out(_effect: Callable[[], Completed]) -> Completed:
    raise TimeoutError


@_fault("time-out after the effect")
def _late_time_out(effect: Callable[[], Completed]) -> Completed:
    effect()
    raise TimeoutError


@_fault("kill")
def _kill(_effect: Callable[[], Completed]) -> Completed:
    return Completed(-9)


@_fault("answer lost after the effect")
def _lost(effect: Callable[[], Completed]) -> Completed:
    effect()
    return _error('Post "https://api.machines.dev/v1/apps": EOF')


@_fault("rate limit")
def _limited(_effect: Callable[[], Completed]) -> Completed:
    return _error(
        "failed to run query (query { viewer { id } }) { viewer }: server returned a non-200 status code: 429"
    )


@dataclass
class FakeFly:
    """A small Fly.io behind a flyctl. `break_at` makes one call, and every repeat of it until `heal`, go wrong."""

    organizations: list[str] = field(default_factory=lambda: ["acme"])
    apps: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    count: int = 0
    broken: tuple[int, str] | None = None
    broken_command: str = ""

    def add_app(self, name: str, organization: str = "acme", *, deployed: bool = False, **secrets: str) -> None:
        """Make an app by hand."""
        self.apps[name] = {"organization": organization, "deployed": deployed, "secrets": {}}
        for key, value in secrets.items():
            self.set_secret(name, key, value)

    def set_secret(self, app: str, name: str, value: str, status: str | None = "Staged") -> None:
        """Set a secret by hand."""
        digest = hashlib.sha256(f"fly {app} {value}".encode()).hexdigest()[:16]
        self.apps[app]["secrets"][name] = {"value": value, "digest": digest, "status": status}

    def values(self, app: str) -> dict[str, str]:
        """Return an app's secrets."""
        return {name: secret["value"] for name, secret in self.apps[app]["secrets"].items()}

    def working_tokens(self) -> list[str]:
        """Return the ids of tokens that were not revoked."""
        return [id_ for id_, token in self.tokens.items() if not token["revoked"]]

    def commands(self) -> list[str]:
        """Return the subcommands run so far."""
        return [call.command for call in self.calls]

    def writes(self) -> Counter[str]:
        """Return how often each subcommand that writes was run."""
        reads = {"version", "status", "secrets list", "tokens list", "orgs list"}
        return Counter(command for command in self.commands() if command not in reads)

    def break_at(self, index: int, fault: str) -> None:
        """Let the call of that index, counted from 0, go wrong."""
        self.broken = (index, fault)

    def heal(self) -> None:
        """Let everything go right again."""
        self.broken, self.broken_command = None, ""

    def __call__(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run flyctl."""
        call = Call(tuple(argv), stdin, dict(env), cwd, timeout)
        self.calls.append(call)
        if self.broken and len(self.calls) - 1 == self.broken[0]:
            self.broken_command = call.command
        if self.broken and self.broken_command == call.command:
            return FAULTS[self.broken[1]](lambda: self._answer(call))
        return self._answer(call)

    def _answer(self, call: Call) -> Completed:
        method = getattr(self, "_" + call.command.replace(" ", "_"), None)
        assert method, f"unexpected: flyctl {' '.join(call.argv[1:])}"
        positional = [
            word
            for before, word in zip(call.argv, call.argv[1:], strict=False)
            if not word.startswith("-") and before not in {"-a", "--org", "--name", "--expiry"}
        ]
        flags = {before: word for before, word in zip(call.argv, call.argv[1:], strict=False) if before[0] == "-"}
        app = flags.get("-a", "")
        if "-a" in flags and app not in self.apps:
            return _missing(app)
        result: Completed = method(call, positional[1 if call.command == "status" else 2 :], flags, app)
        return result

    def _version(self, *_: object) -> Completed:
        return VERSION

    def _orgs_list(self, *_: object) -> Completed:
        return Completed(0, json.dumps({slug: slug.title() for slug in self.organizations}))

    def _status(self, _call: Call, _words: list[str], _flags: dict[str, str], app: str) -> Completed:
        row = self.apps[app]
        answer = {
            "Name": app,
            "Deployed": row["deployed"],
            "Organization": {"Slug": row["organization"], "RawSlug": row["organization"]},
            "Machines": [{}] if row["deployed"] else [],
        }
        return Completed(0, json.dumps(answer))

    def _apps_create(self, _call: Call, words: list[str], flags: dict[str, str], _app: str) -> Completed:
        (name,) = words
        if name in self.apps:
            return _error("Validation failed: Name has already been taken (Request ID: 01)")
        self.add_app(name, flags["--org"])
        return Completed(0, f"New app created: {name}\n")

    def _apps_destroy(self, _call: Call, words: list[str], _flags: dict[str, str], _app: str) -> Completed:
        (name,) = words
        if self.apps.pop(name, None) is None:
            return _missing(name)
        return Completed(0, f"Destroyed app {name}\n")

    def _secrets_list(self, _call: Call, _words: list[str], _flags: dict[str, str], app: str) -> Completed:
        rows = []
        for name, secret in self.apps[app]["secrets"].items():
            row = {"name": name, "digest": secret["digest"]}
            rows.append(row if secret["status"] is None else {**row, "status": secret["status"]})
        return Completed(0, json.dumps(rows))

    def _secrets_import(self, call: Call, _words: list[str], _flags: dict[str, str], app: str) -> Completed:
        values = importer.read(call.stdin)
        assert values, "flyctl fails on an empty input"
        for name, value in values.items():
            self.set_secret(app, name, value, "Staged" if "--stage" in call.argv else "Deployed")
        return Completed(0, "Secrets have been staged\n")

    def _secrets_unset(self, _call: Call, words: list[str], _flags: dict[str, str], app: str) -> Completed:
        for name in words:
            self.apps[app]["secrets"].pop(name, None)
        return Completed(0, "Secrets have been staged\n")

    def _tokens_create(self, _call: Call, _words: list[str], flags: dict[str, str], app: str) -> Completed:
        id_ = f"tok{len(self.tokens)}"
        expires = NOW + timedelta(hours=int(flags["--expiry"].removesuffix("h")))
        self.tokens[id_] = {"app": app, "name": flags["--name"], "expires": expires, "revoked": False}
        return Completed(0, json.dumps({"token": f"FlyV1 fm2_secret{id_},fm2_more"}))

    def _tokens_list(self, _call: Call, _words: list[str], _flags: dict[str, str], app: str) -> Completed:
        rows = [("ID", "NAME", "CREATED BY", "EXPIRES AT", "REVOKED AT")]
        for id_, token in self.tokens.items():
            if token["app"] == app:
                expires = token["expires"].strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
                revoked = "2026-08-30 00:00:00 +0000 UTC" if token["revoked"] else ""
                rows.append((id_, token["name"], "jane@example.com", expires, revoked))
        table = "\n".join(" │ ".join(cell.ljust(30) for cell in row) for row in rows)
        return Completed(0, f'Tokens for app "{app}":\n{table}\n')

    def _tokens_revoke(self, _call: Call, words: list[str], *_: object) -> Completed:
        lines, complaints = [], []
        for id_ in words:
            if id_ in self.tokens and not self.tokens[id_]["revoked"]:
                self.tokens[id_]["revoked"] = True
                lines.append(f"Revoked {id_}\n")
            else:
                complaints.append(f"failed to revoke token {id_}: not found\n")
        return Completed(0, "".join(lines), "".join(complaints))


class CheckFailedError(Exception):
    """A provider's check refused the inputs."""


class Managed:
    """One resource in a state, taken through its life as the engine would."""

    def __init__(self, provider: ResourceProvider) -> None:
        self.provider = provider
        self.id = ""
        self.inputs: dict[str, Any] = {}
        self.outs: dict[str, Any] = {}

    def plan(self, **news: object) -> str:
        """Return what `preview` announces: create, replace, update or same."""
        news = _through_protobuf(self._checked(news))
        if not self.id:
            return "create"
        diff = self.provider.diff(self.id, self.outs, news)
        return "replace" if diff.replaces else "update" if diff.changes else "same"

    def up(self, **news: object) -> str:
        """Do what `up` does, and return what it was."""
        step, checked = self.plan(**news), _through_protobuf(self._checked(news))
        if step == "update":
            self.outs = _through_protobuf(self.provider.update(self.id, self.outs, checked).outs or {})
            self.outs["__provider"] = checked["__provider"]
        elif step != "same":
            old = (self.id, self.outs)
            result = self.provider.create(checked)
            self.id, self.outs = result.id, _through_protobuf(result.outs or {})
            if step == "replace":
                self.provider.delete(*old)
        self.inputs = checked
        return step

    def refresh(self) -> None:
        """Do what `refresh` does."""
        result = self.provider.read(self.id, dict(self.outs))
        self.id, self.outs = result.id or "", _through_protobuf(result.outs or {})
        self.inputs = {} if not self.id else _through_protobuf(result.inputs or self.inputs)

    def destroy(self) -> None:
        """Do what `destroy` does."""
        self.provider.delete(self.id, self.outs)
        self.id, self.inputs, self.outs = "", {}, {}

    def _checked(self, news: Mapping[str, object]) -> dict[str, Any]:
        result = self.provider.check(self.inputs, {"__provider": "reference", **news})
        if result.failures:
            assert {failure.property for failure in result.failures} == {""}
            raise CheckFailedError("; ".join(failure.reason for failure in result.failures))
        return result.inputs


def _through_protobuf(value: Any) -> Any:
    """Return a property as it comes back from the engine: every number a float."""
    if isinstance(value, dict):
        return {key: _through_protobuf(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_through_protobuf(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
