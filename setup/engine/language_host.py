# ruff: noqa: ARG002, N802 -- names and parameters are those of the gRPC service
"""Run Python programs for the engine built here (gRPC service `LanguageRuntime`).

The engine starts a language host twice in a preview. So this module imports the generated stubs without the SDK around
them: that takes 0.1 s instead of 0.3 s.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# `python -I` leaves this project's folder off the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import setup.engine.stubs  # noqa: F401 -- must come before any import of `pulumi` or `grpc`

# isort: split
import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi._version import version
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from setup.engine.lifetime import end_with_engine

# The program's exit code after it has reported its error to the engine.
ALREADY_REPORTED = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Run each program in a process of its own."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._programs: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """Kill all running programs."""
        for program in list(self._programs):
            program.kill()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Note the engine's address."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Return the SDK's version as this host's."""
        return plugin_pb2.PluginInfo(version=str(version))

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Require no plug-in: the stand-ins are attached, so the engine downloads nothing."""
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a program to its end."""
        order = {
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
            "program": str(Path(request.info.program_directory, request.info.entry_point)),
            "arguments": list(request.args),
            "settings": {
                "monitor": request.monitor_address,
                "engine": self._engine,
                "project": request.project,
                "stack": request.stack,
                "parallel": request.parallel,
                "dry_run": request.dryRun,
                "organization": request.organization,
                "root_directory": request.info.root_directory,
            },
        }
        # Pass the order on standard input: it holds secrets, and child processes inherit an environment.
        program = subprocess.Popen(
            [sys.executable, "-I", "-u", Path(__file__).with_name("program.py")], stdin=subprocess.PIPE, cwd=request.pwd
        )
        self._programs.add(program)
        program.communicate(json.dumps(order).encode())
        self._programs.discard(program)
        if program.returncode in {0, ALREADY_REPORTED}:
            return language_pb2.RunResponse(bail=program.returncode != 0)
        code = program.returncode
        ending = f"exited with code {code}" if code > 0 else f"was ended by signal {-code}"
        return language_pb2.RunResponse(error=f"the program {ending}")

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """Interrupt all programs after Ctrl-C, and kill them 5 s later, as the official host does."""
        for program in list(self._programs):
            program.send_signal(signal.SIGINT)
        threading.Timer(5, self.stop).start()
        return Empty()


def main() -> None:
    """Serve the engine on a loopback port, print the port, and run until the engine ends this process."""
    host = LanguageHost(engine=sys.argv[-1])
    end_with_engine(before=host.stop)
    unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("receive", "send")]
    server = grpc.server(ThreadPoolExecutor(), options=unlimited)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
