"""Call a stand-in provider as the engine does, without an engine: the servicer's methods with Python values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pulumi.runtime.proto import provider_pb2

from sandbox.providers.server import providers
from sandbox.providers.values import SECRET, SIGNATURE, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc
    from google.protobuf.struct_pb2 import Struct

    from sandbox.world.store import World

Properties = dict[str, Any]


class Refused(Exception):  # noqa: N818 -- it reads as what happened
    """An aborted call, as a gRPC client sees it."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Context:
    def abort(self, code: grpc.StatusCode, message: str) -> NoReturn:
        raise Refused(code, message)


class Face:
    """One attached package, configured, with the calls the engine makes in the order it makes them."""

    def __init__(self, world: World, package: str, **config: Any) -> None:
        self.provider = providers(world)[package]
        self.context = _Context()
        self.provider.Configure(provider_pb2.ConfigureRequest(args=encode(config)), self.context)

    def check(self, kind: str, news: Properties) -> tuple[Properties, dict[str, str]]:
        """Return the checked inputs and, by property, their problems."""
        request = provider_pb2.CheckRequest(urn=urn(kind), news=encode(news))
        response = self.provider.Check(request, self.context)
        return decode(response.inputs), {failure.property: failure.reason for failure in response.failures}

    def inputs(self, kind: str, news: Properties) -> Properties:
        """Return the checked inputs of a program that is right."""
        inputs, failures = self.check(kind, news)
        assert failures == {}
        return inputs

    def create(self, kind: str, news: Properties) -> tuple[str, Properties]:
        """Check and create; return id and state."""
        created = self._create(kind, news)
        return created.id, decode(created.properties)

    def secrets(self, kind: str, news: Properties) -> set[str]:
        """Create, and return the paths that the provider marks as secret."""
        return set(_secret_paths(self._create(kind, news).properties))

    def diff(self, kind: str, state: Properties, news: Properties, ignore: Iterable[str] = ()) -> dict[str, str]:
        """Check, and return the kind of each difference by property path."""
        inputs = self.inputs(kind, news)
        request = provider_pb2.DiffRequest(urn=urn(kind), olds=encode(state), news=encode(inputs), ignoreChanges=ignore)
        response = self.provider.Diff(request, self.context)
        assert (response.changes == provider_pb2.DiffResponse.DIFF_SOME) == bool(response.diffs)
        named = {path: provider_pb2.PropertyDiff.Kind.Name(item.kind) for path, item in response.detailedDiff.items()}
        return named or dict.fromkeys(response.diffs, "unnamed")

    def update(self, kind: str, identity: str, state: Properties, news: Properties) -> Properties:
        """Check and update; return the new state."""
        inputs = encode(self.inputs(kind, news))
        request = provider_pb2.UpdateRequest(id=identity, urn=urn(kind), olds=encode(state), news=inputs)
        return decode(self.provider.Update(request, self.context).properties)

    def refresh(
        self, kind: str, identity: str, state: Properties, inputs: Properties | None = None
    ) -> tuple[Properties, Properties] | None:
        """Return the present state and inputs; None where the resource is gone."""
        return self._read(kind, identity, state, inputs or {})

    def adopt(self, kind: str, identity: str) -> tuple[Properties, Properties]:
        """Import; return state and inputs."""
        found = self._read(kind, identity, {}, {})
        assert found is not None
        return found

    def delete(self, kind: str, identity: str, state: Properties) -> None:
        """Delete."""
        request = provider_pb2.DeleteRequest(id=identity, urn=urn(kind), properties=encode(state))
        self.provider.Delete(request, self.context)

    def invoke(self, function: str, args: Properties) -> Properties:
        """Call a function."""
        request = provider_pb2.InvokeRequest(tok=function, args=encode(args))
        return decode(getattr(self.provider.Invoke(request, self.context), "return"))

    def _create(self, kind: str, news: Properties) -> Any:
        inputs = encode(self.inputs(kind, news))
        request = provider_pb2.CreateRequest(urn=urn(kind), properties=inputs)
        return self.provider.Create(request, self.context)

    def _read(
        self, kind: str, identity: str, state: Properties, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        request = provider_pb2.ReadRequest(id=identity, urn=urn(kind), properties=encode(state), inputs=encode(inputs))
        found = self.provider.Read(request, self.context)
        return (decode(found.properties), decode(found.inputs)) if found.id else None


def urn(kind: str) -> str:
    """Return a URN of the type."""
    return f"urn:pulumi:dev::relay::relay:infra:Part${kind}::thing"


def _secret_paths(struct: Struct, path: str = "") -> Iterable[str]:
    for name, value in struct.fields.items():
        here = f"{path}.{name}" if path else name
        if value.WhichOneof("kind") == "struct_value":
            inner = value.struct_value
            if inner.fields[SIGNATURE].string_value == SECRET:
                yield here
            else:
                yield from _secret_paths(inner, here)
