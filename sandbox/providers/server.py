"""Serve resources to the engine over the tables and the models: one server per attached package."""

# ruff: noqa: N802 -- gRPC names the methods and gives each a context

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from sandbox.providers import cloudflare, github, neon, random
from sandbox.providers.calls import SERVICES, repeated
from sandbox.providers.connection import Connection
from sandbox.providers.resource import At, Resource
from sandbox.providers.schema import changes, conceal, fill, problems, project
from sandbox.providers.values import UNKNOWN, Properties, decode, encode
from sandbox.world.calls import once
from sandbox.world.errors import CloudError
from sandbox.world.store import Document, Transaction, World

# The bridge that Neon's provider is a parameter of. The engine compares a plug-in's version with the SDK's.
BRIDGE_VERSION = "1.1.1"


class Provider(Connection):
    """Check, compare, make, read, change and delete the resources of one package."""

    @cached_property
    def _resources(self) -> dict[str, Resource]:
        return {resource.type_name: resource for resource in self._package.RESOURCES}

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """Refuse inputs that the table or the real provider's validation refuses; fill in defaults."""
        resource = self._resource(request.urn, context)
        given = decode(request.news)
        found = list(problems(resource.program, given))
        inputs = fill(resource.program, given)
        one_of = [name for name in resource.one_of if name in inputs]
        if not found and resource.one_of and len(one_of) != 1:
            named = ", ".join(resource.one_of)
            found = [(resource.one_of[0], f"set exactly one of {named}; found {', '.join(one_of) or 'none'}")]
        refused = found or resource.check(inputs)
        failures = [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in refused]
        return provider_pb2.CheckResponse(inputs=encode(conceal(resource.program, inputs)), failures=failures)

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Compare the program with the state, as Terraform does, whatever the old inputs were."""
        resource = self._resource(request.urn, context)
        state, inputs = decode(request.olds), decode(request.news)
        found = changes(resource.program, state, inputs)
        for name in resource.replaced_by(state, inputs) & found.keys():
            found[name] += "_REPLACE"
        found = {path: kind for path, kind in found.items() if not _ignored(path, request.ignoreChanges)}
        kinds, item = provider_pb2.DiffResponse, provider_pb2.PropertyDiff

        def named(path: str, kind: str) -> bool:
            return kind == "ADD" or not re.fullmatch(resource.unnamed, path)

        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if found else kinds.DIFF_NONE,
            diffs=sorted({path.partition(".")[0].partition("[")[0] for path in found}),
            replaces=sorted(path for path, kind in found.items() if kind.endswith("_REPLACE")),
            hasDetailedDiff=True,
            detailedDiff={path: item(kind=item.Kind.Value(kind)) for path, kind in found.items() if named(path, kind)},
        )

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        """Create the resource; at preview, return its future properties."""
        resource = self._resource(request.urn, context)
        inputs = decode(request.properties)
        if request.preview:
            computed = [name for name, spec in resource.whole.members.items() if spec.computed]
            planned = {**dict.fromkeys([*computed, *resource.outputs], UNKNOWN), **inputs}
            return provider_pb2.CreateResponse(properties=_encoded(resource, planned))
        state = self._reach(context, resource, "create", inputs, partial(resource.create, inputs=inputs))
        identity = resource.identity(state)
        return provider_pb2.CreateResponse(id=identity, properties=_encoded(resource, {**state, "id": identity}))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """Read for a refresh, or, given only an id, for an import."""
        resource = self._resource(request.urn, context)
        known = decode(request.properties)
        importing = not known
        try:
            before = resource.locate(request.id) if importing else {**known, "id": request.id}
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"importing {resource.type_name}: {error}")
            raise
        state = before
        if not resource.blind:
            effect = partial(resource.read, state=before)
            state = self._reach(context, resource, "read", before, effect, gone_is_fine=not importing)
            if not state:
                return provider_pb2.ReadResponse()
        inputs = {name: state[name] for name in resource.inputs if name in state}
        if not importing:
            inputs = project(resource.program, decode(request.inputs), state)
        identity = resource.identity(state)
        properties = _encoded(resource, {**state, "id": identity})
        return provider_pb2.ReadResponse(id=identity, properties=properties, inputs=_encoded(resource, inputs))

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        """Change the resource in place; at preview, return its future properties."""
        resource = self._resource(request.urn, context)
        state, inputs = {**decode(request.olds), "id": request.id}, decode(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_encoded(resource, {**state, **inputs}))
        changed = sorted(changes(resource.program, state, inputs))
        effect = partial(resource.update, state=state, inputs=inputs)
        state = self._reach(context, resource, "update", {**state, **inputs}, effect, changed=changed)
        return provider_pb2.UpdateResponse(properties=_encoded(resource, {**state, "id": request.id}))

    def Delete(self, request: Any, context: Any) -> Empty:
        """Delete the resource, where the real provider does."""
        resource = self._resource(request.urn, context)
        state = {**decode(request.properties), "id": request.id}
        if not resource.forgets:
            effect = partial(resource.delete, state=state)
            self._reach(context, resource, "delete", state, effect, gone_is_fine=resource.lenient_delete)
        return Empty()

    def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:
        """Answer a function of the package."""
        functions = getattr(self._package, "FUNCTIONS", {})
        if request.tok not in functions:
            self._unimplemented(context, f"function {request.tok}")
        args = decode(request.args)
        operation, answer_of = functions[request.tok]
        try:
            found = self._call(operation, args, lambda tx: answer_of(tx, args))
        except CloudError as error:
            self._fail(context, f"calling {request.tok}", error)
        # `return` is a keyword, so the field cannot be named in a call.
        answer: dict[str, Any] = {"return": encode(found)}
        return provider_pb2.InvokeResponse(**answer)

    def _call(self, operation: str, detail: Document, effect: Callable[[Transaction], Properties]) -> Properties:
        attempt = partial(once, self._world, self._name, operation, detail, effect, stopping=self._stopping)
        return repeated(SERVICES[self._name], attempt, self._stopping)

    def _resource(self, urn: str, context: Any) -> Resource:
        token = urn.split("::")[2].rpartition("$")[2]
        if token not in self._resources:
            self._unimplemented(context, f"resource type {token}")
        return self._resources[token]

    def _reach(
        self,
        context: Any,
        resource: Resource,
        verb: str,
        about: Properties,
        effect: Callable[[At], Document | None],
        *,
        changed: Sequence[str] = (),
        gone_is_fine: bool = False,
    ) -> Properties:
        """Make a call to the service; return the new state, or nothing where the resource is gone."""
        keys = (*resource.import_id, *(name for name, spec in resource.inputs.items() if spec.replace), "name")
        names = {name: about[name] for name in keys if isinstance(about.get(name), str | int)}

        def carried_out(tx: Transaction) -> Properties:
            at = At(tx, self._owner)
            found = effect(at)
            return {} if found is None else resource.shown(at, found, about)

        detail = names | ({"changed": changed} if changed else {})
        try:
            return self._call(f"{resource.label}.{verb}", detail, carried_out)
        except CloudError as error:
            if error.status == 404 and gone_is_fine:
                return {}
            named = ", ".join(f"{name} {value}" for name, value in names.items())
            self._fail(context, f"{verb} of {resource.type_name} ({named})", error)


def providers(world: World) -> dict[str, Provider]:
    """Return the servers by the name under which the engine attaches to them."""
    return {
        "terraform-provider": Provider("neon", neon, world, BRIDGE_VERSION),
        "cloudflare": Provider("cloudflare", cloudflare, world),
        "github": Provider("github", github, world),
        "random": Provider("random", random, world),
    }


def _encoded(resource: Resource, properties: Properties) -> Any:
    """Return properties for the engine. A state's include the id: Pulumi's bridge reads it from the outputs."""
    return encode(conceal(resource.whole, properties))


def _ignored(path: str, patterns: Sequence[str]) -> bool:
    return any(path == pattern or path.startswith((f"{pattern}.", f"{pattern}[")) for pattern in patterns)
