"""How the engine starts a provider: shaking hands, settings, credentials, the end."""

# ruff: noqa: ARG002, N802 -- gRPC names the methods and gives each a context

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty

from sandbox import credentials
from sandbox.providers.calls import SERVICES, Caller
from sandbox.providers.values import UNKNOWN, decode

if TYPE_CHECKING:
    from types import ModuleType

    from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

    from sandbox.providers.resource import Resource
    from sandbox.world import World
else:
    from sandbox.providers.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

# The bridge that Neon's provider is a parameter of. The engine compares a plug-in's version with the SDK's.
BRIDGE_VERSION = "1.1.1"
_TOKENS = {"neon": credentials.NEON_KEY, "cloudflare": credentials.CLOUDFLARE_TOKEN, "github": credentials.GITHUB_TOKEN}
_ENDPOINTS = {"cloudflare": "https://api.cloudflare.com/", "github": "https://api.github.com/"}


class Session(provider_pb2_grpc.ResourceProviderServicer):
    """One package's face towards the engine, without its resources."""

    def __init__(self, name: str, package: ModuleType, world: World, version: str = "") -> None:
        """Serve a package.

        Args:
            name: The package's name.
            package: One of `sandbox.providers.{neon,cloudflare,github,random}`.
            world: The clouds' state.
            version: What to report as the plug-in's version; the package's own unless given.
        """
        self._name = name
        self._package = package
        self._world = world
        self.version = version or package.PACKAGE_VERSION
        self._resources: dict[str, Resource] = {resource.type_name: resource for resource in package.RESOURCES}
        self._caller = Caller(world, SERVICES[name]) if name in SERVICES else None
        self._owner = ""

    def Handshake(self, request: Any, context: Any) -> provider_pb2.ProviderHandshakeResponse:
        """Take values in clear: the engine then marks as secret again what was secret before."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Empty:
        """Accept the engine; nothing here calls it back."""
        return Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        """Tell the version."""
        return plugin_pb2.PluginInfo(version=self.version)

    def Parameterize(self, request: Any, context: Any) -> provider_pb2.ParameterizeResponse:
        """Become the one package this bridge is there for; refuse another provider or version."""
        asked = (request.value.name, request.value.version)
        if asked != (self._name, self._package.PACKAGE_VERSION):
            self._unimplemented(context, f"provider {asked[0]} {asked[1]} behind the Terraform bridge")
        return provider_pb2.ParameterizeResponse(name=asked[0], version=asked[1])

    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """Refuse provider settings that are unknown, or that point somewhere else."""
        news = decode(request.news)
        failures = [
            provider_pb2.CheckFailure(property=name, reason="unknown or not implemented in the sandbox")
            for name in sorted(news.keys() - {*self._package.CONFIG, "version", "__internal"})
        ]
        endpoint = _ENDPOINTS.get(self._name, "")
        if not str(news.get("baseUrl", endpoint)).startswith(endpoint):
            reason = f"this endpoint would receive the calls meant for {endpoint}; unset it"
            failures.append(provider_pb2.CheckFailure(property="baseUrl", reason=reason))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Take new credentials without replacing anything."""
        same = decode(request.olds) == decode(request.news)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        )

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        """Remember the owner, and whether an explicit credential is one that the clouds take."""
        args = decode(request.args)
        self._owner = str(args.get("owner", ""))
        if self._caller is not None:
            given = [args[name] for name in self._package.CREDENTIALS if args.get(name)]
            self._caller.refused = any(value not in {_TOKENS[self._name], UNKNOWN} for value in given)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Empty:
        """End calls that hang."""
        if self._caller is not None:
            self._caller.cancel()
        return Empty()

    def _unimplemented(self, context: Any, what: str) -> NoReturn:
        message = f"{what} is not implemented in the sandbox"
        context.abort(grpc.StatusCode.UNIMPLEMENTED, message)
        raise NotImplementedError(message)
