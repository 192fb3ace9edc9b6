"""The ResourceProvider protocol over the tables and the models: one server per attached package."""

# ruff: noqa: N802, PLR0917 -- gRPC names the methods; context travels through every helper

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty

from sandbox.clouds.errors import CloudError
from sandbox.providers import account_token, cloudflare, github, neon, random
from sandbox.providers.schema import Change, changes, conceal, fill, problems, project
from sandbox.providers.session import BRIDGE_VERSION, Session
from sandbox.providers.values import UNKNOWN, Properties, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi.runtime.proto import provider_pb2

    from sandbox.providers.resource import Resource
    from sandbox.world import World
else:
    from sandbox.providers.proto import provider_pb2

_DIFF = provider_pb2.PropertyDiff
_KINDS = {
    ("add", False): _DIFF.ADD,
    ("add", True): _DIFF.ADD_REPLACE,
    ("update", False): _DIFF.UPDATE,
    ("update", True): _DIFF.UPDATE_REPLACE,
    ("delete", False): _DIFF.DELETE,
    ("delete", True): _DIFF.DELETE_REPLACE,
}


class Provider(Session):
    """One package's resources and functions, after `Session` has started it."""

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """Refuse what the table or the real provider's validation refuses; fill in defaults and names."""
        resource = self._resource(request.urn, context)
        given, olds = decode(request.news), decode(request.olds)
        if resource.autoname and not given.get(resource.autoname):
            suffix = hashlib.sha256(request.randomSeed or request.urn.encode()).hexdigest()[:7]
            given[resource.autoname] = olds.get(resource.autoname) or f"{request.urn.rpartition('::')[2]}-{suffix}"
        found = list(problems(resource.inputs, given))
        inputs = fill(resource.inputs, given)
        if not found:
            found = [*self._one_of(resource, inputs), *resource.check(inputs)]
        failures = [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in found]
        return provider_pb2.CheckResponse(inputs=encode(conceal(resource.inputs, inputs)), failures=failures)

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Compare the program with the state, as Terraform does; the old inputs do not count."""
        resource = self._resource(request.urn, context)
        state, inputs = decode(request.olds), decode(request.news)
        found = changes(resource.inputs, state, inputs)
        if found:
            with self._world.transaction() as tx:
                for name in resource.replaced_by(tx, self._owner, state, inputs) & found.keys():
                    found[name] = Change(found[name].kind, replace=True)
        found = {path: change for path, change in found.items() if not _ignored(path, request.ignoreChanges)}
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({path.partition(".")[0].partition("[")[0] for path in found}),
            replaces=sorted(path for path, change in found.items() if change.replace),
            hasDetailedDiff=True,
            detailedDiff={
                path: _DIFF(kind=_KINDS[change.kind, change.replace], inputDiff=False) for path, change in found.items()
            },
        )

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        """Make the thing; at preview, say which properties it will then have."""
        resource = self._resource(request.urn, context)
        inputs = decode(request.properties)
        if request.preview:
            unknown = {name: UNKNOWN for name, spec in resource.fields.items() if spec.computed}
            planned = {**unknown, **dict.fromkeys(resource.outputs, UNKNOWN), **inputs}
            return provider_pb2.CreateResponse(properties=encode(conceal(resource.fields, planned)))
        state = self._call(resource, "create", inputs, context, lambda tx: resource.create(tx, self._owner, inputs))
        return provider_pb2.CreateResponse(id=resource.identity(state), properties=self._shown(resource, state))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """Read for a refresh, or, with nothing but an id, for an import."""
        resource = self._resource(request.urn, context)
        old_inputs = decode(request.inputs)
        state = {**decode(request.properties), "id": request.id}
        importing = len(state) == 1
        if importing:
            state = self._locate(resource, request.id, context)
        if not resource.blind:
            before = state
            try:
                state = self._caught(resource, "read", state, lambda tx: resource.read(tx, self._owner, before))
            except CloudError as error:
                if error.status != 404 or importing:
                    self._fail(context, f"reading {resource.type_name} {request.id}", error)
                return provider_pb2.ReadResponse()
        if importing:
            inputs = {name: state[name] for name in resource.inputs if name in state}
        else:
            inputs = {
                name: project(resource.inputs[name], value, state[name])
                for name, value in old_inputs.items()
                if name in resource.inputs and name in state
            }
        return provider_pb2.ReadResponse(
            id=resource.identity(state),
            properties=self._shown(resource, state),
            inputs=encode(conceal(resource.inputs, inputs)),
        )

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        """Change the thing in place; at preview, say what it will look like."""
        resource = self._resource(request.urn, context)
        state, inputs = {**decode(request.olds), "id": request.id}, decode(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=self._shown(resource, {**state, **inputs}))
        changed = sorted(changes(resource.inputs, state, inputs))
        state = self._call(
            resource, "update", state, context, lambda tx: resource.update(tx, self._owner, state, inputs), changed
        )
        return provider_pb2.UpdateResponse(properties=self._shown(resource, state))

    def Delete(self, request: Any, context: Any) -> Empty:
        """Take the thing away, where the real provider does."""
        resource = self._resource(request.urn, context)
        state = {**decode(request.properties), "id": request.id}
        if resource.forgets:
            return Empty()
        try:
            self._caught(resource, "delete", state, lambda tx: resource.delete(tx, self._owner, state))
        except CloudError as error:
            if error.status != 404 or not resource.lenient_delete:
                self._fail(context, f"deleting {resource.type_name} {request.id}", error)
        return Empty()

    def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:
        """Answer the one look-up the sandbox has."""
        if request.tok != account_token.PERMISSION_GROUPS or self._caller is None:
            self._unimplemented(context, f"function {request.tok}")
        args = decode(request.args)
        try:
            found = self._caller.call(
                "permission-groups.list", args, lambda tx: account_token.permission_groups(tx, args)
            )
        except CloudError as error:
            self._fail(context, f"calling {request.tok}", error)
        # `return` is a keyword, so the field cannot be named in a call.
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(found))
        return response

    def _resource(self, urn: str, context: Any) -> Resource:
        token = urn.split("::")[2].rpartition("$")[2]
        if token not in self._resources:
            self._unimplemented(context, f"resource type {token}")
        return self._resources[token]

    def _one_of(self, resource: Resource, inputs: Properties) -> Iterator[tuple[str, str]]:
        found = [name for name in resource.one_of if name in inputs]
        if resource.one_of and len(found) != 1:
            named = ", ".join(resource.one_of)
            yield resource.one_of[0], f"set exactly one of {named}; found {', '.join(found) or 'none'}"

    def _locate(self, resource: Resource, identity: str, context: Any) -> Properties:
        if not resource.import_id:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{resource.type_name} does not support import")
        try:
            return resource.locate(identity)
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"importing {resource.type_name}: {error}")
            raise

    def _call(
        self, resource: Resource, verb: str, about: Properties, context: Any, effect: Any, changed: Any = ()
    ) -> Any:
        try:
            return self._caught(resource, verb, about, effect, changed)
        except CloudError as error:
            named = ", ".join(f"{name} {value}" for name, value in _names(resource, about).items())
            self._fail(context, f"{verb} of {resource.type_name} ({named})", error)

    def _caught(self, resource: Resource, verb: str, about: Properties, effect: Any, changed: Any = ()) -> Any:
        if resource.label is None or self._caller is None:
            with self._world.transaction() as tx:
                return effect(tx)
        detail = {**_names(resource, about), **({"changed": list(changed)} if changed else {})}
        return self._caller.call(f"{resource.label}.{verb}", detail, effect)

    def _shown(self, resource: Resource, state: Properties) -> Any:
        shown = {name: value for name, value in state.items() if name != "id"}
        return encode(conceal(resource.fields, shown))

    def _fail(self, context: Any, doing: str, error: CloudError) -> NoReturn:
        code = f" ({error.code})" if error.code else ""
        context.abort(
            grpc.StatusCode.UNKNOWN, f"{doing}: {self._name}: {error.status or 'no answer'}: {error.message}{code}"
        )
        raise error


def providers(world: World) -> dict[str, Provider]:
    """Return the servers by the name under which the engine attaches to them."""
    return {
        "terraform-provider": Provider("neon", neon, world, BRIDGE_VERSION),
        "cloudflare": Provider("cloudflare", cloudflare, world),
        "github": Provider("github", github, world),
        "random": Provider("random", random, world),
    }


def _names(resource: Resource, about: Properties) -> dict[str, Any]:
    keys = {**dict.fromkeys(resource.import_id), **{n: None for n, s in resource.inputs.items() if s.replace}}
    return {name: about[name] for name in (*keys, "name") if isinstance(about.get(name), str | int)}


def _ignored(path: str, patterns: Any) -> bool:
    return any(path == pattern or path.startswith((f"{pattern}.", f"{pattern}[")) for pattern in patterns)
