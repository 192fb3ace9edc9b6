"""Start and end the stand-ins as programs, whatever stands around them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.providers.server import providers
from sandbox.world.store import World
from tests.unit.program import ROOT
from tests.unit.sandbox.flyctl_world import FlyctlWorld, failed
from tests.unit.sandbox.test_flyctl import IMPORT, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def flyctl(tmp_path: Path) -> FlyctlWorld:
    return FlyctlWorld(tmp_path)


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    command = [sys.executable, "-m", "sandbox.providers", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["providers"]
        finally:
            process.kill()


def test_the_process_serves_every_package_and_ends_with_its_input(tmp_path: Path) -> None:
    with running(tmp_path) as (process, ports):
        assert list(ports) == ["terraform-provider", "cloudflare", "github", "random"]
        for package, port in ports.items():
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                version = stub.GetPluginInfo(Empty(), timeout=10).version
                assert version == providers(World(tmp_path / "clouds.sqlite"))[package].version
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        assert process.poll() is None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0


def test_the_process_ends_on_sigterm(tmp_path: Path) -> None:
    with running(tmp_path) as (process, _):
        process.terminate()
        assert process.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.parametrize(("fault", "done"), [("kill", {}), ("kill-after", {"A": "hunter2"})])
def test_a_kill_before_or_after_the_effect(flyctl: FlyctlWorld, fault: str, done: dict[str, str]) -> None:
    flyctl.world.inject("fly", "secrets import", fault)
    with flyctl.start(*IMPORT, stdin=VALUE) as process:
        assert process.communicate(timeout=30) == (b"", b"")
    assert (process.returncode, flyctl.values("fresh")) == (-signal.SIGKILL, done)


@pytest.mark.parametrize(("fault", "done"), [("timeout", {}), ("timeout-after", {"A": "hunter2"})])
def test_a_hanging_run_ends_on_a_signal_without_a_word(flyctl: FlyctlWorld, fault: str, done: dict[str, str]) -> None:
    flyctl.world.inject("fly", "secrets import", fault)
    with flyctl.start(*IMPORT, stdin=VALUE) as process:
        until = time.monotonic() + 20
        # The body is logged just before the effect.
        logs = flyctl.configuration / "logs"
        while not (logs.exists() and flyctl.values("fresh") == done) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        assert (process.poll(), flyctl.values("fresh")) == (None, done)
        process.terminate()
        assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == 127


def test_nothing_of_the_callers_environment_changes_what_runs(flyctl: FlyctlWorld) -> None:
    (flyctl.cwd / "json.py").write_text("raise SystemExit(9)\n")
    with flyctl.start("version", "--json", PYTHONPATH=str(flyctl.cwd), PYTHONHOME=str(flyctl.cwd)) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, json.loads(out)["Name"], err) == (0, "flyctl", b"")


def test_a_world_may_be_moved_and_linked_to(flyctl: FlyctlWorld, tmp_path: Path) -> None:
    home = flyctl.executable.parent.parent
    home.rename(tmp_path / "moved")
    link = tmp_path / "flyctl"
    link.symlink_to(tmp_path / "moved" / "bin" / "flyctl")
    environment = {**flyctl.environment, "FLY_CONFIG_DIR": str(tmp_path / "fly")}
    done = subprocess.run([link, "orgs", "list", "--json"], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == {"acme": "Acme & Söhne"}
    (tmp_path / "moved" / "clouds.sqlite").unlink()
    done = subprocess.run([link, "version", "--json"], env=environment, capture_output=True, check=False)
    failed(done, "found no world")
