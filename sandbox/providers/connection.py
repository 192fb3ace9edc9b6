"""Connect the engine to one package: handshake, version, credentials. `sandbox.providers.server` has the resources."""

# ruff: noqa: ARG002, N802 -- gRPC names the methods and gives each a context

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox import credentials
from sandbox.providers.calls import SERVICES
from sandbox.providers.values import UNKNOWN, decode
from sandbox.world.errors import CloudError
from sandbox.world.store import World

# The engine's own limit on steps at a time is higher; a call here takes a millisecond.
_THREADS = 16


class Connection(provider_pb2_grpc.ResourceProviderServicer):
    """One package's connection to the engine."""

    def __init__(self, name: str, package: ModuleType, world: World, version: str = "") -> None:
        """Serve a package.

        Args:
            name: The package's name.
            package: One of `sandbox.providers.{neon,cloudflare,github,random}`.
            world: The clouds' state.
            version: The plug-in's reported version; by default the package's.
        """
        self._name = name
        self._package = package
        self._world = world
        self.version = version or package.PACKAGE_VERSION
        self._stopping = threading.Event()
        self._owner = ""

    def serve(self) -> tuple[int, grpc.Server]:
        """Answer the engine on a loopback port; return the port and the server, which the caller must keep."""
        server = grpc.server(ThreadPoolExecutor(_THREADS))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return port, server

    def Handshake(self, request: Any, context: Any) -> provider_pb2.ProviderHandshakeResponse:
        """Accept values in clear: the engine then marks the old secrets as secret again."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Empty:
        """Accept the engine. No stand-in calls it back."""
        return Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        """Return the plug-in's version."""
        return plugin_pb2.PluginInfo(version=self.version)

    def Parameterize(self, request: Any, context: Any) -> provider_pb2.ParameterizeResponse:
        """Become this connection's package, at the only version there is."""
        return provider_pb2.ParameterizeResponse(name=self._name, version=self._package.PACKAGE_VERSION)

    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """Accept the provider's settings."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Accept new credentials without replacing any resource."""
        kinds = provider_pb2.DiffResponse
        same = decode(request.olds) == decode(request.news)
        return provider_pb2.DiffResponse(changes=kinds.DIFF_NONE if same else kinds.DIFF_SOME)

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        """Keep the owner, and refuse an explicit credential that the service refuses, as the real providers do here."""
        args = decode(request.args)
        self._owner = str(args.get("owner", ""))
        given = {args.get(name) or UNKNOWN for name in self._package.CREDENTIALS}
        if not given <= {UNKNOWN, credentials.BY_CLOUD.get(self._name)}:
            message, code = SERVICES[self._name].unauthorized
            self._fail(context, f"configuring {self._name}", CloudError(401, message, code=code))
        # One event for each run of the engine: an earlier run may have been cancelled.
        self._stopping = threading.Event()
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Empty:
        """End calls that hang."""
        self._stopping.set()
        return Empty()

    def _unimplemented(self, context: Any, what: str) -> NoReturn:
        message = f"{what} is not implemented in the sandbox"
        context.abort(grpc.StatusCode.UNIMPLEMENTED, message)
        raise NotImplementedError(message)

    def _fail(self, context: Any, doing: str, error: CloudError) -> NoReturn:
        said = SERVICES[self._name].shown(error) if error.status else error.message
        context.abort(grpc.StatusCode.UNKNOWN, f"{doing}: {said}")
        raise error
