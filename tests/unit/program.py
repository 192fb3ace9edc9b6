"""Runs the whole program under Pulumi's mocks and keeps everything it registered, secret envelopes included."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import logging
import os
import pkgutil
import re
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pulumi
import pulumi.runtime
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import SETTINGS, set_root_resource

from infra.checks.credentials import CREDENTIALS
from infra.config import pull_requests
from infra.config.stack_files import PULL_REQUEST, read_stack_files
from sandbox.sample_secrets import made_up
from tests.unit.clouds.fake import Clouds

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tests" / "example"
PROJECT = "relay"
SECRET_KEYS = {
    "storageAccessKeyId",
    "storageSecretAccessKey",
    "logfireToken",
    "flyDeployToken",
    "neonRestoreKey",
    "extraSecrets",
    "githubSecrets",
}

LOOKS: dict[str, tuple[str, Callable[..., Any]]] = {
    "flyctl": (
        "infra.checks.access.Flyctl",
        lambda **_: SimpleNamespace(version=lambda: (0, 4, 87), orgs_list=lambda: {"tune-works", "personal"}),
    ),
    "clouds": ("infra.checks.clients.send", Clouds()),
    "certificates": ("infra.checks.domains.Flyctl", lambda: SimpleNamespace(certs_list=lambda _app: {})),
    "secrets": ("infra.messages.fly_secrets.list_secrets", lambda _app: {}),
    "git": ("infra.checks.checkout._git", lambda *_: None),
}
"""The outside of an `up`'s checks: where each is called, and its replacement, which finds nothing wrong."""

State = dict[str, tuple[str, dict[str, Any]]]
"""Type and outputs of the resources in a state, by logical name."""

# What the clouds answer, by type: outputs that the program reads and that are not inputs.
ANSWERS: dict[str, dict[str, Any]] = {
    "neon:index/project:Project": {
        "databaseHost": "ep-cold-sky-1.eu-central-1.aws.neon.tech",
        "databaseName": "neondb",
        "defaultBranchId": "br-cold-sky-1",
        "databaseUser": "neondb_owner",
        "databasePassword": "npg_CanaryNeonPassword",
    },
    "neon:index/branch:Branch": {"logicalSize": 30},
    "neon:index/endpoint:Endpoint": {"host": "ep-cold-sky-1.eu-central-1.aws.neon.tech"},
    "random:index/randomPassword:RandomPassword": {"result": "CanaryPassword"},
    "cloudflare:index/pagesProject:PagesProject": {"subdomain": "tune-8xz.pages.dev"},
    "cloudflare:index/r2ManagedDomain:R2ManagedDomain": {"domain": "pub-99999999999999999999999999999999.r2.dev"},
    "cloudflare:index/accountToken:AccountToken": {"value": "CanaryTokenValue"},
    "pulumi-python:dynamic/fly:App": {"hostname": "app.fly.dev", "adopted": False},
    "pulumi-python:dynamic/fly:Secrets": {"digests": {}, "staged": ["A"], "foreign": ["B"]},
    "pulumi-python:dynamic/fly:DeployToken": {"token": "FlyV1 fm2_CanaryMinted"},
    "pulumi-python:dynamic/fly:Certificate": {
        "target": "abc1234.app.fly.dev",
        "a": ["192.0.2.1"],
        "aaaa": ["2001:db8::1"],
        "ownership": "app-abc1234",
    },
}
STANDING = {
    "staging": {"neonProjectId": "calm-hill-55556666", "databaseHost": "ep-warm-lake-1.eu-central-1.aws.neon.tech"},
    "production": {"neonProjectId": "tall-oak-33334444", "databaseHost": "ep-grand-sea-1.eu-central-1.aws.neon.tech"},
}
"""The outputs of the stacks that a pull request's program asks for."""
_FUNCTIONS: dict[str, dict[str, Any]] = {
    "neon:index/getProject:getProject": {
        "databaseName": "neondb",
        "databaseUser": "neondb_owner",
        "defaultBranchId": "br-warm-lake-1",
    },
    "neon:index/getBranchRolePassword:getBranchRolePassword": {"password": "npg_CanaryNeonPassword"},
}
_GROUPS = {"results": [{"id": "9" * 32, "name": "Workers R2 Storage Bucket Item Write"}]}


@dataclass
class Registered:
    """One registered resource.

    Attributes:
        urn: As the engine would name it.
        type: Type token.
        name: Logical name.
        inputs: Inputs, every secret unwrapped.
        secrets: Paths of the inputs that are secret, dotted.
        options: The raw registration: protect, retainOnDelete, importId, parent …
    """

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    secrets: set[str]
    options: Any


@dataclass
class Run:
    """Record one run of the program: `outputs` are the stack's, `components` holds those of each component."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: set[str] = field(default_factory=set)
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    signals: list[tuple[Any, ...]] = field(default_factory=list)

    def one(self, name: str) -> Registered:
        """Return the only resource of that logical name."""
        found = [resource for resource in self.resources if resource.name == name]
        assert len(found) == 1, f"{name}: {[r.name for r in self.resources]}"
        return found[0]

    def names(self) -> set[str]:
        """Return the logical names of all resources."""
        return {resource.name for resource in self.resources}


class _Clouds(mocks.Mocks):
    def __init__(self, before: dict[str, Any], state: State) -> None:
        self._before = before
        self._state = state

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        known = args.typ in ANSWERS or args.typ.startswith(("relay:", "github:", "cloudflare:", "pulumi:"))
        assert known, f"a resource type without an entry in ANSWERS: {args.typ}"
        return (args.resource_id or f"{args.name}-id"), {**args.inputs, **ANSWERS.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == "pulumi:pulumi:readStackOutputs":
            copied = STANDING.get(args.args["name"].rpartition("/")[2], {})
            return {"outputs": self._before or (copied if re.fullmatch(PULL_REQUEST, pulumi.get_stack()) else {})}
        if args.token == "pulumi:pulumi:readStackResourceOutputs":
            project = {"neon-project": ("neon:index/project:Project", {"id": self._before.get("neonProjectId")})}
            stack = {f"{PROJECT}-{pulumi.get_stack()}": ("pulumi:pulumi:Stack", self._before)}
            state = {**stack, **(project if "neonProjectId" in self._before else {}), **self._state}
            urns = {f"urn:pulumi:s::relay::relay:p${type_}::{name}": outs for name, (type_, outs) in state.items()}
            return {"outputs": {urn: {"outputs": outputs} for urn, outputs in urns.items()}}
        if args.token == "cloudflare:index/getZones:getZones":
            return {"results": [{"id": f"zone-of-{args.args['name']}", "name": args.args["name"]}]}
        if args.token in _FUNCTIONS:
            return {**args.args, **_FUNCTIONS[args.token]}
        assert "PermissionGroupsList" in args.token, f"an invoke that these mocks do not answer: {args.token}"
        return _GROUPS


class _Recorder(mocks.MockMonitor):
    def __init__(self, run: Run, before: dict[str, Any], state: State) -> None:
        super().__init__(_Clouds(before, state))
        self._run = run

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  (the protocol's name)
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        raw = json_format.MessageToDict(request.object)
        secrets: set[str] = set()
        inputs = _unwrap(raw, "", secrets)
        self._run.resources.append(Registered(response.urn, request.type, request.name, inputs, secrets, request))
        return response

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        self._run.calls.append((request.tok, json_format.MessageToDict(request.args)))
        return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        raw = json_format.MessageToDict(request.outputs)
        if "::pulumi:pulumi:Stack::" in request.urn:
            self._run.outputs = _unwrap(raw, "", self._run.secret_outputs)
        else:
            self._run.components[request.urn.rpartition("::")[2]] = raw
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Listener(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__()
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


def _unwrap(value: Any, path: str, secrets: set[str]) -> Any:
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            secrets.add(path)
            return _unwrap(value["value"], path, secrets)
        return {key: _unwrap(item, f"{path}.{key}".lstrip("."), secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrap(item, f"{path}[{n}]", secrets) for n, item in enumerate(value)]
    return value


def _program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


@cache
def _of_example(stack: str) -> dict[str, Any]:
    return read_stack_files(EXAMPLE).effective(stack)


def configuration(stack: str, changes: dict[str, Any] | None = None, root: Path = EXAMPLE) -> dict[str, Any]:
    """Return a stack's configuration from its files, with made-up secrets; a change to None removes a key."""
    if match := re.fullmatch(PULL_REQUEST, stack):
        files = read_stack_files(root)
        config = {**files.project, **pull_requests.values(int(match[1]), "feature/x", files)[0]}
    else:
        config = copy.deepcopy(_of_example(stack)) if root == EXAMPLE else read_stack_files(root).effective(stack)
    config |= made_up(config, [])
    for key, value in (changes or {}).items():
        config[key] = value
    return {key: value for key, value in config.items() if value is not None}


def run_program(
    stack: str,
    changes: dict[str, Any] | None = None,
    *,
    preview: bool = False,
    before: dict[str, Any] | None = None,
    state: State | None = None,
    root: Path = EXAMPLE,
) -> Run:
    """Run the program for a stack. What a test only looks at, it takes from `ran`.

    Args:
        stack: The stack's name.
        changes: Configuration laid over the stack's files; None removes a key.
        preview: Run as a preview.
        before: The stack's outputs as an earlier `up` left them.
        state: The resources that it left.
        root: The folder with the stack files; must be the working directory.

    Raises:
        pulumi.RunError: The program refused.
    """
    # In a thread of its own, whose settings no test sees.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(
            _run, stack, configuration(stack, changes, root), preview, before or {}, state or {}
        ).result()


def _run(stack: str, config: dict[str, Any], preview: bool, before: dict[str, Any], state: State) -> Run:
    run = Run()
    texts = {f"{PROJECT}:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}
    pulumi.runtime.set_all_config(texts, [f"{PROJECT}:{key}" for key in (*SECRET_KEYS, "apps")])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(2))  # the SDK's calls would start a thread each
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    recorder = _Recorder(run, before, state)
    logger = logging.getLogger("program")
    logger.setLevel(logging.INFO)
    logger.handlers = [_Listener(run.messages)]
    mocks.set_mocks(recorder.mocks, PROJECT, stack, preview, logger, monitor=recorder)
    set_root_resource(None)  # type: ignore[arg-type]
    loaded = len(sys.modules)
    try:
        # No test reads where a resource was declared, and to note that takes a seventh of a run.
        with patch("signal.signal") as handle, patch("pulumi.runtime.resource._get_stack_trace", StackTrace):
            loop.run_until_complete(pulumi.runtime.run_in_stack(_program))
        run.signals = [call.args for call in handle.call_args_list]
    finally:
        loop.close()
        # The program puts it off for a run of its own. Here it would leave half a second's garbage for the end.
        gc.enable()
        # Of an SDK's 800 modules nothing is ever garbage, and to look among them takes half a second each time.
        if len(sys.modules) > loaded + 100:
            gc.freeze()
    return run


_RAN: dict[tuple[object, ...], Run] = {}


def ran(stack: str, changes: dict[str, Any] | None = None, *, preview: bool = False) -> Run:
    """Return what the program does for a stack of the example's; it is run once for all tests that ask the same.

    Each gets a copy of its own, so that none sees what another made of it. It is for tests that change nothing of the
    program or of what is around it but these arguments, credentials and looks; others call `run_program`.
    """
    credentials = [os.environ.get(variable) for found in CREDENTIALS.values() for variable in found.variables]
    looks = [pkgutil.resolve_name(target) for target, _ in LOOKS.values()]
    key = (stack, json.dumps(changes or {}, sort_keys=True), preview, *looks, *credentials)
    if key not in _RAN or "MUTANT_UNDER_TEST" in os.environ:  # mutmut has to see which tests run the program
        _RAN[key] = run_program(stack, changes, preview=preview)
    return copy.deepcopy(_RAN[key])
