# ruff: noqa: ARG002, N802 -- names and parameters are those of the gRPC service
"""A Python language host: what the engine asks to run a Python program (gRPC service `LanguageRuntime`).

Used with the self-built engine alone. The engine starts it twice in a preview, so it imports little: the
generated stubs without the SDK around them, which costs 0.1 s instead of 0.3 s.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Run with `python -I`, so this project's folder is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import setup.engine.stubs  # noqa: F401 -- comes before whatever imports `pulumi` or `grpc`

# isort: split
import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi._version import version
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from setup.engine.lifetime import end_with_engine

# The program's exit code when it has told the engine itself what went wrong.
ALREADY_REPORTED = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs, each in a process of its own."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._programs: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """Kill the programs that are still running."""
        for program in list(self._programs):
            program.kill()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Learn the engine's address."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Name the version: the SDK's."""
        return plugin_pb2.PluginInfo(version=str(version))

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Ask for no plug-in: the stand-ins are attached, none is downloaded."""
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
        # On standard input: the configuration holds secrets, and an environment is handed on to children.
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
        """Stop the programs: the operation is being cancelled (Ctrl-C)."""
        self.stop()
        return Empty()


def main() -> None:
    """Serve the engine on a loopback port, named on standard output, until the engine ends this process."""
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
