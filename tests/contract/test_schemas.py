"""Stand-ins and program against provider schemas, where there are any: see `tests.contract.schemas`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import schemas
from tests.contract.registrations import VARIANTS, run
from tests.contract.test_program import BROKEN, OURS
from tests.contract.test_stand_ins import KINDS, RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sandbox.providers.resource import Resource
    from sandbox.providers.schema import Field
    from tests.unit.program import Registered

_FOLDER = schemas.directory()
if _FOLDER is None:
    pytest.skip("no provider schemas here: PROVIDER_SCHEMAS names a directory of them", allow_module_level=True)
# Of a directory that was named and is not whole, this fails for the whole module.
SCHEMAS = schemas.load(_FOLDER)
DECLARED = [(found, declared) for found in RESOURCES if (declared := schemas.resource(SCHEMAS, found.type_name))]

# A schema may say more than holds for the pinned version: x-tf of Neon's Project covers 0.13.0 as well.
REPLACED_BEFORE = {("neon:index/project:Project", "enableLogicalReplication")}

by_type = pytest.mark.parametrize(
    ("resource", "declared"), DECLARED, ids=[resource.type_name for resource, _ in DECLARED]
)


# The stand-ins


def test_every_stand_in_of_an_account_is_compared() -> None:
    compared = {resource.type_name for resource, _ in DECLARED}
    assert compared >= {r.type_name for r in RESOURCES if r.type_name.partition(":")[0] in schemas.PACKAGES}
    assert any(schemas.replacing(declared) for _, declared in DECLARED)


@by_type
def test_inputs_are_those_of_the_schema(resource: Resource, declared: dict[str, Any]) -> None:
    required = declared.get("requiredInputs") or []
    _compare_declared(resource.inputs, declared["inputProperties"], required, declared["types"], resource.type_name)
    assert set(declared["properties"]) | set(declared["inputProperties"]) == resource.whole.members.keys()


@by_type
def test_secrets_are_those_of_the_schema(resource: Resource, declared: dict[str, Any]) -> None:
    here = {path for path, spec in _paths(resource.whole.members) if spec.secret}
    patterns = schemas.secrets(declared)
    known = {path for path, _ in _paths(resource.whole.members)}
    assert {path for path in here if not any(schemas.matches(path, pattern) for pattern in patterns)} == set()
    unmet = {pattern for pattern in patterns if not any(schemas.matches(path, pattern) for path in here)}
    # Below what the stand-ins refuse to take there is nothing to compare.
    assert {pattern for pattern in unmet if any(schemas.matches(path, pattern) for path in known)} == set()


@by_type
def test_what_replaces_is_what_the_schema_says(resource: Resource, declared: dict[str, Any]) -> None:
    there = schemas.replacing(declared) - {name for kind, name in REPLACED_BEFORE if kind == resource.type_name}
    if there:
        assert {name for name, spec in resource.inputs.items() if spec.replace} == there


@by_type
def test_defaults_enums_and_import_ids_are_the_sources(resource: Resource, declared: dict[str, Any]) -> None:
    source = declared["x-tf"]
    known = dict(_paths(resource.inputs))
    for pattern, default in source.get("defaults", {}).items():
        assert {spec.default for spec in _meant(known, pattern)} == {default}, pattern
    for pattern, values in source.get("enums", {}).items():
        assert {frozenset(spec.enum) for spec in _meant(known, pattern)} == {frozenset(values)}, pattern
    for name in source.get("ignoredAfterCreate", []):
        assert resource.inputs[name].frozen
    assert resource.forgets == source.get("deleteIsNoop", resource.forgets)
    assert resource.blind == source.get("readIsNoop", resource.blind)
    if "exactlyOneOf" in source:
        assert set(resource.one_of) == set(source["exactlyOneOf"])
    if "importId" in source:
        segments = (source["importId"] or "").replace(":", "/").split("/") if source["importId"] else []
        assert len(resource.import_id) == len(segments)
        assert not segments or resource.separator in source["importId"] or len(segments) == 1


def _compare_declared(
    fields: Mapping[str, Field], properties: dict[str, Any], required: list[str], types: dict[str, Any], where: str
) -> None:
    assert set(properties) == set(fields), where
    assert {name for name, spec in fields.items() if spec.required} == set(required), where
    for name, declared in properties.items():
        _compare_type(fields[name], declared, types, f"{where}.{name}")


def _compare_type(spec: Field, declared: dict[str, Any], types: dict[str, Any], where: str) -> None:
    if spec.kind == "unmodelled":
        return
    if "$ref" in declared:
        assert spec.kind == "object", where
        inner = schemas.target(types, declared)
        _compare_declared(spec.members, inner["properties"], inner.get("required") or [], types, where)
    elif declared["type"] in {"array", "object"}:
        assert spec.kind == {"array": "list", "object": "map"}[declared["type"]], where
        assert spec.element is not None
        _compare_type(spec.element, schemas.element(declared), types, f"{where}[]")
    else:
        assert spec.kind in KINDS[declared["type"]], where


def _paths(fields: Mapping[str, Field], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every property by its path; `[]` stands for a list's items and `*` for a free key."""
    for name, spec in fields.items():
        yield from _paths_of(spec, f"{prefix}{name}")


def _paths_of(spec: Field, path: str) -> Iterator[tuple[str, Field]]:
    yield path, spec
    if spec.element is not None:
        yield from _paths_of(spec.element, path + ("[]" if spec.kind == "list" else ".*"))
    yield from _paths(spec.members, f"{path}.")


def _meant(known: Mapping[str, Field], pattern: str) -> list[Field]:
    """Return the properties that a pattern means: at least one for each of its alternatives."""
    found = []
    for name in schemas.alternatives(pattern):
        hits = [spec for path, spec in known.items() if schemas.matches(path, name)]
        assert hits, name
        found += hits
    return found


# The program


def against_the_schema(registered: Registered) -> Iterator[str]:
    """Yield what the provider's schema says against a registration."""
    declared = None
    if not registered.type.startswith((*OURS, "pulumi:providers:")):
        declared = schemas.resource(SCHEMAS, registered.type)
    if declared is None:
        return
    yield from (f"{registered.name}.{problem}" for problem in schemas.problems(declared, registered.inputs))
    for path in schemas.given(registered.inputs):
        secret = any(schemas.matches(path, pattern) for pattern in schemas.secrets(declared))
        if secret and not _public(registered.inputs, path) and not _covered(path, registered.secrets):
            yield f"{registered.name}.{path}: not a secret"


def _covered(path: str, secrets: set[str]) -> bool:
    return any(path == secret or path.startswith((f"{secret}.", f"{secret}[")) for secret in secrets)


def _public(inputs: dict[str, Any], path: str) -> bool:
    """Tell whether the value is of a Pages variable of type plain_text: Cloudflare shows it to everybody."""
    *steps, last = path.split(".")
    value: Any = inputs
    for step in steps:
        value = value.get(step, {}) if isinstance(value, dict) else {}
    return last == "value" and value.get("type") == "plain_text"


@pytest.mark.parametrize("variant", VARIANTS)
def test_registrations_are_those_of_the_schema(variant: str) -> None:
    found = run(variant).resources
    assert any(schemas.resource(SCHEMAS, r.type) for r in found if r.type.partition(":")[0] in schemas.PACKAGES)
    assert [problem for registered in found for problem in against_the_schema(registered)] == []


def _breaks(path: str, value: Any) -> Callable[[Registered], object]:
    def apply(registered: Registered) -> None:
        *steps, last = path.split(".")
        place: Any = registered.inputs
        for step in steps:
            place = place[int(step)] if step.isdigit() else place[step]
        place[last] = value

    return apply


# Of what the SDKs' types find, what a schema tells as well; and what it alone tells.
FOUND_TOO = {
    "a key that is not there": "region_id: no such key",
    "a nested key that is not there": "bucket-cors.rules[0].allowed.method: no such key",
    "a missing key": "bucket.accountId: required",
    "a missing nested key": "envVars.PUBLIC_API_URL.type: required",
    "another kind": "storePassword: bool instead of string",
    "half a number": "waitTimer: float instead of integer",
    "a plain secret": "secret-FLY_API_TOKEN.value: not a secret",
}
BROKEN_FOR_SCHEMAS = {what: (*BROKEN[what][:2], said) for what, said in FOUND_TOO.items()} | {
    "a plain secret deep inside": (
        "pages-project",
        _breaks("deploymentConfigs.production.envVars.PUBLIC_API_URL.type", "secret_text"),
        "pages-project.deploymentConfigs.production.envVars.PUBLIC_API_URL.value: not a secret",
    ),
}
BROKEN_FOR_SOURCES = {
    "a value out of an enum": (
        "bucket-cors",
        _breaks("rules.0.allowed.methods", ["GET", "FETCH"]),
        "bucket-cors.rules[0].allowed.methods[1]: not one of GET",
    ),
    "two of which one is wanted": ("deployment-policy", _breaks("branchPattern", "main"), "exactly one of"),
}


@pytest.mark.parametrize("what", BROKEN_FOR_SCHEMAS)
def test_a_broken_registration_is_found(what: str) -> None:
    _found(*BROKEN_FOR_SCHEMAS[what])


if any(declared["x-tf"] for _, declared in DECLARED):

    @pytest.mark.parametrize("what", BROKEN_FOR_SOURCES)
    def test_what_only_the_sources_tell_is_found(what: str) -> None:
        _found(*BROKEN_FOR_SOURCES[what])


def _found(name: str, breaks: Callable[[Registered], object], said: str) -> None:
    registered = copy.deepcopy(run("production, delivered").one(name))
    assert list(against_the_schema(registered)) == []
    breaks(registered)
    assert any(said in problem for problem in against_the_schema(registered)), list(against_the_schema(registered))
